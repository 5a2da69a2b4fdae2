"""Small parts that several rivals share.

Shapes: B images, N tokens, C channels, G heads, d channels of a head, w side of a window.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FFN(nn.Module):
    """Two linear maps with GELU between. (..., C) -> (..., C)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, hidden)
        self.out = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.gelu(self.into(x)))


class RelativeBias(nn.Module):
    """What is added to the scores of attention for the offset from key to query, up to ``reach`` - 1 tokens each way.

    Offsets beyond that take the table's border.
    """

    def __init__(self, heads: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        # Three axes, so that the optimizer for matrices leaves it alone.
        self.table = nn.Parameter(torch.empty(heads, 2 * reach - 1, 2 * reach - 1))
        nn.init.trunc_normal_(self.table, std=0.02)

    def forward(self, rows: int, columns: int) -> Tensor:
        """(G, N, N) for the N = rows * columns tokens of a grid, row-major."""
        device, most = self.table.device, self.reach - 1
        down, across = torch.arange(rows, device=device), torch.arange(columns, device=device)
        down = (down[:, None] - down).clamp(-most, most) + most  # query, key
        across = (across[:, None] - across).clamp(-most, most) + most
        bias = self.table[:, down[:, None, :, None], across[None, :, None, :]]  # G rows columns rows columns
        return bias.reshape(len(self.table), rows * columns, rows * columns)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Attention (..., G, N, d) of three (..., G, N, d), ``bias`` added to the scores. Written out, to be counted."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1) + bias  # G N N
    return scores.softmax(-1) @ v
