"""The two sub-layers with soft pruning: a base part for all tokens, an extra part for the more informative ones.

Shapes: B images, T tokens (policy token first), K more informative ones, C channels, H heads, d channels of a part.
Each layer has two forms that compute the same function: ``forward`` with a mask, for batches, and ``gathered``, which
touches only the tokens it needs, for one image.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig, Widths

ALIGNED = 8  # tokens: rows of bfloat16 whose length is a multiple of 16 bytes take a GPU's fast products


def masked_softmax_attention(q: Tensor, k: Tensor, v: Tensor, keep: Tensor | None) -> Tensor:
    """Attention (B, H, T, d) of three (B, H, T, d); tokens with ``keep`` (B, T) = 0 are left out of the keys.

    ``softmax(s)_j keep_j / sum_i softmax(s)_i keep_i``: exactly attention among the kept ones, with a gradient to
    ``keep``. Written out, since the fused kernel has no such gradient, and on CPUs its backward is slower at a few
    hundred tokens.
    """
    if keep is None and q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)  # B H T T
    if keep is None:
        return scores.softmax(-1) @ v
    keep = keep[:, None, None, :]
    highest = scores.detach().masked_fill(keep == 0, -torch.inf).amax(-1, keepdim=True)
    weights = (scores - highest).clamp(max=0).exp() * keep  # the clamp binds on left-out keys only
    return (weights / weights.sum(-1, keepdim=True)) @ v


def aligned(x: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """x (B, T, C) and keep (B, T) with tokens that are left out added at the end, up to a multiple of ``ALIGNED``."""
    more = -x.shape[1] % ALIGNED
    return F.pad(x, (0, 0, 0, more)), F.pad(keep, (0, more))


class SplitLayer(nn.Module):
    """A sub-layer of two parts: what :meth:`narrow` and :meth:`wide` make of x is mapped by each part's last matrix."""

    out_base: nn.Linear
    out_extra: nn.Linear | None  # None: of one part

    def narrow(self, x: Tensor) -> Tensor:
        """What the base part's last matrix sees: x (B, T, C) -> (B, T, its inputs)."""
        raise NotImplementedError

    def wide(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """What the extra part's sees, which tokens with ``keep`` (B, T) = 0 have no part in; None: all have."""
        raise NotImplementedError

    def extra(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """What the extra part adds: x (B, T, C), keep (B, T) in {0, 1} or None for all -> (B, T, C)."""
        added = self.out_extra(self.wide(x, keep))
        return added if keep is None else added * keep[..., None]

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """x (B, T, C), keep (B, T) in {0, 1} or None for all -> (B, T, C)."""
        out = self.out_base(self.narrow(x))
        return out if self.out_extra is None else out + self.extra(x, keep)

    def gathered(self, x: Tensor, index: Tensor) -> Tensor:
        """x (1, T, C), index (K,) of the more informative tokens -> (1, T, C)."""
        out = self.out_base(self.narrow(x))
        if self.out_extra is not None:
            out[:, index] += self.extra(x[:, index], None)
        return out


class SplitAttention(SplitLayer):
    """Multi-head self-attention whose heads are split into base and extra channels (Eq. 8-10)."""

    def __init__(self, config: ModelConfig, base: Widths, extra: Widths) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv_base, self.out_base = self._part(config, base, bias=True)
        # The base part brings the bias.
        self.qkv_extra, self.out_extra = self._part(config, extra, bias=False) if extra.keys else (None, None)

    @staticmethod
    def _part(config: ModelConfig, widths: Widths, bias: bool) -> tuple[nn.Linear, nn.Linear]:
        inside = config.heads * (2 * widths.keys + widths.values)
        return nn.Linear(config.width, inside), nn.Linear(config.heads * widths.values, config.width, bias=bias)

    def attend(self, x: Tensor, part: str, keep: Tensor | None) -> Tensor:
        """x (B, T, C), attended by a part ("base", "extra") among tokens with ``keep`` (B, T) -> heads side by side."""
        qkv, out = getattr(self, f"qkv_{part}"), getattr(self, f"out_{part}")
        tokens, values = x.shape[1], out.in_features
        if keep is not None and x.is_cuda:
            x, keep = aligned(x, keep)
        keys = (qkv.out_features - values) // 2
        projected = qkv(x).split([keys, keys, values], -1)
        q, k, v = (each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in projected)  # B H T d
        attended = masked_softmax_attention(q, k, v, keep)[:, :, :tokens]
        return attended.transpose(1, 2).reshape(len(x), tokens, -1)  # B T Hd

    def narrow(self, x: Tensor) -> Tensor:
        """Base heads, attended among all tokens."""
        return self.attend(x, "base", None)

    def wide(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """Extra heads, attended among the tokens with ``keep``."""
        return self.attend(x, "extra", keep)


class SplitFFN(SplitLayer):
    """Feed-forward layer whose hidden channels are split; with everything kept it is the dense FFN exactly."""

    def __init__(self, config: ModelConfig, base: Widths, extra: Widths) -> None:
        super().__init__()
        self.in_base = nn.Linear(config.width, base.hidden)
        self.out_base = nn.Linear(base.hidden, config.width)
        self.in_extra = nn.Linear(config.width, extra.hidden) if extra.hidden else None
        self.out_extra = nn.Linear(extra.hidden, config.width, bias=False) if extra.hidden else None

    def narrow(self, x: Tensor) -> Tensor:
        """Base hidden units."""
        return F.gelu(self.in_base(x))

    def wide(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """Extra hidden units."""
        return F.gelu(self.in_extra(x))
