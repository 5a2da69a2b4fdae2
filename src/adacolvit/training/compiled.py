"""What runs on a GPU, compiled by TorchInductor, which takes Triton."""

import torch
from torch import nn
from torch.utils._triton import has_triton

from adacolvit.model.network import ColorizationViT


def compiles(device: torch.device) -> bool:
    """Whether it pays on ``device``: on processors compiling was slower than not."""
    return device.type == "cuda" and has_triton()


def compiled(network: nn.Module, dynamic: bool = True, **options) -> nn.Module:
    """A network whose parts are compiled.

    The blocks of an AdaColViT are one program with other weights: it is compiled once, where the whole network would be
    compiled for minutes. Of other networks the whole is compiled. dynamic: for batches and grids of any size; for one
    size alone it takes a third of the time. ``options``: as of ``torch.compile``.
    """
    if type(network) is not ColorizationViT:
        return torch.compile(network, **options)
    for block in network.blocks:
        for form in ("dense", "masked"):
            setattr(block, form, torch.compile(getattr(block, form), dynamic=dynamic, **options))
    return network
