"""From the network's scale to the photo's own: color follows the photo's lightness, ``ab = A * L + B``.

A is a local slope of color over lightness and B what is left; both are smooth, so they are upsampled bilinearly, here
or by a GPU, and the full-size L puts the edges where the photo has them. The slope is the guided filter's (He and Sun,
"Fast Guided Filter", arXiv 1505.00996), but B keeps the network's own color at every pixel, where that filter averages
it over its window. On sharp photos that average loses 3 dB and more to plain bilinear upsampling, and this form gains
2.2 dB on it: docs/upsampling.md has the table, benchmarks/upsampling.py makes it.
"""

import numpy as np
from PIL import Image

from adacolvit.color.gamut import displayable, fit
from adacolvit.color.lab import lab_to_linear, linear_to_srgb

from . import native_finish

# Both were scanned on sharp photos, at 3 and at 11 photo pixels per network pixel.
EPSILON = 256.0  # L units squared: below this variance of L the slope is shrunk towards 0, as texture carries no color
SHARPEN = 0.75  # undoes the blur of scaling down before the network and bilinearly up after it
STEPS = 256  # of a frame's numbers to a Lab unit
_BLOCK = 2**16  # pixels worked on at a time, so that they stay in the cache
# The sRGB transfer and rounding to a byte, by a table: even in the dark a step of the table is a 20th of a byte's.
_TO_BYTE = np.rint(linear_to_srgb(np.arange(65536) / 65535) * 255).astype(np.uint8)


def mean3(planes: np.ndarray) -> np.ndarray:
    """Mean over 3 x 3 pixels, the border repeated. (..., h, w) -> (..., h, w)."""
    padded = np.pad(planes, [(0, 0)] * (planes.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    # In place where it can be: this runs at every click, and fresh memory costs more than the sums.
    rows = padded[..., :-2, :] + padded[..., 1:-1, :]
    rows += padded[..., 2:, :]
    mean = rows[..., :-2] + rows[..., 1:-1]
    mean += rows[..., 2:]
    mean *= 1 / 9
    return mean


def guide(lightness: np.ndarray, ab: np.ndarray, *, epsilon: float = EPSILON, sharpen: float = SHARPEN) -> np.ndarray:
    """The planes that carry color to any size.

    lightness: (h, w) float32, L in [0, 100] as the network saw it. ab: (2, h, w) float32, Lab units.
    epsilon, sharpen: see the constants; infinity and 0 make it plain bilinear upsampling of ab.
    Returns (4, h, w) float32: A_a, A_b (no unit), B_a, B_b (Lab units).
    """
    if native_finish.instruction_set():
        return native_finish.guide(lightness, ab, epsilon=epsilon, sharpen=sharpen)
    values = np.concatenate([lightness[None], ab])  # L a b
    means = mean3(np.concatenate([values, lightness * values]))  # L a b LL La Lb
    mean, products = means[:3], means[3:] - means[0] * means[:3]  # (co)variances with L
    slope = mean3(products[1:] / (products[0] + np.float32(epsilon)))
    sharp = values + np.float32(sharpen) * (values - mean)
    return np.concatenate([slope, sharp[1:] - slope * sharp[0]])


def to_steps(values: np.ndarray, to: np.ndarray) -> None:
    """Numbers as frames hold them: (...) float32 -> ``to``, (...) int16, contiguous: STEPS to a unit, the nearest there
    is, ties to even.
    """
    if native_finish.instruction_set():
        native_finish.to_steps(values, to, STEPS)
    else:
        to[...] = np.rint(values * np.float32(STEPS)).clip(-(2**15), 2**15 - 1)


def upsample(planes: np.ndarray, lightness: np.ndarray, start: int, height: int) -> np.ndarray:
    """Color of some rows of a photo.

    planes: (4, h, w) float32 of :func:`guide`. lightness: (rows, W) float32, L in [0, 100] of the photo's rows from
    ``start`` on; ``height``: rows of the whole photo. Returns (rows, W, 2) float32, Lab units, not fitted to the gamut.
    """
    rows, width = lightness.shape
    if height < planes.shape[1]:  # so few rows are all made, and are the same to the last bit whichever are asked for
        first, count = 0, height
    else:
        first, count = start, rows
    scale = planes.shape[1] / height
    box = (0, first * scale, planes.shape[2], (first + count) * scale)  # Pillow reads beyond it: strips have no seams
    part = slice(start - first, start - first + rows)
    slope_a, slope_b, offset_a, offset_b = (
        np.asarray(Image.fromarray(plane).resize((width, count), Image.Resampling.BILINEAR, box))[part]
        for plane in planes
    )
    return np.stack([slope_a * lightness + offset_a, slope_b * lightness + offset_b], axis=-1)


def compose(lightness: np.ndarray, planes: np.ndarray, start: int, height: int, depth: int = 8) -> np.ndarray:
    """Rows of the colored photo, arguments as of :func:`upsample`.

    Returns (rows, W, 3) sRGB: uint8, or uint16 for a ``depth`` of 16 bits.

    Colors that no screen can show lose chroma, never lightness or hue.
    """
    rows, width = lightness.shape
    if native_finish.instruction_set() and height >= planes.shape[1] and width >= planes.shape[2]:
        if depth == 8:
            return native_finish.compose(lightness, planes, start, height, _TO_BYTE)
        return _levels(native_finish.compose(lightness, planes, start, height, None), depth)
    picture = np.empty((rows, width, 3), np.uint8 if depth == 8 else np.uint16)
    step = max(1, _BLOCK // width)
    for first in range(0, rows, step):
        part = lightness[first : first + step]
        lab = np.concatenate([part[..., None], upsample(planes, part, start + first, height)], axis=-1)
        linear = lab_to_linear(lab)
        outside = ~displayable(linear)
        linear[outside] = lab_to_linear(fit(lab[outside]))
        picture[first : first + step] = _levels(np.clip(linear, 0, 1), depth)
    return picture


def _levels(linear: np.ndarray, depth: int) -> np.ndarray:
    """sRGB of 8 or 16 bits of linear light in [0, 1]: (...) float32 -> (...) uint8 or uint16."""
    if depth == 8:
        return _TO_BYTE.take((linear * 65535 + 0.5).astype(np.uint16))
    return np.rint(linear_to_srgb(linear) * 65535).astype(np.uint16)
