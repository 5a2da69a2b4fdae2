"""What a network is, as data. Free of torch, so that the runtime can read a weights file's own config."""

from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from adacolvit.errors import WeightsError
from adacolvit.hints.frame import PATCH

IN_CHANNELS = 4  # lightness, a, b, mask
OUT_CHANNELS = 2  # a, b
PAINTED = OUT_CHANNELS * PATCH**2  # values of one patch on the way out: 2 P^2
NORM_EPS = 1e-6  # of every LayerNorm


# What a file may ask for, which somebody else has written; larger networks than any that exist.
_WHOLE = {
    "width": (4, 16384), "depth": (1, 1000), "heads": (1, 1024), "mlp_ratio": (1, 64), "groups": (1, 1024),
    "head_kernel": (1, 3), "head_rank": (0, PAINTED), "budget_knots": (0, 1000),
}  # fmt: skip
_MOST_GAIN = 1e6


class Widths(NamedTuple):
    """Channels inside a block's sub-layers, of their base or of their extra part."""

    keys: int  # of a head's queries, and of its keys
    values: int  # of a head's values
    hidden: int  # of the FFN


@dataclass(frozen=True)
class ModelConfig:
    """An AdaColViT, or with ``adaptive=False`` a dense iColoriT-like ViT."""

    width: int = 192  # C: channels of a token
    depth: int = 12  # D: blocks
    heads: int = 3  # of 64 channels each, as in every ViT of this family
    mlp_ratio: int = 4
    groups: int = 2  # g: the base part is 1/g of every width, the extra part the rest
    adaptive: bool = True  # has decision networks and a policy token, and splits heads and FFN into base and extra
    hint_gain: float = 12.0  # on a, b and mask at the patch embedding: a hint is 4 of 256 pixels, and else found late
    head_kernel: int = 3  # 3: the local stabilising head over the token grid; 1: a linear head
    head_rank: int = 0  # r: a patch's color is a sum of r pictures, and the head says how much of each; 0: is any color
    slim: tuple = ()  # (D, 2, 3) of every block its base and extra :class:`Widths`, where they are not the usual ones
    budget_knots: int = 0  # K: budgets at which decisions were learned, evenly from the least to 1; 0: for one only
    least_budget: float = 0.3  # of the dense network's cost; where there are knots
    budget: float = 0.55  # where none is asked for

    def __post_init__(self) -> None:
        for name, (least, most) in _WHOLE.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise WeightsError(f"{name} is {value!r}: a network has a whole number from {least} to {most}")
        for name in ("hint_gain", "least_budget", "budget"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 < value < _MOST_GAIN:
                raise WeightsError(f"{name} is {value!r}: a network has a number above 0 and below {_MOST_GAIN:g}")
        if type(self.adaptive) is not bool:
            raise WeightsError(f"adaptive is {self.adaptive!r}: a network is, or is not")
        if self.head_kernel == 2:
            raise WeightsError("head_kernel is 2: a network has 1 or 3")
        if self.width % self.heads:
            raise WeightsError(f"width {self.width} cannot be divided among {self.heads} heads")
        if self.groups < 1 or self.head_width % self.groups:
            raise WeightsError(f"{self.groups} groups do not divide a head's {self.head_width} channels")
        if self.budget_knots == 1 or (self.budget_knots and not self.adaptive):
            raise WeightsError(f"{self.budget_knots} budget knots: an adaptive network has 2 or more of them, or none")
        if not 0 < self.least_budget <= self.budget <= 1 or self.least_budget == 1:
            raise WeightsError(f"a least budget of {self.least_budget} and a usual one of {self.budget}: give shares")
        try:
            fits = len(self.slim) in (0, self.depth) and all(map(self._fits, self.slim))
        except TypeError:
            fits = False
        if not fits:
            raise WeightsError(
                f"slim does not say of each of {self.depth} blocks what its base and its extra part have of keys,"
                f" values and hidden channels: at most {' and '.join(str(tuple(part)) for part in self.usual_widths)}"
            )
        # Hashable, and of plain types, as checkpoints want them.
        object.__setattr__(self, "slim", tuple(tuple(tuple(part) for part in block) for block in self.slim))
        if self.width % 4:
            raise WeightsError(f"width {self.width} is not a multiple of 4, which 2-D sine positions need")

    def _fits(self, block) -> bool:
        """Whether an entry of ``slim`` is one: of the base part one channel of each at least."""
        return len(block) == 2 and all(
            len(part) == 3
            and all(type(n) is int and least <= n <= most for n, most in zip(part, usual, strict=True))
            and bool(part[0]) == bool(part[1])  # keys without values are of no use
            for least, part, usual in zip((1, 0), block, self.usual_widths, strict=True)
        )

    @property
    def head_width(self) -> int:
        """d: channels of a head."""
        return self.width // self.heads

    @property
    def usual_widths(self) -> tuple[Widths, Widths]:
        """Of base and extra part: d/g and 4C/g, and the rest of d and of 4C; all and nothing where it is dense."""
        head, hidden = self.head_width, self.mlp_ratio * self.width
        share = self.groups if self.adaptive else 1
        base = Widths(head // share, head // share, hidden // share)
        return base, Widths(head - base.keys, head - base.values, hidden - base.hidden)

    def widths(self, block: int) -> tuple[Widths, Widths]:
        """Of a block's base and extra part."""
        return tuple(Widths(*part) for part in self.slim[block]) if self.slim else self.usual_widths

    @property
    def patch_values(self) -> int:
        """Values of one patch on the way in: 4 P^2."""
        return IN_CHANNELS * PATCH * PATCH

    @property
    def policy_tokens(self) -> int:
        """1 where there is a policy token."""
        return int(self.adaptive)

    def to_dict(self) -> dict:
        """Plain values, as written into weights files."""
        return asdict(self) | {"slim": [[list(part) for part in block] for block in self.slim]}

    @classmethod
    def from_dict(cls, values: dict) -> "ModelConfig":
        """The inverse of :meth:`to_dict`; unknown entries mean that the file was made for a newer version."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise WeightsError(f"the weights' config has unknown entries {sorted(unknown)}: update adacolvit")
        return cls(**values)


_SIZES = {"tiny": (192, 3), "small": (384, 6), "base": (768, 12)}


def _variants() -> dict[str, ModelConfig]:
    variants = {}
    for size, (width, heads) in _SIZES.items():
        for depth in (6, 12, 24):
            suffix = "" if depth == 12 else f"-d{depth}"
            variants[f"dense-{size}{suffix}"] = ModelConfig(width, depth, heads, groups=1, adaptive=False)
            if size != "base" and depth != 6:
                for groups in (2, 4, 8):
                    g = "" if groups == 2 else f"-g{groups}"
                    variants[f"{size}{suffix}{g}"] = ModelConfig(width, depth, heads, groups=groups)
    return variants


VARIANTS = _variants()  # "tiny", "tiny-d24", "small-g4", "dense-tiny", "dense-base-d6", ...
