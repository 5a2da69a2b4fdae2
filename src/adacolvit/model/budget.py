"""One network for any budget: what a wanted budget changes in the decisions.

A budget is the share of the dense network's multiply-accumulates that a photo may take in the mean. A network with K
knots, evenly from its least budget to 1, holds three tables of them: what is added to the policy token (K, C), to the
logits of the layers (K, D, 2) and to those of the patches (K, D, 2). Between two knots they are interpolated. So at any
one budget it is an AdaColViT like others, and costs what such a one costs. Free of torch.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from adacolvit.errors import BudgetError

from .config import ModelConfig

TABLES = ("budget_policy", "budget_layers", "budget_patches")  # names of the tensors


class Steering(NamedTuple):
    """What one budget adds. Arrays of NumPy, or tensors of torch."""

    policy: np.ndarray  # (C,) to the policy token
    layers: np.ndarray  # (D, 2) to the logits that keep attention and FFN
    patches: np.ndarray  # (D, 2) to the logits that make a patch more informative


def knots(config: ModelConfig) -> np.ndarray:
    """(K,) budgets of the tables' rows, rising."""
    return np.linspace(config.least_budget, 1.0, config.budget_knots)


def least_budget(config: ModelConfig) -> float | None:
    """The least that the network was trained for; None where it takes no budget."""
    return config.least_budget if config.budget_knots else None


def check_budget(config: ModelConfig, budget: float | None) -> float | None:
    """The budget that a call runs at: the wanted one, or where None was wanted the network's own, if it takes budgets.

    Less than the least that the network was trained for is taken as that. Raises BudgetError: not in 0..1, or the
    network takes none.
    """
    if budget is None:
        return config.budget if config.budget_knots else None
    if not 0 <= budget <= 1:
        raise BudgetError(f"a budget of {budget:g}: give a share of the dense network's cost, in 0..1")
    if not config.budget_knots:
        raise BudgetError(
            "this network was trained for one budget only: leave the budget out, or take a model for any, such as "
            "weights/tiny-any.safetensors of the repository"
        )
    return max(budget, config.least_budget)


def shares(config: ModelConfig, budget: float) -> np.ndarray:
    """(K,) float32 shares of the tables' rows at a budget: max(0, 1 - |budget - knot| / distance of knots), sum 1."""
    distance = (1.0 - config.least_budget) / (config.budget_knots - 1)
    return np.maximum(0.0, 1.0 - np.abs(budget - knots(config)) / distance).astype(np.float32)


def table_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shapes of the tables by their names; none where the network takes no budget."""
    if not config.budget_knots:
        return {}
    k, layers = config.budget_knots, (config.budget_knots, config.depth, 2)
    return dict(zip(TABLES, ((k, config.width), layers, layers), strict=True))


def steering(config: ModelConfig, tables: Mapping, budget: float) -> Steering:
    """What a budget adds. tables: the arrays or tensors named as in ``TABLES``."""
    row = shares(config, budget)

    def mixed(table):
        weights = row if isinstance(table, np.ndarray) else table.new_tensor(row)
        return (weights @ table.reshape(len(row), -1)).reshape(table.shape[1:])

    return Steering(*(mixed(tables[name]) for name in TABLES))
