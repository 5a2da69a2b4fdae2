"""SwinIR: Liang et al., "SwinIR: Image Restoration Using Swin Transformer", ICCV Workshops 2021 (arXiv 2108.10257).

Adapted from 3 -> 3 to 4 -> 2 channels. AdaColViT's paper shows a SwinIR-S of 1.96 G multiply-accumulates at 1.6 times
the latency of iColoriT-T; SwinIR's own full-resolution body cannot be that fast, so theirs must have worked on patches,
and its sizes are not disclosed. Here the shallow features are patches of 16 x 16 px, as in the ViTs; the width was then
matched to 1.96 G with four groups of two layers (SwinIR-T: the width that such networks have at 0.55 G). So the body is
the paper's, its sizes are *matched*.

Shapes: B images, h x w tokens, C channels.
"""

from torch import Tensor, nn

from adacolvit.hints.frame import PATCH
from adacolvit.model.config import NORM_EPS
from adacolvit.model.patches import PatchNetwork

from .config import SwinIRConfig
from .parts import FFN
from .windows import WindowAttention


class Layer(nn.Module):
    """Swin Transformer layer, STL; windows shifted by half their side where ``shifted``."""

    def __init__(self, config: SwinIRConfig, shifted: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=NORM_EPS)
        shift = config.window // 2 if shifted else 0
        self.attention = WindowAttention(config.width, config.heads, config.window, shift)
        self.norm2 = nn.LayerNorm(config.width, eps=NORM_EPS)
        self.ffn = FFN(config.width, config.mlp_ratio * config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class Convolution(nn.Module):
    """3 x 3 convolution of a map with channels last. (B, h, w, C) -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Group(nn.Module):
    """Residual Swin Transformer block, RSTB: layers, a convolution, and the input once more."""

    def __init__(self, config: SwinIRConfig, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config, shifted=i % 2 == 1) for i in range(layers))
        self.convolution = Convolution(config.width)

    def forward(self, x: Tensor) -> Tensor:
        features = x
        for layer in self.layers:
            features = layer(features)
        return x + self.convolution(features)


class SwinIR(PatchNetwork):
    """The network; called as :func:`adacolvit.model.registry.build` says, in one mode only."""

    def __init__(self, config: SwinIRConfig) -> None:
        super().__init__()
        self.config = config
        self.add_embedding(config.width, config.hint_gain)
        self.embedding_norm = nn.LayerNorm(config.width, eps=NORM_EPS)  # as in the published code's patch embedding
        self.blocks = nn.ModuleList(Group(config, layers) for layers in config.groups)
        self.convolution = Convolution(config.width)
        self.add_head(config.width, config.head_kernel)

    def forward(self, x: Tensor, mode: str = "dense", **_) -> dict:
        """x (B, 4, H, W), H and W multiples of 16 -> {"ab": (B, 2, H, W), "decisions": None}. Knows no positions."""
        shallow = self.embed_patches(x).unflatten(1, (x.shape[2] // PATCH, x.shape[3] // PATCH))  # B h w C
        shallow = shallow.float()  # the residual stream, as positions make that of the ViTs, whatever autocast does
        deep = self.embedding_norm(shallow)
        for group in self.blocks:
            deep = group(deep)
        deep = shallow + self.convolution(self.norm(deep))
        return {"ab": self.paint(deep.permute(0, 3, 1, 2)), "decisions": None}
