"""Every network by its name: what it is, and how to build it. Free of torch until something is built."""

from importlib import import_module
from typing import TYPE_CHECKING

from adacolvit.errors import UsageError, WeightsError

from .config import VARIANTS, ModelConfig
from .rivals.config import (
    FAMILIES,
    AdaViTConfig,
    AViTConfig,
    DynamicViTConfig,
    IColoriTConfig,
    RivalConfig,
    SelectionConfig,
    SwinIRConfig,
    UformerConfig,
)

if TYPE_CHECKING:
    from torch import nn

NetworkConfig = ModelConfig | RivalConfig

RIVALS: dict[str, RivalConfig] = {
    "icolorit-t": IColoriTConfig(192, 12, 3),
    "icolorit-t-d6": IColoriTConfig(192, 6, 3),
    "icolorit-t-d24": IColoriTConfig(192, 24, 3),
    "icolorit-s": IColoriTConfig(384, 12, 6),
    "icolorit-s-d6": IColoriTConfig(384, 6, 6),
    "icolorit-s-d24": IColoriTConfig(384, 24, 6),
    "icolorit-b": IColoriTConfig(768, 12, 12),
    "swinir-s": SwinIRConfig(244),
    "swinir-t": SwinIRConfig(120),
    "uformer-s": UformerConfig(8),
    "uformer-t": UformerConfig(4, heads=(1, 1, 2, 4, 8, 8, 4, 2, 1)),
    "dynamicvit-t": DynamicViTConfig(),
    "dynamicvit-t-d24": DynamicViTConfig(depth=24, before=(6, 12, 18), keep=0.4),
    "adavit-t": AdaViTConfig(patches=0.91, kept_heads=0.91, layers=0.91),  # 1.20 G; with the published 0.5 it is 0.53 G
    "avit-t": AViTConfig(),
    "tiny-patches": SelectionConfig(select="patches"),
    "tiny-layers": SelectionConfig(select="layers"),
    "tiny-random": SelectionConfig(select="random"),
}
NETWORKS: dict[str, NetworkConfig] = VARIANTS | RIVALS


def find(name: str) -> NetworkConfig:
    """The config of a network by its name. Raises UsageError where there is none."""
    if name not in NETWORKS:
        raise UsageError(f"there is no network named {name!r}; known are {', '.join(NETWORKS)}")
    return NETWORKS[name]


def config_from(values: dict) -> NetworkConfig:
    """The inverse of ``to_dict`` of any config: what a weights file's metadata or a checkpoint holds."""
    values = dict(values)
    family = values.pop("family", None)
    if family is None:
        return ModelConfig.from_dict(values)
    if family not in FAMILIES:
        raise WeightsError(f"networks of the family {family!r} are unknown; known are {', '.join(FAMILIES)}")
    return FAMILIES[family].from_dict(values)


def build(config: NetworkConfig | str) -> "nn.Module":
    """A new network, in torch, by its config or name.

    It is called as ``network(x, mode, origin=None, ...)`` like :class:`.network.ColorizationViT`, and returns a dict
    with ``ab`` (B, 2, H, W) and ``decisions``, and where they apply ``losses`` (name -> scalar to be added while
    training) and ``effort`` (what ran).
    """
    config = find(config) if isinstance(config, str) else config
    place = "network:ColorizationViT" if isinstance(config, ModelConfig) else f"rivals.{config.network}"
    module, name = place.split(":")
    return getattr(import_module(f".{module}", __package__), name)(config)
