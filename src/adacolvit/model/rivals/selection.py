"""AdaColViT with patch selection alone, layer selection alone, or decisions left to chance: what each part is worth."""

import zlib

import torch
from torch import Tensor

from adacolvit.hints.frame import PATCH
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT

from .config import SelectionConfig


def exactly(fraction: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random choices in {0, 1}: the same fraction of the last axis is 1 everywhere, rounded."""
    order = torch.rand(shape, generator=generator).argsort(-1).argsort(-1)
    return (order < round(fraction * shape[-1])).float()


class Selective(ColorizationViT):
    """The network; called as :func:`adacolvit.model.registry.build` says. Decision networks that have nothing to decide
    are not there.
    """

    def __init__(self, config: SelectionConfig) -> None:
        super().__init__(config.backbone)
        self.rival = config
        for block in self.blocks:
            if config.select != "layers":
                del block.decide_layers
            if config.select != "patches":
                del block.decide_attention, block.decide_ffn

    def forward(self, x: Tensor, mode: str = "masked", **settings) -> dict:
        """As :meth:`ColorizationViT.forward`.

        Random decisions differ from step to step while training; else they are a function of each input alone.
        """
        if mode == "dense":
            return super().forward(x, mode, **settings)
        return super().forward(x, mode, **settings | {"forced": self._forced(x)})

    @torch.compiler.disable  # random draws of the processor, which a compiled graph would be cut up for
    def _forced(self, x: Tensor) -> Decisions:
        """The decisions that the network does not take itself, of a batch (B, 4, H, W)."""
        batch, depth = len(x), self.rival.depth
        patches = x.shape[2] * x.shape[3] // PATCH**2
        if self.rival.select == "patches":
            return Decisions(x.new_ones(batch, depth, 2), None)
        if self.rival.select == "layers":
            return Decisions(None, x.new_ones(batch, depth, 2, patches))
        drawn = [self._draw(one, patches) for one in x]
        return Decisions(*(torch.stack(parts).to(x.device) for parts in zip(*drawn, strict=True)))

    def _draw(self, one: Tensor, patches: int) -> tuple[Tensor, Tensor]:
        """Layers (D, 2) and patches (D, 2, N) for one input (4, H, W)."""
        config = self.rival
        seed = int(torch.randint(2**31, ())) if self.training else zlib.crc32(one.cpu().numpy().tobytes())
        generator = torch.Generator().manual_seed(seed)
        layers = exactly(config.layers, (2 * config.depth,), generator).view(config.depth, 2)
        return layers, exactly(config.patches, (config.depth, 2, patches), generator)
