"""After the network: color without patch borders that obeys the hints exactly where they are.

Two steps at the network's scale, both led by the photo's lightness:

1. A guided filter of the predicted color, led by L: where L is even, the steps between patches are averaged away; where
   L has an edge, so has the color. It is the fast one (He and Sun, "Fast Guided Filter", arXiv 1505.00996): of each
   block of pixels the line of color over L that fits best in the 3 x 3 blocks around it; between blocks bilinearly,
   at the pixel's own L. It is for the borders of patches: inside them the network has detail that the filter would
   take away, so that the color is ``g + m (ab - g)``, g the filter's and m a Hann window over each patch of P pixels,
   ``m = sin^2(pi y / P) sin^2(pi x / P)``: 0 at its border, 1 in its middle.
2. What the color still lacks at every hint is spread from there by a bilateral weight, near in place and near in
   lightness: ``ab + sum_i w_i r_i / (sum_i w_i + shrink)``, where r_i is the asked color minus the predicted one at
   hint i. Far from every hint the weights vanish and the network's color stays as it is. This is done in passes, each
   over less ground: the wide ones bring a place a part of what it lacks, so that a correction fades soon, and the last
   one nearly all of the rest, also to each of many hints that share a sum. Large corrections reach less far: that the
   network was so wrong is more often true of a small thing than of all that is as light.

docs/training-log.md has what each brings.
"""

import math
from functools import lru_cache

import numpy as np

from adacolvit.hints.frame import PATCH

from . import native_finish
from .upsample import mean3, upsample

# Of the guided filter: side of a block in network pixels, a quarter of a patch; L units squared.
BLOCK, EPSILON = 4, 16.0
# Of a patch: how much of the network's own color stays, down or across; the whole is the product of both.
OWN = (np.sin(np.pi * (np.arange(PATCH) + 0.5) / PATCH) ** 2).astype(np.float32)
# Of each pass, the standard deviations of a correction: in place, as a fraction of the side of a square as large as the
# input, and in lightness, in L units; and the shrink s: a lone hint's place gets 1 / (1 + s) of what it lacks.
PASSES = (0.18, 12.0, 0.4), (0.06, 7.0, 0.4), (0.02, 7.0, 0.1)
VIVID = 30.0  # Lab units: the squared reach of a correction r is divided by 1 + |r|^2 / VIVID^2


def spreads(height: int, width: int) -> list[tuple[float, float, float]]:
    """:data:`PASSES` with the reach in network pixels, of an input of height x width of them."""
    return [(reach * math.sqrt(height * width), likeness, shrink) for reach, likeness, shrink in PASSES]


def smooth(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Guided filter of color at the borders of patches. lightness (h, w), L in [0, 100]; ab (2, h, w), Lab units.

    h and w are multiples of PATCH. Returns (2, h, w). All float32.
    """
    height, width = lightness.shape
    values = np.concatenate([lightness[None], ab])  # L a b
    values = np.concatenate([values, lightness * values])  # and LL La Lb
    blocks = values.reshape(6, height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean((2, 4), dtype=np.float64)
    means = mean3(blocks)
    mean, covariance = means[:3], means[3:] - means[0] * means[:3]
    slope = covariance[1:] / (np.maximum(covariance[0], 0) + EPSILON)
    lines = np.concatenate([slope, mean[1:] - slope * mean[0]])  # of color over L: slopes and offsets
    color = upsample(lines.astype(np.float32), lightness, 0, height).transpose(2, 0, 1)
    own = np.outer(np.tile(OWN, height // PATCH), np.tile(OWN, width // PATCH))
    return np.ascontiguousarray(color + own * (ab - color))


@lru_cache(maxsize=8)  # a person's photos share few grids
def _spreads(height: int, width: int) -> np.ndarray:
    """:func:`spreads`, (passes, 3) float32."""
    return np.array(spreads(height, width), np.float32)


def _counting(rows, columns) -> list[int]:
    """Which hints count: of those at one place the last."""
    places = zip(np.asarray(rows).tolist(), np.asarray(columns).tolist(), strict=True)
    return list({place: k for k, place in enumerate(places)}.values())


def obey(lightness: np.ndarray, ab: np.ndarray, rows, columns, sizes, asked) -> np.ndarray:
    """Bring color to what the hints ask, near them and on what is as light as they are.

    lightness (h, w) float32, L in [0, 100]; ab (2, h, w) float32, Lab units. rows, columns, sizes: (K,) int, top left
    corners and sides of the hints in network pixels; asked: (K, 2) Lab units. Of hints at one place the last counts.
    Returns (2, h, w) float32.
    """
    for spread in spreads(*lightness.shape):
        ab = _spread(lightness, ab, rows, columns, sizes, asked, *spread)
    return ab


def _spread(lightness, ab, rows, columns, sizes, asked, reach: float, likeness: float, shrink: float) -> np.ndarray:
    """One pass of :func:`obey`. reach: network pixels; likeness: L units; shrink: as in :data:`PASSES`."""
    y, x = (np.arange(extent, dtype=np.float32) for extent in lightness.shape)
    correction, total = np.zeros_like(ab), np.full_like(lightness, shrink)
    near, like = np.float32(-0.5 / reach**2), np.float32(-0.5 / likeness**2)
    for k in _counting(rows, columns):
        row, column, size = int(rows[k]), int(columns[k]), int(sizes[k])
        square = np.s_[row : row + size, column : column + size]
        middle = np.float32((size - 1) / 2)
        lacking = np.asarray(asked[k], np.float32) - ab[(slice(None), *square)].mean((1, 2))
        narrow = near * np.float32(1 + (lacking @ lacking) / VIVID**2)
        nearness = np.outer(np.exp(narrow * (y - row - middle) ** 2), np.exp(narrow * (x - column - middle) ** 2))
        difference = lightness - lightness[square].mean()
        weight = nearness * np.exp(like * difference * difference)
        correction += lacking[:, None, None] * weight
        total += weight
    return ab + correction / total


def refine(lightness: np.ndarray, ab: np.ndarray, rows, columns, sizes, asked) -> np.ndarray:
    """:func:`smooth`, then :func:`obey`; arguments and result as of the latter. Compiled where that can be had."""
    if native_finish.instruction_set():
        return native_finish.refine(
            lightness, ab, rows, columns, sizes, asked,
            spreads=_spreads(*lightness.shape), own=OWN, epsilon=EPSILON, vivid=VIVID,
        )  # fmt: skip
    return obey(lightness, smooth(lightness, ab), rows, columns, sizes, asked)
