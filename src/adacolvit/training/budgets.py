"""Where one network for any budget begins: what it can best do without at each budget, measured as in :mod:`.gates`.

Either every layer is measured anew (:func:`set_budgets`), or the decisions of a network that was trained for one budget
are those of the nearest knot, and the other knots leave out more or less than it does (:func:`set_budgets_around`).
"""

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
from .gates import everything, firm, patch_gains, predict_gain, watched
from .grow import pulls
from .loss import color_loss, executed_share
from .places import Place, clear, places

FEWEST = 0.1  # of the patches: a layer that gives fewer their full width is better left out
EVERY = 6.0  # deviations of the logits from their mean, beyond which no patch is expected
ROOT = 0.55  # between leaving out layers (0) and patches (1)
ROUNDS = 3  # of setting what patches a layer keeps, which changes what the next one sees
UNUSED = 0.05  # of the patches: an extra part that fewer have used is not what the others would need


def _leave_layers_to_budgets(network: ColorizationViT) -> None:
    """Let nothing but the budget decide which layers run."""
    for block in network.blocks:
        block.decide_layers.weight.zero_()
        block.decide_layers.bias.zero_()


@torch.no_grad()
def cheapest_layers(network: ColorizationViT, batch: Batch, decided: Decisions | None = None) -> list[Place]:
    """The layers that run, in the order in which they are best left out.

    Each is the one whose absence, beside those before it, raises the color loss least for what it saves.
    decided: what is left out to begin with, the same layers of every photo; None: nothing.
    """
    decided = decided or everything(network, batch)
    layers, kept = decided.layers.clone(), decided.patches.sum(-1).mean(0).round().long().numpy()
    shape = layers.shape[1:]
    saved = torch.from_numpy(layer_macs(network.config, decided.patches.shape[-1], np.ones(shape, bool), kept))

    def loss() -> Tensor:
        result = network(batch.x, "masked", forced=Decisions(layers, decided.patches))
        return color_loss(result["ab"], batch.target)

    before, order = loss(), []
    for _ in range(int(layers[0].sum())):
        losses = torch.full(shape, torch.inf)
        for place in places(network):
            if not layers[0, *place]:
                continue
            layers[:, *place] = 0
            losses[place] = loss()
            layers[:, *place] = 1
        price = (losses - before) / saved
        best = Place(*divmod(int(price.argmin()), 2))
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
    for place, z in zip(places(network), tokens, strict=True):
        _, _, decide = place.of(network)
        if not decide.weight.any():
            weight, _ = predict_gain(z.flatten(0, 1), gains[:, *place].flatten(), 0.5)
            decide.weight.copy_(weight[None])
        decide.weight.div_(decide(z).std())
        decide.bias.zero_()
    _leave_layers_to_budgets(network)


def left_out(config: ModelConfig, patches: int, budget: float, own: float = 1.0, running: int | None = None) -> int:
    """How many layers are left out at a budget, in 0 .. 2 D.

    Of the blocks' share f of what they cost where ``running`` of the layers make up the budget ``own``, all by default,
    f ** ROOT of those layers run.
    """
    once = cost(config, patches, np.zeros((config.depth, 2), bool)) / cost(config, patches)
    some = max(budget - once, 0.0) / (own - once)
    layers = 2 * config.depth
    return max(0, round(layers - (layers if running is None else running) * some**ROOT))


def layers_for(config: ModelConfig, patches: int, order: list[Place], budget: float) -> tuple[np.ndarray, float]:
    """Which layers run at a budget (D, 2), and the share of the patches that each of them keeps.

    As many are left out as :func:`left_out` says, or more, so that the others keep enough.
    """
    runs, share, least = np.ones((config.depth, 2), bool), 0.0, left_out(config, patches, budget)
    for number, place in enumerate((*order, None)):
        share = kept_share(config, patches, runs, budget)
        if place is None or (number >= least and share >= FEWEST):
            break
        runs[place] = False
    return runs, share


def _keep_shares(network: ColorizationViT, batch: Batch, knot: int, budget: float, shares: np.ndarray) -> None:
    """Let the layers that run at a knot, whose budget is given, keep their shares (D, 2) of the patches."""
    shift = network.budget_patches[knot]
    for _ in range(ROUNDS):
        with watched(network) as seen:
            runs = network(batch.x, "masked", budget=budget)["decisions"].layers[0]
        for place, z in zip([place for place in places(network) if runs[place]], seen, strict=True):
            _, _, decide = place.of(network)
            logits, share = decide(z).flatten(), shares[place]
            far = EVERY * logits.std()
            level = logits.quantile(1 - share) if 0 < share < 1 else logits.mean() + (far if share <= 0 else -far)
            shift[place] = -level


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
        network.budget_patches[knot] = EVERY
        _keep_shares(network, batch, knot, float(budget), np.full_like(runs, share, float))


@torch.no_grad()
def set_budgets_around(network: ColorizationViT, batch: Batch) -> None:
    """Set the decisions for every knot around those that a network trained for one budget takes, on ``batch``.

    At the budget that is its own cost it decides as before, but for layers that it skips for some photos alone: they
    run for all or for none. With less, layers are left out in the order of :func:`cheapest_layers`; with more, those
    that it skips run again, first the one that the loss pulls at hardest for its cost (:func:`.grow.pulls`), from last
    matrices of zero, since what they were has no use any more. Every layer keeps its own share of patches, scaled
    towards none or all as far as the budget goes.
    """
    network.eval()
    config = network.config
    decided = network(batch.x, "masked")["decisions"]
    runs = (decided.layers.mean(0) > 0.5).numpy()  # D 2
    decided = Decisions(torch.from_numpy(runs).float().expand_as(decided.layers), decided.patches)
    own = executed_share(decided, config).item()
    shares = decided.patches.mean((0, 3)).numpy() * runs
    for place in places(network):
        clear(network, place, base=not runs[place], extra=shares[place] < UNUSED)
    _leave_layers_to_budgets(network)

    patches = decided.patches.shape[-1]
    with torch.enable_grad():
        pulled = pulls(network, batch).numpy()
    worth = pulled / layer_macs(config, patches, np.ones_like(runs), np.full(runs.shape, patches))
    again = sorted((place for place in places(network) if not runs[place]), key=lambda place: worth[place])
    order = again + cheapest_layers(network, batch, decided)
    for knot, budget in enumerate(knots(config)):
        there = np.ones_like(runs)
        for place in order[: left_out(config, patches, budget, own, runs.sum())]:
            there[place] = False
        network.budget_layers[knot] = firm(torch.from_numpy(there).float())
        wanted = scaled_shares(config, patches, there, shares, float(budget))
        _keep_shares(network, batch, knot, float(budget), wanted)


def scaled_shares(config: ModelConfig, patches: int, runs: np.ndarray, shares: np.ndarray, budget: float) -> np.ndarray:
    """Shares of the patches that layers keep, (D, 2) in 0..1: the given ones, moved towards none or all up to a budget.

    runs: (D, 2), the layers that run. Every share becomes (1 + t) of itself where t < 0, and gains t of what it lacks
    where t > 0.
    """

    def moved(t: float) -> np.ndarray:
        return shares + t * (1 - shares) if t > 0 else shares * (1 + t)

    def spent(t: float) -> int:
        return cost(config, patches, runs, (moved(t) * patches).round().astype(int))

    steps = np.linspace(-1, 1, 4 * patches + 1)
    return moved(steps[max(0, bisect_right(steps, budget * cost(config, patches), key=spent) - 1)])
