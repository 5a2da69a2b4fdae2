"""Where one network for any budget begins: what it can best do without at each budget, measured as in :mod:`.gates`."""

from bisect import bisect_right

import numpy as np
import torch
from torch import Tensor

from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import knots
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost, layer_macs
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT

from .data import Batch
from .gates import firm, patch_gains, predict_gain, watched
from .loss import color_loss

FEWEST = 0.1  # of the patches: a layer that gives fewer their full width is better left out
EVERY = 6.0  # added to logits of unit deviation where every patch is to be kept
ROOT = 0.55  # between leaving out layers (0) and patches (1)
ROUNDS = 3  # of setting what patches a layer keeps, which changes what the next one sees


def _decision(network: ColorizationViT, block: int, layer: int) -> torch.nn.Linear:
    """The decision network of a layer's patches."""
    return (network.blocks[block].decide_attention, network.blocks[block].decide_ffn)[layer]


def _places(network: ColorizationViT) -> list[tuple[int, int]]:
    """All layers, in the order in which they run."""
    return [(block, layer) for block in range(network.config.depth) for layer in range(2)]


@torch.no_grad()
def cheapest_layers(network: ColorizationViT, batch: Batch) -> list[tuple[int, int]]:
    """All layers (block, 0 or 1), in the order in which they are best left out.

    Each is the one whose absence, beside those before it, raises the color loss least for what it saves.
    """
    config = network.config
    images, patches = len(batch.x), batch.x.shape[2] * batch.x.shape[3] // PATCH**2
    shape = config.depth, 2
    saved = torch.from_numpy(layer_macs(config, patches, np.ones(shape, bool), np.full(shape, patches)))
    layers, every_patch = torch.ones(images, *shape), torch.ones(images, *shape, patches)

    def loss() -> Tensor:
        result = network(batch.x, "masked", forced=Decisions(layers, every_patch))
        return color_loss(result["ab"], batch.target)

    before, order = loss(), []
    for _ in _places(network):
        losses = torch.full(shape, torch.inf)
        for block, layer in layers[0].nonzero().tolist():
            layers[:, block, layer] = 0
            losses[block, layer] = loss()
            layers[:, block, layer] = 1
        price = (losses - before) / saved
        best = divmod(int(price.argmin()), 2)
        order.append(best)
        layers[:, *best] = 0
        before = losses[best]
    return order


def kept_share(config: ModelConfig, patches: int, layers: np.ndarray, budget: float) -> float:
    """Which fraction of the patches, the same in each of the ``layers`` (D, 2) that run, makes up a budget; in 0..1."""

    def spent(kept: int) -> int:
        return cost(config, patches, layers, np.full((config.depth, 2), kept))

    most = bisect_right(range(1, patches + 1), budget * cost(config, patches), key=spent)
    return most / patches


def choose_directions(network: ColorizationViT, batch: Batch) -> None:
    """Logits of unit deviation for the patches of every layer, and none that depend on the photo for the layers.

    Decision networks that decide already keep their direction; the others begin as :func:`.gates.set_gates` has them.
    """
    with torch.enable_grad():
        tokens, gains = patch_gains(network, batch, torch.ones(network.config.depth, 2))
    for (block, layer), z in zip(_places(network), tokens, strict=True):
        decide = _decision(network, block, layer)
        if not decide.weight.any():
            weight, _ = predict_gain(z.flatten(0, 1), gains[:, block, layer].flatten(), 0.5)
            decide.weight.copy_(weight[None])
        decide.weight.div_(decide(z).std())
        decide.bias.zero_()
    for block in network.blocks:
        block.decide_layers.weight.zero_()
        block.decide_layers.bias.zero_()


def layers_for(
    config: ModelConfig, patches: int, order: list[tuple[int, int]], budget: float
) -> tuple[np.ndarray, float]:
    """Which layers run at a budget (D, 2), and the share of the patches that each of them keeps.

    Of the blocks' share f of their dense cost, f ** ROOT of the layers run, or fewer that keep enough.
    """
    once = cost(config, patches, np.zeros((config.depth, 2), bool)) / cost(config, patches)
    some = max(budget - once, 0.0) / (1 - once)
    runs, share = np.ones((config.depth, 2), bool), 0.0
    for number, place in enumerate((*order, None)):
        share = kept_share(config, patches, runs, budget)
        if place is None or (number >= round((1 - some**ROOT) * len(order)) and share >= FEWEST):
            break
        runs[place] = False
    return runs, share


@torch.no_grad()
def set_budgets(network: ColorizationViT, batch: Batch) -> None:
    """Set the decisions of a trained network for every knot of its budgets, on ``batch``."""
    network.eval()
    config = network.config
    choose_directions(network, batch)
    order = cheapest_layers(network, batch)
    for knot, budget in enumerate(knots(config)):
        runs, share = layers_for(config, batch.x.shape[2] * batch.x.shape[3] // PATCH**2, order, budget)
        network.budget_layers[knot] = firm(torch.from_numpy(runs).float())
        shift = network.budget_patches[knot]
        shift.fill_(EVERY)
        for _ in range(ROUNDS if share < 1 else 0):
            with watched(network) as seen:
                network(batch.x, "masked", budget=float(budget))
            for place, z in zip([place for place in _places(network) if runs[place]], seen, strict=True):
                shift[place] = -_decision(network, *place)(z).flatten().quantile(1 - share)
