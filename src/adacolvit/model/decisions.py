"""Decisions: which layers run and which patches get the full width, how they are sampled and counted in training."""

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass
class Decisions:
    """What was decided for a batch; floats in {0, 1}, with straight-through gradients while training.

    layers: (B, D, 2), 1 where the attention (index 0) or FFN (index 1) of a block runs.
    patches: (B, D, 2, N), 1 where a patch is more informative; means nothing where the layer is skipped.
    """

    layers: Tensor
    patches: Tensor

    def kept_patches(self) -> Tensor:
        """(B, D, 2) patches on the full path, 0 where the layer is skipped."""
        return (self.patches.sum(-1) * self.layers).round().long()


def gumbel_sigmoid(logits: Tensor, temperature: float, noise: float = 1.0, cut: float = 0.5) -> Tensor:
    """Sample hard gates in {0, 1} whose gradient is that of the relaxed ones (straight-through). Any shape.

    The difference of two Gumbel variables is logistic, so one uniform draw serves both classes. ``noise`` scales it:
    below 1, decisions in training come closer to those of inference, which has none. A gate is 1 above ``cut``.
    Computed in float32, whatever the logits are in: bfloat16 has 256 draws between 0 and 1, and gates of 0.996.
    """
    kind, logits = logits.dtype, logits.float()
    u = torch.rand_like(logits).clamp(1e-6, 1 - 1e-6)
    soft = torch.sigmoid((logits + noise * (torch.log(u) - torch.log1p(-u))) / temperature)
    return ((soft > cut).to(soft.dtype) + soft - soft.detach()).to(kind)


def threshold(logits: Tensor) -> Tensor:
    """Inference: sigmoid(logit) >= 0.5, as a float. Any shape."""
    return (logits >= 0).to(logits.dtype)


def processes() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def over_processes(mean: Tensor) -> Tensor:
    """A mean over this process's photos, as that over the photos of all processes, which have as many each. Any shape.

    The gradient stays that of this process's mean. Whatever is then made of the value, gradients averaged over
    processes, as DDP does, are those that one process with all photos has.
    """
    if processes() == 1:
        return mean
    whole = mean.detach().clone()
    dist.all_reduce(whole)
    return mean + (whole / processes() - mean.detach())
