"""Uformer: Wang et al., "Uformer: A General U-Shaped Transformer for Image Restoration", CVPR 2022 (arXiv 2106.03106).

Adapted from 3 -> 3 to 4 -> 2 channels, and without the sum of input and output, which are different things here. The
window is 7, since 224 px halved four times is 14 and not a multiple of 8. Width 8 is the Uformer-S of AdaColViT's
paper: 2.407 G multiply-accumulates, and 2.453 G with the five operations per normalized value that common counters add,
where the paper has 2.46. Its Uformer-T is not disclosed; width 4 stands for it, with as many heads as it has room for.

Shapes: B images, h x w pixels of a stage, C channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adacolvit.model.config import IN_CHANNELS, NORM_EPS, OUT_CHANNELS
from adacolvit.model.patches import HEAD_DEVIATION, initialize, input_gain

from .config import UformerConfig
from .windows import WindowAttention


class LeFF(nn.Module):
    """Locally-enhanced feed-forward network (section 3.2): a depthwise 3 x 3 convolution amid the hidden channels."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, hidden)
        self.near = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.out = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, h, w, C) -> the same."""
        x = F.gelu(self.into(x)).permute(0, 3, 1, 2)
        return self.out(F.gelu(self.near(x)).permute(0, 2, 3, 1))


class Block(nn.Module):
    """LeWin block (section 3.2); its windows are shifted in every second one."""

    def __init__(self, width: int, heads: int, config: UformerConfig, shifted: bool, modulated: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        shift = config.window // 2 if shifted else 0
        self.attention = WindowAttention(width, heads, config.window, shift, modulated)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.leff = LeFF(width, config.mlp_ratio * width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.leff(self.norm2(x))


def to_channels_last(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h, w, C)."""
    return x.permute(0, 2, 3, 1)


def to_channels_first(x: Tensor) -> Tensor:
    """(B, h, w, C) -> (B, C, h, w)."""
    return x.permute(0, 3, 1, 2)


class Uformer(nn.Module):
    """The network; called as :func:`adacolvit.model.registry.build` says, in one mode only."""

    def __init__(self, config: UformerConfig) -> None:
        super().__init__()
        self.config = config
        steps = len(config.depths) // 2
        down = [config.width * 2**i for i in range(steps)]
        bottom = config.width * 2**steps
        up = [2 * width for width in reversed(down)]  # what comes from below, and what was there on the way down
        self.register_buffer("input_gain", input_gain(config.hint_gain), persistent=False)
        self.into = nn.Conv2d(IN_CHANNELS, config.width, 3, padding=1)
        self.blocks = nn.ModuleList()
        for stage, (width, heads, depth) in enumerate(
            zip([*down, bottom, *up], config.heads, config.depths, strict=True)
        ):
            modulated = stage > steps  # modulators are for the way up (section 3.3)
            blocks = (Block(width, heads, config, i % 2 == 1, modulated) for i in range(depth))
            self.blocks.append(nn.Sequential(*blocks))
        self.sink = nn.ModuleList(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1) for width in down)
        below = [bottom, *up[:-1]]
        self.rise = nn.ModuleList(
            nn.ConvTranspose2d(width, beside // 2, 2, stride=2) for width, beside in zip(below, up, strict=True)
        )
        self.head = nn.Conv2d(up[-1], OUT_CHANNELS, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Linear):  # convolutions keep torch's own start, as published: these are narrow
                initialize(module)
        nn.init.trunc_normal_(self.head.weight, std=HEAD_DEVIATION)

    def forward(self, x: Tensor, mode: str = "dense", **_) -> dict:
        """x (B, 4, H, W), H and W multiples of 16 -> {"ab": (B, 2, H, W), "decisions": None}. Knows no positions."""
        # Residual streams are float32, as positions make those of the ViTs, whatever autocast does.
        x = to_channels_last(F.leaky_relu(self.into(x * self.input_gain))).float()
        steps, passed = len(self.sink), []
        for stage, sink in zip(self.blocks[:steps], self.sink, strict=True):
            x = stage(x)
            passed.append(x)
            x = to_channels_last(sink(to_channels_first(x))).float()
        x = self.blocks[steps](x)
        for stage, rise in zip(self.blocks[steps + 1 :], self.rise, strict=True):
            x = to_channels_last(rise(to_channels_first(x))).float()
            x = stage(torch.cat([x, passed.pop()], -1))
        return {"ab": torch.tanh(self.head(to_channels_first(x))), "decisions": None}
