"""What each rival is, as data. Free of torch.

All take and give what AdaColViT does, are shown the same hints (``hint_gain``), and end in the same head, so that what
is compared is the body. Every published choice that had to be left is named at the field.
"""

from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from adacolvit.errors import WeightsError
from adacolvit.model.config import ModelConfig

HINT_GAIN = ModelConfig.hint_gain


@dataclass(frozen=True)
class RivalConfig:
    """Base of the configs. ``family`` is what a weights file calls it, ``network`` where its class is."""

    family: ClassVar[str]
    network: ClassVar[str]  # module:class, below this package
    decides: ClassVar[bool] = False  # whether it decides what it computes, which it learns in masked stages

    def to_dict(self) -> dict:
        """Plain values, as written into weights files."""
        return {"family": self.family} | asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "RivalConfig":
        """The inverse of :meth:`to_dict`, without the family."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise WeightsError(f"the config of a {cls.family} network has unknown entries {sorted(unknown)}")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


@dataclass(frozen=True)
class IColoriTConfig(RivalConfig):
    """iColoriT (Yun et al., WACV 2023): a dense ViT with relative position bias and a local stabilizing head."""

    family = "icolorit"
    network = "icolorit:IColoriT"

    width: int = 192  # C
    depth: int = 12  # D
    heads: int = 3
    head_kernel: int = 3  # 3: local stabilizing head; 1: linear
    hint_gain: float = HINT_GAIN  # published: 1, which converted checkpoints have


@dataclass(frozen=True)
class SwinIRConfig(RivalConfig):
    """SwinIR (Liang et al., ICCVW 2021) on patches. At full resolution it costs far more than the paper's 1.96 G."""

    family = "swinir"
    network = "swinir:SwinIR"

    width: int = 244
    groups: tuple[int, ...] = (2, 2, 2, 2)  # Swin layers in each residual group
    heads: int = 4
    window: int = 7  # published: 8, which does not divide 14 tokens
    mlp_ratio: int = 4  # published: 2; 4 is that of the ViTs here
    head_kernel: int = 3
    hint_gain: float = HINT_GAIN


@dataclass(frozen=True)
class UformerConfig(RivalConfig):
    """Uformer (Wang et al., CVPR 2022): a U of window attention at full resolution."""

    family = "uformer"
    network = "uformer:Uformer"

    width: int = 8  # of the first stage; doubled at each of the four steps down
    depths: tuple[int, ...] = (2,) * 9  # blocks of each stage: four down, the bottom, four up
    heads: tuple[int, ...] = (1, 2, 4, 8, 16, 16, 8, 4, 2)
    window: int = 7  # published: 8, which does not divide 224 / 16
    mlp_ratio: int = 4
    hint_gain: float = HINT_GAIN


@dataclass(frozen=True)
class ViTRivalConfig(RivalConfig):
    """Base of those that make the colorization ViT adaptive in another way: the dense ViT is the same for all."""

    decides = True

    width: int = 192
    depth: int = 12
    heads: int = 3
    head_kernel: int = 3
    hint_gain: float = HINT_GAIN

    @property
    def backbone(self) -> ModelConfig:
        """The dense colorization ViT."""
        return ModelConfig(
            self.width, self.depth, self.heads, groups=1, adaptive=False,
            hint_gain=self.hint_gain, head_kernel=self.head_kernel,
        )  # fmt: skip


@dataclass(frozen=True)
class DynamicViTConfig(ViTRivalConfig):
    """DynamicViT (Rao et al., NeurIPS 2021): patches are dropped for good before some blocks."""

    family = "dynamicvit"
    network = "dynamicvit:DynamicViT"

    before: tuple[int, ...] = (3, 6, 9)  # blocks, counted from 0, that begin with a drop
    keep: float = 0.88  # r: the s-th drop leaves r^s of the patches
    ratio_weight: float = 2.0
    distill_weight: float = 0.5  # of each distillation term, where training has a teacher


@dataclass(frozen=True)
class AdaViTConfig(ViTRivalConfig):
    """AdaViT (Meng et al., CVPR 2022): every block but the first chooses patches, heads and layers."""

    family = "adavit"
    network = "adavit:AdaViT"

    temperature: float = 5.0  # of the Gumbel-sigmoid
    patch_threshold: float = 0.6  # probability above which a patch is kept; 0.5 for heads and layers
    patches: float = 0.5  # wanted means of the decisions, published: 0.5 each
    kept_heads: float = 0.5
    layers: float = 0.5
    usage_weight: float = 2.0


@dataclass(frozen=True)
class AViTConfig(ViTRivalConfig):
    """A-ViT (Yin et al., CVPR 2022): every patch stops by itself once its halting scores add up to 1."""

    family = "avit"
    network = "avit:AViT"

    gain: float = 10.0  # gamma: h = sigmoid(gamma * first channel - beta)
    # beta. Published: 30 or 75, made for a pretrained DeiT; there the slope of h is 1e-13 for a network that starts
    # fresh, and no patch would ever learn to stop.
    center: float = 5.0
    epsilon: float = 0.01  # a patch stops above 1 - epsilon
    ponder_weight: float = 5e-4
    prior_weight: float = 1e-3
    prior_block: float = 2 / 3  # of the depth: where the prior of halting has its mean; its deviation is one block


@dataclass(frozen=True)
class SelectionConfig(RivalConfig):
    """AdaColViT with a part of its decisions taken away, or left to chance."""

    family = "selection"
    network = "selection:Selective"
    decides = True

    width: int = 192
    depth: int = 12
    heads: int = 3
    groups: int = 2
    select: str = (
        "patches"  # "patches": every layer runs; "layers": every patch is informative; "random": chance decides
    )
    layers: float = 0.7083  # of random decisions: exactly this fraction of the layers runs
    patches: float = 0.336  # and exactly this fraction of the patches is informative in each: 0.78 G in all at 224 px
    head_kernel: int = 3
    hint_gain: float = HINT_GAIN

    def __post_init__(self) -> None:
        if self.select not in ("patches", "layers", "random"):
            raise WeightsError(f"a selection of {self.select!r} is unknown: take patches, layers or random")

    @property
    def backbone(self) -> ModelConfig:
        """The whole AdaColViT."""
        return ModelConfig(
            self.width, self.depth, self.heads, groups=self.groups,
            hint_gain=self.hint_gain, head_kernel=self.head_kernel,
        )  # fmt: skip


FAMILIES = {
    config.family: config
    for config in (
        IColoriTConfig, SwinIRConfig, UformerConfig, DynamicViTConfig, AdaViTConfig, AViTConfig, SelectionConfig,
    )
}  # fmt: skip
