"""What networks on patches share: patches of 16 x 16 px in, patches of color out.

Shapes as in :mod:`.network`.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adacolvit.hints.frame import PATCH

from .config import IN_CHANNELS, NORM_EPS, PAINTED

HEAD_DEVIATION = 1e-3  # of a head's weights at the start, so that training begins at gray, not at noise: 9 C inputs add


def initialize(module: nn.Module) -> None:
    """Initial weights of linear maps and convolutions, as in every ViT of this family."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def input_gain(hint_gain: float) -> Tensor:
    """(1, 4, 1, 1): what the input's channels are multiplied by, so that hints are not lost among 256 pixels."""
    return torch.tensor([1.0] + [hint_gain] * (IN_CHANNELS - 1)).view(1, IN_CHANNELS, 1, 1)


class PatchNetwork(nn.Module):
    """Base of networks whose tokens are patches. A subclass calls ``add_embedding``, adds its body, ``add_head``."""

    def add_embedding(self, width: int, hint_gain: float) -> None:
        """The linear map of 4 P^2 values to C channels."""
        self.patch_embed = nn.Linear(IN_CHANNELS * PATCH**2, width)
        self.register_buffer("input_gain", input_gain(hint_gain), persistent=False)

    def add_head(self, width: int, kernel: int, rank: int = 0) -> None:
        """LayerNorm, and a convolution over the token grid from C to 2 P^2 channels; then all weights are initialized.

        kernel: 3 for the local stabilizing head, 1 for a linear one.
        rank: r where the convolution has r channels, and each stands for so much of one of r pictures, which add up
            (``pictures``); 0 for one of full rank.
        """
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.head = nn.Conv2d(width, rank or PAINTED, kernel, bias=not rank)
        self.pictures = nn.Conv2d(rank, PAINTED, 1) if rank else nn.Identity()
        self.apply(initialize)
        nn.init.trunc_normal_((self.pictures if rank else self.head).weight, std=HEAD_DEVIATION)

    def embed_patches(self, x: Tensor, positions: np.ndarray | None = None) -> Tensor:
        """x (B, 4, H, W) -> tokens (B, N, C), row-major; positions: (N, C) float32 that are added to them."""
        batch, channels, height, width = x.shape
        rows, columns = height // PATCH, width // PATCH
        x = (x * self.input_gain).view(batch, channels, rows, PATCH, columns, PATCH)
        x = x.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, -1)  # B N 4PP
        z = self.patch_embed(x)
        if positions is None:
            return z
        return z + torch.from_numpy(positions).to(x.device, non_blocking=True)  # else a GPU's last step is waited for

    def paint(self, z: Tensor) -> Tensor:
        """A map of features (B, C, h, w) -> color (B, 2, H, W) in (-1, 1): a/110, b/110."""
        rows, columns = z.shape[2:]
        pad = self.head.kernel_size[0] // 2
        if pad:
            # Reflection needs a second row to reflect; a single one is repeated.
            z = F.pad(z, (pad, pad, 0, 0), mode="reflect" if columns > pad else "replicate")
            z = F.pad(z, (0, 0, pad, pad), mode="reflect" if rows > pad else "replicate")
        return F.pixel_shuffle(torch.tanh(self.pictures(self.head(z))), PATCH)

    def unembed_patches(self, z: Tensor, rows: int, columns: int) -> Tensor:
        """Tokens (B, N, C) -> color (B, 2, H, W) in (-1, 1): a/110, b/110."""
        return self.paint(self.norm(z).transpose(1, 2).reshape(len(z), -1, rows, columns))
