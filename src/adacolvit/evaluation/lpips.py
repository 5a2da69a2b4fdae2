"""LPIPS: how alike two pictures look to a network that recognizes things. Needs torch, and two weights files.

Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (CVPR
2018), version 0.1: features of a backbone trained on ImageNet, each pixel's vector scaled to length 1, squared
differences weighted per channel by a published linear head, averaged over the picture, summed over the layers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from adacolvit.weights.store import sha256

from .lpips_files import find, read

# What the ImageNet backbones expect of pictures in [-1, 1], channel by channel: (x - SHIFT) / SCALE.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
TINY = 1e-10  # added to a vector's length, so that one of zeros stays zero


@dataclass(frozen=True)
class Conv:
    """A convolution and a ReLU. ``index``: its place in torchvision's ``features``, by which its weights are named."""

    index: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class Fire:
    """SqueezeNet's block: 1 x 1 to few channels, then 1 x 1 and 3 x 3 beside each other."""

    index: int


@dataclass(frozen=True)
class Pool:
    """Maximum over windows, every second one. ``ceil``: windows that stick out at the far border count too."""

    side: int
    ceil: bool = False


TAP = "tap"  # here the features are compared
_CEIL = Pool(3, ceil=True)
BACKBONES = {
    # Iandola et al. 2016, version 1.1
    "squeeze": [
        *(Conv(0, stride=2), TAP, _CEIL, Fire(3), Fire(4), TAP, _CEIL, Fire(6), Fire(7), TAP, _CEIL),
        *(Fire(9), TAP, Fire(10), TAP, Fire(11), TAP, Fire(12), TAP),
    ],
    # Krizhevsky 2014
    "alex": [
        *(Conv(0, stride=4, padding=2), TAP, Pool(3), Conv(3, padding=2), TAP, Pool(3)),
        *(Conv(6, padding=1), TAP, Conv(8, padding=1), TAP, Conv(10, padding=1), TAP),
    ],
    # Simonyan and Zisserman 2015, 16 layers
    "vgg": [
        *(Conv(0, padding=1), Conv(2, padding=1), TAP, Pool(2), Conv(5, padding=1), Conv(7, padding=1), TAP, Pool(2)),
        *(Conv(10, padding=1), Conv(12, padding=1), Conv(14, padding=1), TAP, Pool(2)),
        *(Conv(17, padding=1), Conv(19, padding=1), Conv(21, padding=1), TAP, Pool(2)),
        *(Conv(24, padding=1), Conv(26, padding=1), Conv(28, padding=1), TAP),
    ],
}


class Lpips:
    """The metric with one backbone: "squeeze", "alex" or "vgg"."""

    def __init__(self, net: str = "squeeze", folder=None) -> None:
        """``folder``: holds the backbone and the heads, see :mod:`.lpips_files`; torch's own cache is looked in too.

        Raises DataError where a file is missing, damaged, or of another network.
        """
        self.net = net
        paths = find(net, folder)
        steps = BACKBONES[net]
        names = [name for step in steps for name in _weights_of(step)]
        self._weights = read(paths.backbone, [f"{name}.{part}" for name in names for part in ("weight", "bias")])
        taps = steps.count(TAP)
        heads = read(paths.heads, [f"lin{i}.model.1.weight" for i in range(taps)])
        self._heads = [head.reshape(1, -1, 1, 1) for head in heads.values()]
        self._truths: dict[float, tuple[np.ndarray, list[Tensor]]] = {}  # scale of the feed -> the last, its features
        self._shift, self._scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (SHIFT, SCALE))

    def __call__(self, rgb: np.ndarray, truth: np.ndarray) -> float:
        """Distance of two (H, W, 3) sRGB pictures in [0, 1], as LPIPS is meant: fed to it in [-1, 1]. 0 is equal.

        The last truth's features are kept: do not change that array in place.
        """
        return self._distance(rgb, truth, 2.0, -1.0)

    def unscaled(self, rgb: np.ndarray, truth: np.ndarray) -> float:
        """As above, fed in [0, 1] as it is: what the scripts of iColoriT and its followers report."""
        return self._distance(rgb, truth, 1.0, 0.0)

    @torch.inference_mode()
    def _distance(self, rgb: np.ndarray, truth: np.ndarray, scale: float, shift: float) -> float:
        known, wanted = self._truths.get(scale, (None, None))
        if known is not truth:  # one photo is compared with many colorings of it
            wanted = self._units(truth, scale, shift)
            self._truths[scale] = truth, wanted
        pairs = zip(self._units(rgb, scale, shift), wanted, self._heads, strict=True)
        return sum(float(((one - other).square() * head).sum(1).mean()) for one, other, head in pairs)

    def _units(self, rgb: np.ndarray, scale: float, shift: float) -> list[Tensor]:
        """Features of ``rgb * scale + shift`` at each tap, every pixel's vector of length 1."""
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        x = (torch.from_numpy(planes) * scale + shift - self._shift) / self._scale  # 1 3 H W
        features = features_of(BACKBONES[self.net], self._weights, x)
        return [f / (f.square().sum(1, keepdim=True).sqrt() + TINY) for f in features]


def _weights_of(step) -> list[str]:
    """Names, in torchvision's ``features``, of the convolutions of a step."""
    if isinstance(step, Conv):
        return [f"features.{step.index}"]
    if isinstance(step, Fire):
        return [f"features.{step.index}.{part}" for part in ("squeeze", "expand1x1", "expand3x3")]
    return []


def features_of(steps, weights: Mapping[str, Tensor], x: Tensor) -> Iterator[Tensor]:
    """Run a backbone. x (B, 3, H, W), already shifted and scaled -> the features (B, C, h, w) at each tap."""

    def conv(name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        return F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, padding))

    for step in steps:
        if step == TAP:
            yield x
        elif isinstance(step, Pool):
            x = F.max_pool2d(x, step.side, 2, ceil_mode=step.ceil)
        elif isinstance(step, Conv):
            x = conv(*_weights_of(step), x, step.stride, step.padding)
        else:
            squeeze, narrow, wide = _weights_of(step)
            x = conv(squeeze, x)
            x = torch.cat([conv(narrow, x), conv(wide, x, padding=1)], 1)


def file_digests(net: str, folder=None) -> dict[str, str]:
    """SHA-256 of the files that :class:`Lpips` would use, by their names: a distance means little without them."""
    paths = find(net, folder)
    return {path.name: sha256(path) for path in (paths.backbone, paths.heads)}
