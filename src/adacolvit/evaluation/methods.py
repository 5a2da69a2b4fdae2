"""What is measured: everything that turns lightness and hints into color, behind one small interface."""

from pathlib import Path
from typing import Protocol

import numpy as np

from adacolvit.colorizer import predict
from adacolvit.errors import BudgetError, MissingExtra, UsageError
from adacolvit.hints.encoder import encode_one
from adacolvit.model.budget import check_budget
from adacolvit.model.config import ModelConfig
from adacolvit.runtime.engine import Engine
from adacolvit.weights import Weights, load_weights

from .classical import Gray, Nearest


def _levin():
    try:
        from .levin import Levin  # a network is measured without scipy
    except ImportError as error:
        raise MissingExtra("scipy", "train") from error
    return Levin()


ALONE = "alone:"
BASELINES = {"gray": Gray, "nearest": Nearest, "levin": _levin}


class Method(Protocol):
    """A way to colorize. ``digest``: SHA-256 of the weights' file; "" where there are none."""

    name: str
    digest: str

    def predict(self, lightness, rows, columns, sizes, ab) -> tuple[np.ndarray, int | None]:
        """Color one photo.

        lightness: (H, W) float32, L in [0, 100], H and W multiples of 16, in network pixels.
        rows, columns, sizes: (K,) int64, top left corners and sides of the hints in network pixels; K may be 0.
        ab: (K, 2) float32, the hints' colors in Lab units.
        Returns ab (H, W, 2) float32 in Lab units, and the multiply-accumulates spent, None where they are not counted.
        """


def split_budget(model: str) -> tuple[str, float | None]:
    """``NAME_OR_FILE@BUDGET`` -> name or file, and the budget; None where none is named."""
    name, _, share = model.rpartition("@")
    try:
        return (name, float(share)) if name else (model, None)
    except ValueError:  # the @ belongs to the file's name
        return model, None


def at_budget(text: str, budget: float | None) -> str:
    """The inverse of :func:`split_budget`: a name, file or digest, and where there is one the budget behind it."""
    return text if budget is None else f"{text}@{budget:g}"


def _network(model: str, alone: bool):
    """A network as the product runs it, or in torch where the product has no use for it."""
    name, budget = split_budget(model)
    weights = load_weights(name, rivals=True)
    if isinstance(weights.config, ModelConfig):
        return Network(weights, alone, budget)
    if budget is not None:
        raise BudgetError(f"{name} is a network of the comparison, made for one budget only: leave out @{budget:g}")
    from .torch_network import TorchNetwork  # brings torch, which the product's networks do without

    return TorchNetwork.of_weights(weights, bare=alone)


class Network:
    """A network, run and refined as in the product, or alone."""

    def __init__(self, weights: Weights, alone: bool = False, budget: float | None = None) -> None:
        """``alone``: without refinement. ``budget``: see :func:`adacolvit.model.budget.check_budget`."""
        check_budget(weights.config, budget)
        self.name = at_budget(weights.name, budget) + (" alone" if alone else "")
        self.digest = weights.sha256
        self._alone, self._budget = alone, budget
        self._engine = Engine(weights, threads=1, precision="fp32")

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`Method`."""
        placed = rows, columns, sizes, ab
        if self._alone:
            predicted, decisions = self._engine.run(encode_one(lightness, *placed), budget=self._budget)
        else:
            predicted, decisions = predict(self._engine, lightness, placed, self._budget)
        return np.ascontiguousarray(predicted.transpose(1, 2, 0)), decisions.macs


def make_methods(models, baselines) -> list[Method]:
    """Networks in the order given, then baselines. Weights files that share a name are told apart by their folders'.

    A model written as "alone:NAME" is measured without the product's refinement, one as "NAME@0.4" at that budget.
    Raises UsageError for an unknown name, or one that is there twice.
    """
    methods = []
    for model in models:
        name = str(model)
        method = _network(name.removeprefix(ALONE), alone=name.startswith(ALONE))
        folders = list(Path(name.removeprefix(ALONE)).resolve().parts[1:-1])
        while folders and any(method.name == other.name for other in methods):
            method.name = f"{folders.pop()}/{method.name}"  # never the whole path, which is this machine's
        methods.append(method)
    for name in baselines:
        if name not in BASELINES:
            raise UsageError(f"there is no baseline named {name!r}: take some of {', '.join(BASELINES)}")
        methods.append(BASELINES[name]())
    names = [method.name for method in methods]
    if len(set(names)) < len(names):
        raise UsageError(f"two methods share a name in {', '.join(names)}: name each model and baseline once")
    return methods
