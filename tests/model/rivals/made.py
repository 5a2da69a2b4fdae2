"""Small networks whose every weight matters."""

import torch

from adacolvit.model.registry import build
from adacolvit.model.rivals.config import (
    AdaViTConfig,
    AViTConfig,
    DynamicViTConfig,
    IColoriTConfig,
    SelectionConfig,
    SwinIRConfig,
    UformerConfig,
)

DENSE = {
    "icolorit": IColoriTConfig(64, 3, 2),
    "swinir": SwinIRConfig(32, (2, 2), 2, window=3),
    "uformer": UformerConfig(8, (1, 1, 1, 1, 1), (1, 2, 4, 2, 1), window=4),
}
SKIPPING = {
    "dynamicvit": DynamicViTConfig(64, 4, 2, before=(1, 2), keep=0.6),
    "adavit": AdaViTConfig(64, 4, 2),
    "avit": AViTConfig(64, 6, 2, gain=0.5, center=1.5),
    "patches": SelectionConfig(64, 3, 2, select="patches"),
    "layers": SelectionConfig(64, 3, 2, select="layers"),
    "random": SelectionConfig(64, 3, 2, select="random"),
}
SMALL = DENSE | SKIPPING


def restless(config, seed: int = 0):
    """A network in eval mode whose weights were shaken, so that decisions differ from patch to patch."""
    torch.manual_seed(seed)
    network = build(config).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn_like(p) * (0.3 if p.ndim == 1 else 0.08))
        for name, p in network.named_parameters():
            if name.endswith(("decide_layers.bias", "decide_heads.bias")):
                p.copy_(torch.tensor([1.0, -1.0])[torch.randperm(2)])  # one of two is likely to be kept
    return network
