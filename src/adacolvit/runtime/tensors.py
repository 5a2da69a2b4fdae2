"""Tensors of a weights file, checked against its config; every way to execute a network takes them from here."""

import numpy as np

from adacolvit.errors import WeightsError
from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import table_shapes
from adacolvit.model.config import IN_CHANNELS
from adacolvit.weights import Weights


def tensor(weights: Weights, name: str, *shape: int) -> np.ndarray:
    """The tensor ``name``, float32. Raises WeightsError where it is missing, has another shape, or is not finite."""
    found = weights.tensors.get(name)
    if found is None or found.shape != shape:
        what = "is missing" if found is None else f"has shape {found.shape}"
        raise WeightsError(
            f"the weights {weights.name} do not match their config: {name} {what}, expected {shape}; "
            "fetch or publish them again"
        )
    if not np.isfinite(found).all():
        raise WeightsError(f"the weights {weights.name} are damaged: {name} is not finite; fetch or publish them again")
    return found


def embedding(weights: Weights) -> np.ndarray:
    """Weights of the patch embedding for inputs without gain: (C, 4, 16, 16) float32."""
    config = weights.config
    weight = tensor(weights, "patch_embed.weight", config.width, config.patch_values)
    weight = weight.reshape(config.width, IN_CHANNELS, PATCH, PATCH).copy()
    weight[:, 1:] *= config.hint_gain
    return weight


def tables(weights: Weights) -> dict[str, np.ndarray]:
    """What budgets add, by the names of :mod:`adacolvit.model.budget`; nothing where the network takes none."""
    return {name: tensor(weights, name, *shape) for name, shape in table_shapes(weights.config).items()}
