"""Attention within windows that shift from layer to layer: Liu et al., "Swin Transformer", ICCV 2021 (section 3.2).

Shapes: B images, h x w tokens, C channels, W windows of S x S tokens, G heads, d channels of a head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .parts import RelativeBias, attend


def to_windows(x: Tensor, side: int) -> Tensor:
    """x (B, h, w, C), h and w multiples of S -> (B, W, S * S, C)."""
    batch, rows, columns, channels = x.shape
    x = x.reshape(batch, rows // side, side, columns // side, side, channels).transpose(2, 3)
    return x.reshape(batch, -1, side * side, channels)


def from_windows(x: Tensor, rows: int, columns: int) -> Tensor:
    """The inverse of :func:`to_windows`: (B, W, S * S, C) -> (B, rows, columns, C)."""
    batch, _, area, channels = x.shape
    side = round(area**0.5)
    x = x.view(batch, rows // side, columns // side, side, side, channels).transpose(2, 3)
    return x.reshape(batch, rows, columns, channels)


def regions(rows: int, columns: int, side: int, shift: int, device) -> Tensor:
    """Which tokens may see each other: (W, S * S), equal numbers do.

    rows, columns: of the real grid. Padding below and right of it is a region of its own, and so is what the cyclic
    shift brings from the opposite border.
    """
    height, width = rows + -rows % side, columns + -columns % side
    real = F.pad(torch.ones(rows, columns, device=device), (0, width - columns, 0, height - rows))
    if shift:
        real = real.roll((-shift, -shift), (0, 1))
        down = (torch.arange(height, device=device) >= height - shift).float()
        across = (torch.arange(width, device=device) >= width - shift).float()
        real = real + 2 * down[:, None] + 4 * across
    return to_windows(real[None, :, :, None], side)[0, :, :, 0]


class WindowAttention(nn.Module):
    """Multi-head self-attention within windows, with relative position bias (Eq. 4 of Swin).

    shift: tokens by which the windows are shifted, up and left; on a grid of one window they are not.
    modulated: a learned vector is added at every place of a window before (Uformer's modulator).
    """

    def __init__(self, width: int, heads: int, side: int, shift: int, modulated: bool = False) -> None:
        super().__init__()
        self.heads, self.side, self.shift = heads, side, shift
        self.qkv = nn.Linear(width, 3 * width)
        self.bias = RelativeBias(heads, side)
        self.out = nn.Linear(width, width)
        # Three axes, as the bias table has.
        self.modulator = nn.Parameter(torch.empty(1, side * side, width)) if modulated else None
        if modulated:
            nn.init.trunc_normal_(self.modulator, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, h, w, C) -> the same."""
        batch, rows, columns, channels = x.shape
        side = self.side
        shift = self.shift if min(rows, columns) > side else 0
        x = F.pad(x, (0, 0, 0, -columns % side, 0, -rows % side))
        height, width = x.shape[1:3]
        if shift:
            x = x.roll((-shift, -shift), (1, 2))
        x = to_windows(x, side)  # B W SS C
        if self.modulator is not None:
            x = x + self.modulator
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(3, 0, 1, 4, 2, 5)  # 3 of B W G SS d
        bias = self.bias(side, side)
        if shift or (height, width) != (rows, columns):
            region = regions(rows, columns, side, shift, x.device)
            apart = region[:, :, None] != region[:, None, :]  # W SS SS
            bias = bias + torch.zeros_like(apart, dtype=x.dtype).masked_fill(apart, -torch.inf)[:, None]
        x = attend(q, k, v, bias).transpose(2, 3).reshape(batch, -1, side * side, channels)
        x = from_windows(self.out(x), height, width)
        if shift:
            x = x.roll((shift, shift), (1, 2))
        return x[:, :rows, :columns]
