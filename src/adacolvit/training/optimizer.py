"""Muon for matrices, AdamW for everything else, and the learning-rate schedule."""

import math

import torch
import torch.distributed as dist
from torch import Tensor, nn

from adacolvit.errors import RecipeError
from adacolvit.model.budget import TABLES

from .precision import multiplies_bf16
from .recipe import Optimizer

# Quintic Newton-Schulz iteration towards the nearest orthogonal matrix; coefficients of Jordan et al., "Muon" (2024).
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5


def orthogonalize(matrices: Tensor) -> Tensor:
    """Nearly orthogonal matrices with the given ones' singular vectors. (M, R, C) -> (M, R, C), R <= C or not.

    In bfloat16 where that is multiplied faster: the iteration forgives it, as it forgives singular values near 1.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    if multiplies_bf16(x.device):
        x = x.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return (x.mT if tall else x).to(matrices.dtype)


def _shared_orthogonalize(matrices: Tensor) -> Tensor:
    """:func:`orthogonalize`, each process doing its share of the matrices (M, R, C)."""
    if not (dist.is_available() and dist.is_initialized()):
        return orthogonalize(matrices)
    share = slice(dist.get_rank(), None, dist.get_world_size())
    result = torch.zeros_like(matrices)
    if len(matrices[share]):
        result[share] = orthogonalize(matrices[share])
    dist.all_reduce(result)
    return result


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalized, matrices of one shape together.

    ``torch.optim.Muon`` iterates in bfloat16 everywhere, which costs four times as much as float32 on a processor that
    does not multiply it, and goes matrix by matrix; this one makes one batched product per shape.
    """

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for shape, params in by_shape.items():
                for p in params:
                    if "momentum" not in self.state[p]:
                        self.state[p]["momentum"] = torch.zeros_like(p)
                momenta, gradients = [self.state[p]["momentum"] for p in params], [p.grad for p in params]
                torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
                updates = torch._foreach_lerp(gradients, momenta, group["momentum"])  # Nesterov
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                updates = _shared_orthogonalize(torch.stack(updates)).unbind()
                torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(params, updates, alpha=-group["lr"] * scale)


def make_optimizers(network: nn.Module, settings: Optimizer) -> list[torch.optim.Optimizer]:
    """The optimizers of a run. Each group remembers its peak rate as ``peak``, for :func:`set_rate`.

    Raises RecipeError where the network lacks a layer that is to have a rate of its own.
    """
    matrices, fresh, decayed, plain, gates = [], [], [], [], []
    own_rate = tuple(f"blocks.{layer}." for layer in settings.fresh)
    for start in own_rate:
        if not any(name.startswith(start) for name, _ in network.named_parameters()):
            raise RecipeError(f"an optimizer has fresh {list(settings.fresh)}, not all of the network: write 4.ffn")
    for name, p in network.named_parameters():
        if ".decide_" in name:
            gates.append(p)
        elif settings.muon and name.startswith("blocks.") and p.ndim == 2:
            (fresh if name.startswith(own_rate) else matrices).append(p)
        elif p.ndim >= 2 and "token" not in name and name not in TABLES:
            decayed.append(p)
        else:
            plain.append(p)
    adam_groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
        {"params": gates, "weight_decay": 0.0, "lr": settings.gate_lr},
    ]
    fused = next(network.parameters()).device.type in ("cuda", "cpu")
    optimizers = [torch.optim.AdamW(adam_groups, lr=settings.lr, betas=(0.9, 0.95), fused=fused)]
    if matrices:
        optimizers.append(Muon(matrices, lr=settings.matrix_lr, weight_decay=settings.weight_decay))
    if fresh:
        optimizers.append(Muon(fresh, lr=settings.fresh_lr, weight_decay=settings.weight_decay))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def restore(optimizers: list[torch.optim.Optimizer], saved: list[dict]) -> None:
    """Take up what optimizers remembered in a checkpoint; rates, decay and momentum stay those they were made with.

    Raises RecipeError where they were made for other parameters.
    """
    try:
        for optimizer, state in zip(optimizers, saved, strict=True):
            settings = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
            optimizer.load_state_dict(state)
            for group, own in zip(optimizer.param_groups, settings, strict=True):
                group.update(own)
    except ValueError as error:
        raise RecipeError("the checkpoint is of other optimizers: set muon as it was, or begin with --init") from error


def rate(settings: Optimizer, sample: int, total: int) -> float:
    """Learning rate as a fraction of its peak: warm-up, constant, decay to zero."""
    warm = min(1.0, (sample + 1) / max(settings.warmup, 1))
    start = settings.decay_from * total
    left = 1.0 if sample <= start else max(0.0, (total - sample) / max(total - start, 1))
    return warm * (left if settings.decay == "linear" else (1 - math.cos(math.pi * left)) / 2)


def set_rate(optimizers: list[torch.optim.Optimizer], fraction: float) -> None:
    """Set every group to ``fraction`` of its peak rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * fraction
