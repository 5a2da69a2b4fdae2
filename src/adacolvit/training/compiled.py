"""What runs on a GPU, compiled by TorchInductor, which takes Triton."""

from collections.abc import Callable

import torch
from torch import nn
from torch.utils._triton import has_triton

from adacolvit.model.network import ColorizationViT


def compiles(device: torch.device) -> bool:
    """Whether it pays on ``device``: on processors compiling was slower than not."""
    return device.type == "cuda" and has_triton()


def compiled(network: nn.Module, **options) -> nn.Module:
    """A network whose parts are compiled; ``options``: as of ``torch.compile``.

    The blocks of an AdaColViT are one program with other weights: it is compiled once, for batches and grids of any
    size, where the whole network would be compiled for minutes. Of the others the whole is compiled.
    """
    if type(network) is not ColorizationViT:
        return torch.compile(network, **options)
    for block in network.blocks:
        for form in ("dense", "masked"):
            setattr(block, form, of_any_size(getattr(block, form), **options))
    return network


def of_any_size(function: Callable, **options) -> Callable:
    """A function on tensors, compiled once for all their sizes."""
    return torch.compile(function, dynamic=True, **options)
