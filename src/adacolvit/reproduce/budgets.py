"""Which decisions make a network cost what is wanted, so that systems can be compared at one cost."""

from dataclasses import replace

import numpy as np

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.rivals.config import SelectionConfig

PATCHES = 196  # of a 224 x 224 photo
LAYERS = 0.7  # beta_2 where patches are chosen too; beta_1 then follows from the cost


def budget(config, gmacs: float | None) -> tuple[float, float]:
    """beta_2 and beta_1 of Eq. 13, the wanted means of layer and patch decisions, for a cost at 224 x 224.

    config: of any network; those without such decisions get 1, 1, as do those of which no cost is wanted.
    Raises RecipeError where the network cannot cost that.
    """
    select = config.select if isinstance(config, SelectionConfig) else "both"
    vit = config.backbone if isinstance(config, SelectionConfig) else config
    if gmacs is None or not isinstance(vit, ModelConfig) or not vit.adaptive:
        return 1.0, 1.0
    bare = cost(vit, PATCHES, np.zeros((vit.depth, 2), bool))

    def of(layers: float, kept: int) -> float:
        """MACs with that share of the layers, evenly of both kinds, and ``kept`` patches in each."""
        return bare + layers * (cost(vit, PATCHES, kept=np.full((vit.depth, 2), kept)) - bare)

    wanted = gmacs * 1e9
    if select == "layers":
        layers, kept = (wanted - bare) / (of(1.0, PATCHES) - bare), PATCHES
    else:
        layers = 1.0 if select == "patches" else LAYERS
        kept = min(range(PATCHES + 1), key=lambda count: abs(of(layers, count) - wanted))
    if not 0 < layers <= 1 or abs(of(layers, kept) / wanted - 1) > 0.01:
        raise RecipeError(f"this network cannot cost {gmacs} GMACs: choose between {of(layers, 0) / 1e9:.2f} and more")
    return layers, kept / PATCHES


def with_budget(config, layers: float, patches: float):
    """A network whose decisions are left to chance takes its budget from its config; others are as they are."""
    chance = isinstance(config, SelectionConfig) and config.select == "random"
    return replace(config, layers=layers, patches=patches) if chance else config
