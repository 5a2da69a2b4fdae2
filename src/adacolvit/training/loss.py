"""The losses: Huber on color, and the budget terms (Eq. 13)."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from adacolvit.hints.encoder import decode_ab, denormalize_lightness, normalize_ab
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost, sublayer_macs
from adacolvit.model.decisions import Decisions, over_processes, processes

from .data import Batch
from .recipe import Stage
from .refine import refine

# On ab/110: nearly L1, as in the authors' and iColoriT's code; the paper's 1 is on an unstated scale.
HUBER_DELTA = 0.01


# Added to a photo's mean squared error in ab/110 before its logarithm: an error of one Lab unit, which nobody sees.
LOG_FLOOR = 1e-4
LOG_SCALE = 2.5e-4  # of the logarithm, which makes its gradient about as long as that of the Huber loss


def color_loss(ab: Tensor, target: Tensor, log: float = 0.0) -> Tensor:
    """Huber loss over all pixels and both channels. (B, 2, H, W) a/110 and b/110, both -> scalar.

    log: the share that is instead the mean over photos of log(mean squared error), of which PSNR is made. There each
    photo counts by how much better it becomes, so that a stain on a nearly gray one is as bad as it looks.
    """
    loss = F.huber_loss(ab, target, delta=HUBER_DELTA)
    if not log:
        return loss
    errors = (ab - target).square().mean((1, 2, 3))
    return torch.lerp(loss, LOG_SCALE * torch.log(errors + LOG_FLOOR).mean(), log)


def color_losses(ab: Tensor, batch: Batch, refined: float, log: float = 0.0) -> tuple[Tensor, dict[str, Tensor]]:
    """:func:`color_loss` of the network alone and of the refined picture, mixed by the latter's share ``refined``.

    ab: (B, 2, H, W) a/110 and b/110. Returns the loss, and what is worth logging.
    """
    alone = color_loss(ab, batch.target, log)
    measured = {"color": alone.detach()}
    if not refined:
        return alone, measured
    lightness = denormalize_lightness(batch.x[:, :1])
    after = color_loss(normalize_ab(refine(lightness, decode_ab(ab), *batch.hints)), batch.target, log)
    return torch.lerp(alone, after, refined), measured | {"refined": after.detach()}


def kept(decisions: Decisions) -> tuple[Tensor, Tensor]:
    """Batch means of the decisions: (patches in kept layers, layers), scalars in [0, 1].

    Means over the batch, not per image: easy photos may then spend less than hard ones. The batch is that of all
    processes, see :func:`over_processes`.
    """
    layers = decisions.layers
    weight = layers.detach()  # what a patch of a skipped layer would have been means nothing
    running = over_processes(weight.sum()).clamp(min=1 / processes())
    patches = (decisions.patches.mean(-1) * weight).sum() / running
    return over_processes(patches), over_processes(layers.mean())


def budget_at(stage: Stage, done: float, before: Stage | None) -> tuple[float, float]:
    """Wanted means (patches, layers) when ``done`` of a stage is through: linearly from the stage before, or from 1."""
    start = (before.patches, before.layers) if before else (1.0, 1.0)
    t = min(done / stage.anneal, 1.0) if stage.anneal else 1.0
    return start[0] + t * (stage.patches - start[0]), start[1] + t * (stage.layers - start[1])


def executed_share(decisions: Decisions, config: ModelConfig) -> Tensor:
    """What a batch, of all processes, executes in the mean, as a share of the dense network's cost; scalar.

    As :func:`adacolvit.model.cost.cost` counts it, and with the decisions' gradients, see :func:`over_processes`.
    """
    patches = decisions.patches.shape[-1]
    each = torch.stack(sublayer_macs(config, patches, decisions.patches.sum(-1)), -1)  # B D 2
    varying = (decisions.layers * each).sum((1, 2)).mean()
    nothing = np.zeros((config.depth, 2), bool)
    return over_processes((cost(config, patches, nothing) + varying) / cost(config, patches))


def budget_loss(decisions: Decisions, wanted: tuple[float, float]) -> Tensor:
    """(mean(M_p) - beta_1)^2 + (mean(M_b) - beta_2)^2, Eq. 13."""
    patches, layers = kept(decisions)
    return (patches - wanted[0]) ** 2 + (layers - wanted[1]) ** 2
