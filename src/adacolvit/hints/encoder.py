"""The ONE way from lightness and hints to the network's input, for training, evaluation, CLI and app.

A hint is a square of ``size`` network pixels whose top left corner lies on an aligned 2-px grid and which contains the
clicked pixel; at the border it is moved inwards, never cut (at the far border an odd size leaves the grid for that,
since the last pixel could not be covered otherwise). Where hints overlap, the later one in the list wins, so of
several hints in one cell the last one counts.
"""

import numpy as np
from array_api_compat import array_namespace

from .frame import CELL, PATCH

AB_SCALE = 110.0  # ab in Lab units <-> the network's units; written here alone
MIN_SIZE, MAX_SIZE = 2, 7  # side of a hint in network pixels
NO_HINT = 0  # as a size: this row of a padded batch is empty


def normalize_lightness(lightness):
    """L in [0, 100] -> the network's units, [-0.5, 0.5]."""
    return (lightness - 50.0) / 100.0


def denormalize_lightness(lightness):
    """The network's units -> L in [0, 100]. Any shape."""
    return lightness * 100.0 + 50.0


def normalize_ab(ab):
    """a, b in Lab units -> the network's units, about [-1, 1]. Any shape."""
    return ab / AB_SCALE


def corner(pixel, size, extent):
    """First row (or column) of a hint's square: even, or ``extent - size`` at the far border.

    ``pixel`` clicked row or column, ``size`` 2..7, ``extent`` of the input along that axis (a multiple of 16), all in
    network pixels; integers or integer arrays.
    """
    first = pixel // CELL * CELL - CELL * ((size - 1) // 4)
    last = extent - size
    first = first * (first > 0)
    return first - (first - last) * (first > last)


def encode(lightness, rows, columns, sizes, ab):
    """Network input of a batch, in NumPy or torch (whichever is given).

    lightness: (B, H, W) float, L in [0, 100].
    rows, columns: (B, K) int, top left corners of the hints in network pixels, as :func:`corner` gives them.
    sizes: (B, K) int, 2..7, or ``NO_HINT`` for a row of padding.
    ab: (B, K, 2) float, Lab units.
    Returns (B, 4, H, W): (L - 50) / 100, a / 110, b / 110, mask (1 under a hint, else 0).
    """
    ab = normalize_ab(ab)
    if isinstance(lightness, np.ndarray):
        x = np.zeros((len(lightness), 4, *lightness.shape[1:]), lightness.dtype)
        x[:, 0] = normalize_lightness(lightness)
        for image, *squares, values in zip(x, rows, columns, sizes, ab, strict=True):
            # In order, so that the later hint wins.
            squares = zip(*(part.tolist() for part in squares), values[:, :, None, None], strict=True)
            for row, column, size, value in squares:
                image[1:3, row : row + size, column : column + size] = value
                image[3, row : row + size, column : column + size] = 1
        return x
    # All hints of a batch at once, for a device: each pixel is told the number of the last hint that covers it. One row
    # and column more than the input: pixels of the largest window that a smaller hint does not cover go there.
    xp = array_namespace(lightness)
    batch, height, width = lightness.shape
    window = xp.arange(MAX_SIZE, device=rows.device)
    inside = window < sizes[..., None]  # B K 7
    down = xp.where(inside, rows[..., None] + window, height)
    across = xp.where(inside, columns[..., None] + window, width)
    place = (down[..., None] * (width + 1) + across[..., None, :]).reshape(batch, -1)  # B 49K
    number = xp.arange(1, rows.shape[1] + 1, device=rows.device).repeat_interleave(MAX_SIZE**2)
    last = place.new_zeros((batch, (height + 1) * (width + 1)))
    last.scatter_reduce_(1, place, number.expand_as(place), "amax")
    last = last.reshape(batch, height + 1, width + 1)[:, :height, :width].reshape(batch, 1, -1)  # 0: no hint
    shown = xp.concat([ab, xp.ones_like(ab[..., :1])], axis=2).mT  # B 3 K: a, b, mask
    shown = xp.concat([shown.new_zeros((batch, 3, 1)), shown], axis=2)
    shown = shown.gather(2, last.expand(-1, 3, -1)).reshape(batch, 3, height, width)
    return xp.concat([normalize_lightness(lightness)[:, None], shown], axis=1)


def encode_one(lightness, rows, columns, sizes, ab) -> np.ndarray:
    """:func:`encode` of one photo, in NumPy: every argument without its batch axis -> (4, H, W) float32, contiguous."""
    return encode(lightness.astype(np.float32, copy=False)[None], rows[None], columns[None], sizes[None], ab[None])[0]


def checked(x: np.ndarray) -> np.ndarray:
    """A network's input as engines take it: (4, H, W) float32, contiguous, H and W multiples of 16.

    Raises ValueError for another shape.
    """
    if x.ndim != 3 or x.shape[0] != 4 or not x.size or x.shape[1] % PATCH or x.shape[2] % PATCH:
        raise ValueError(f"x has shape {x.shape}, not (4, H, W) with H and W multiples of {PATCH}")
    return np.ascontiguousarray(x, np.float32)


def decode_ab(output):
    """The network's output, a/110 and b/110 -> Lab units. Any shape."""
    return output * AB_SCALE
