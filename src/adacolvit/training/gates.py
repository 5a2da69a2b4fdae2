"""Where gates begin: a dense network is measured, and the decisions that cost it least are taken first.

Gates that all start open and are all pushed down by the same budget close at random, and the network is trained on
noise. So each layer is left out once, and those whose absence raises the loss least start skipped; and a patch starts
as more informative where the loss would miss the extra part most. Training goes on from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from adacolvit.hints.frame import PATCH
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import Block, ColorizationViT

from .data import Batch
from .loss import color_loss
from .places import places

FIRM = 2.0  # logit at which a layer's gate starts, in either direction: sigmoid(2) = 0.88
RIDGE = 1e-2  # of the mean square of the tokens, in the regression of what an extra part is worth


def everything(network: ColorizationViT, batch: Batch) -> Decisions:
    """Decisions that leave nothing out."""
    images, patches = len(batch.x), batch.x.shape[2] * batch.x.shape[3] // PATCH**2
    shape = images, network.config.depth, 2
    return Decisions(torch.ones(shape), torch.ones(*shape, patches))


@torch.no_grad()
def layer_losses(network: ColorizationViT, batch: Batch) -> Tensor:
    """(D, 2) color loss of the network with everything kept but that one layer."""
    decided, losses = everything(network, batch), torch.zeros(network.config.depth, 2)
    for place in places(network):
        decided.layers[:, *place] = 0
        result = network(batch.x, "masked", forced=decided)
        losses[place] = color_loss(result["ab"], batch.target)
        decided.layers[:, *place] = 1
    return losses


@torch.no_grad()
def regress(x: Tensor, y: Tensor) -> Tensor:
    """Ridge regression with an intercept: W (C, K), float64, of y - mean(y) = (x - mean(x)) W. x (M, C), y (M, K)."""
    x, y = ((part - part.mean(0)).double() for part in (x, y))
    gram = x.T @ x / len(x)
    gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    return torch.linalg.solve(gram, x.T @ y / len(x))


@torch.no_grad()
def predict_gain(z: Tensor, gain: Tensor, kept: float) -> tuple[Tensor, Tensor]:
    """A linear decision that keeps the tokens with most to gain.

    z (M, C) tokens, gain (M,) what the extra part is worth to each. Returns weight (C,) and bias () of a logit of unit
    deviation that is positive for the fraction ``kept`` of these tokens: ridge regression of the gain.
    """
    mean = z.mean(0)
    weight = regress(z, gain[:, None]).squeeze(1)
    logits = (z - mean).double() @ weight
    weight = weight / logits.std()
    logits = logits / logits.std()
    bias = -logits.quantile(1 - kept) - mean.double() @ weight
    return weight.float(), bias.float()


@contextmanager
def watched(network: ColorizationViT) -> Iterator[list[Tensor]]:
    """A list that fills with the patch tokens (B, N, C) which the decision of each layer that runs sees."""
    seen: list[Tensor] = []
    norms = [place.of(network)[0] for place in places(network)]
    hooks = [norm.register_forward_pre_hook(lambda _, args: seen.append(args[0][:, 1:].detach())) for norm in norms]
    yield seen
    for hook in hooks:
        hook.remove()


def patch_gains(network: ColorizationViT, batch: Batch, layers: Tensor) -> tuple[list[Tensor], Tensor]:
    """What the extra part is worth to every patch, to first order: - d loss / d gate with all patches kept.

    layers: (D, 2) in {0, 1}, the layers that run.
    Returns the patch tokens (B, N, C) that the decision of each running layer sees, and all gains (B, D, 2, N).
    """
    kept = everything(network, batch).patches.requires_grad_()
    with watched(network) as seen:
        result = network(batch.x, "masked", forced=Decisions(layers.expand(len(kept), -1, -1), kept))
    (gradient,) = torch.autograd.grad(color_loss(result["ab"], batch.target), kept)
    return seen, -gradient


def firm(runs: Tensor) -> Tensor:
    """Logits at which layers start: of those that run (1) and those that are skipped (0), any shape."""
    return FIRM * (2 * runs - 1)


@torch.no_grad()
def set_layers(block: Block, runs: Tensor) -> None:
    """Let attention and FFN of a block run or be skipped, (2,) in {0, 1}, whatever the photo."""
    block.decide_layers.weight.zero_()
    block.decide_layers.bias.copy_(firm(runs))


def set_gates(network: ColorizationViT, batch: Batch, layers: float, patches: float) -> None:
    """Set the decision networks of a dense-trained network so that they start at the budget.

    layers, patches: wanted means of the decisions (beta_2, beta_1), on ``batch``.
    """
    network.eval()
    losses = layer_losses(network, batch)
    runs = torch.ones(losses.numel())
    runs[losses.flatten().argsort()[: round((1 - layers) * losses.numel())]] = 0
    runs = runs.view_as(losses)
    tokens, gains = patch_gains(network, batch, runs)
    seen = iter(tokens)  # of the layers that run
    for block, run in zip(network.blocks, runs, strict=True):
        set_layers(block, run)
    for place in places(network):
        if not runs[place]:
            continue
        _, _, decide = place.of(network)
        weight, bias = predict_gain(next(seen).flatten(0, 1), gains[:, *place].flatten(), patches)
        decide.weight.data.copy_(weight[None])
        decide.bias.data.copy_(bias[None])
