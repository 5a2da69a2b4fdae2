"""iColoriT: Yun, Lee, Park and Choo, "iColoriT: Towards Propagating Local Hints to the Right Region in Interactive
Colorization by Leveraging Vision Transformer", WACV 2023 (arXiv 2207.06831).

A dense ViT on patches of 16 x 16 px. Positions enter twice: a fixed sine table of the token's number, and in every
block a learned bias of the relative offset. The head is a 3 x 3 convolution over the token grid (the "local stabilizing
layer") and a pixel shuffle. Details that the paper leaves out are those of its published checkpoints: no bias on the
keys, LayerNorm eps 1e-6, tanh at the end, a table for 14 x 14 tokens.
"""

import numpy as np
import torch
from torch import Tensor, nn

from adacolvit.hints.frame import PATCH
from adacolvit.model.config import NORM_EPS
from adacolvit.model.patches import PatchNetwork
from adacolvit.model.positions import SPAN, centered_origin

from .config import IColoriTConfig
from .parts import FFN, RelativeBias, attend

BASE = 10_000.0  # longest wavelength of the sine table, over 2 pi


def number_positions(rows: int, columns: int, width: int, origin=None) -> np.ndarray:
    """The sine table: (rows * columns, width) float32 of the token's number in a 14 x 14 grid, read row by row.

    Other grids are laid on that one, as in :func:`adacolvit.model.positions.sine_positions`, so a token's number may be
    a fraction. On 14 x 14 tokens it is the published table.
    """
    top, left = centered_origin(rows, columns) if origin is None else origin
    number = ((top + np.arange(rows))[:, None] * SPAN + left + np.arange(columns)).reshape(-1, 1)
    angles = number / BASE ** (2 * np.arange(width // 2) / width)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(number), width).astype(np.float32)


class Attention(nn.Module):
    """Multi-head self-attention with a relative position bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.bias = RelativeBias(heads, SPAN)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, rows: int, columns: int) -> Tensor:
        batch, tokens, _ = x.shape
        qkv = self.qkv(x) + torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        q, k, v = qkv.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # 3 of B G N d
        return self.out(attend(q, k, v, self.bias(rows, columns)).transpose(1, 2).reshape(batch, tokens, -1))


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.ffn = FFN(width, 4 * width)

    def forward(self, z: Tensor, rows: int, columns: int) -> Tensor:
        z = z + self.attention(self.norm1(z), rows, columns)
        return z + self.ffn(self.norm2(z))


class IColoriT(PatchNetwork):
    """The network; called as :func:`adacolvit.model.registry.build` says, in one mode only."""

    def __init__(self, config: IColoriTConfig) -> None:
        super().__init__()
        self.config = config
        self.add_embedding(config.width, config.hint_gain)
        self.blocks = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.depth))
        self.add_head(config.width, config.head_kernel)

    @torch.compiler.disable  # positions are NumPy's, and a compiled graph would be made anew for every origin
    def embed(self, x: Tensor, origin=None) -> Tensor:
        """x (B, 4, H, W) -> tokens (B, N, C). ``origin``: see :func:`number_positions`."""
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        return self.embed_patches(x, number_positions(rows, columns, self.config.width, origin))

    def forward(self, x: Tensor, mode: str = "dense", *, origin=None, **_) -> dict:
        """x (B, 4, H, W), H and W multiples of 16 -> {"ab": (B, 2, H, W), "decisions": None}."""
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        z = self.embed(x, origin)
        for block in self.blocks:
            z = block(z, rows, columns)
        return {"ab": self.unembed_patches(z, rows, columns), "decisions": None}
