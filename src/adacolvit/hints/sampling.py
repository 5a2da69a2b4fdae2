"""Random hints for training and evaluation: places first, then the colors found there."""

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array

from .encoder import MAX_SIZE, MIN_SIZE, NO_HINT, corner
from .frame import CELL


def sample_places(rng: np.random.Generator, counts, height: int, width: int, sizes=(MIN_SIZE, MIN_SIZE)):
    """Uniform places without replacement on the 2-px grid.

    counts: (B,) int hints per image; sizes: smallest and largest side in network pixels, uniform between.
    Returns rows, columns, sizes, each (B, K) int64, K = max(counts); beyond an image's count the size is ``NO_HINT``.
    """
    batch, most = len(counts), int(max(counts, default=0))
    cells_down, cells_across = height // CELL, width // CELL
    rows, columns = np.zeros((batch, most), np.int64), np.zeros((batch, most), np.int64)
    side = np.full((batch, most), NO_HINT, np.int64)
    for i, count in enumerate(counts):
        cell = rng.choice(cells_down * cells_across, size=count, replace=False)
        side[i, :count] = rng.integers(sizes[0], sizes[1] + 1, size=count)
        rows[i, :count] = corner(cell // cells_across * CELL, side[i, :count], height)
        columns[i, :count] = corner(cell % cells_across * CELL, side[i, :count], width)
    return rows, columns, side


def cell_means(ab, rows, columns, sizes):
    """Mean color under each hint.

    ab: (B, H, W, 2) float, Lab units, NumPy or torch; rows, columns, sizes: (B, K) int of the same kind.
    Returns (B, K, 2), Lab units; 0 where the size is ``NO_HINT``.
    """
    xp, place = array_namespace(ab), device(ab)
    # A GPU, which would have to be waited for, is not asked for the largest.
    largest = int(sizes.max(initial=0)) if is_numpy_array(sizes) else MAX_SIZE
    window = xp.arange(largest, device=place)
    inside = window < sizes[..., None]  # B K s
    down = xp.where(inside, rows[..., None] + window, 0)[..., :, None]
    across = xp.where(inside, columns[..., None] + window, 0)[..., None, :]
    under = ab[xp.arange(len(ab), device=place)[:, None, None, None], down, across]  # B K s s 2
    total = xp.sum(under * (inside[..., :, None] & inside[..., None, :])[..., None], axis=(2, 3))
    area = sizes * sizes
    return total / (area + (area == 0))[..., None]
