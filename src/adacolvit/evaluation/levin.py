"""Colorization by optimization: the strongest method here that has learned nothing. Needs scipy."""

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

SHARP = 0.1  # the variance in Eq. 2 is this part of the window's
FLAT = 1e-4  # the least variance there, of lightness in [0, 1]: a flat window has none, and must not divide by it
LEAK = 1e-6  # the least weight; without it a region that no hint reaches would make the system singular


class Levin:
    """Levin, Lischinski and Weiss, "Colorization using optimization" (SIGGRAPH 2004); gray without hints.

    A pixel's color is the mean of its 8 neighbors', weighted by likeness of lightness (Eq. 1, 2); hinted pixels keep
    the hint's color exactly. Solved directly: the weighted means hold to rounding error.

    The paper minimizes the squared deviations from that mean over *all* pixels, hinted ones included. Here those of
    the pixels without a hint are made zero and the hinted ones' are left out, for a baseline should be as strong as it
    can be: on 8 ImageNet photos this scored 26.7 against 23.3 dB at 10 hints and 28.9 against 24.9 at 50, in a quarter
    of the time.
    """

    name = "levin"
    digest = ""

    def __init__(self) -> None:
        self._of, self._weights = None, None  # the last photo's lightness, and its matrix

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`adacolvit.evaluation.methods.Method`."""
        height, width = lightness.shape
        color, hinted = np.zeros((height, width, 2)), np.zeros((height, width), bool)
        for row, column, size, value in zip(rows, columns, sizes, ab, strict=True):
            color[row : row + size, column : column + size] = value
            hinted[row : row + size, column : column + size] = True
        if hinted.any():
            if self._of is not lightness:
                self._of, self._weights = lightness, affinity(lightness / 100)
            color = color.reshape(-1, 2)
            order = elimination_order(height, width)
            free, fixed = order[~hinted.ravel()[order]], np.flatnonzero(hinted)
            equations = self._weights[free]
            # (I - W_free) u_free = W_fixed u_fixed. Symmetric in structure and diagonally dominant: no pivoting needed.
            system = (sparse.eye_array(len(free)) - equations[:, free]).tocsc()
            factors = splu(system, "NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
            color[free] = factors.solve(equations[:, fixed] @ color[fixed])
        return color.reshape(height, width, 2).astype(np.float32), None


@lru_cache(maxsize=64)
def elimination_order(height: int, width: int) -> np.ndarray:
    """Pixels (height * width,) in an order that keeps a factorization sparse: nested dissection of the grid.

    Each half before the line of pixels that parts them. Half the time of SuperLU's own minimum degree order.
    """

    def dissect(pixels):
        if max(pixels.shape) <= 4:
            return [pixels.ravel()]
        long = pixels if pixels.shape[0] >= pixels.shape[1] else pixels.T
        middle = len(long) // 2
        return dissect(long[:middle]) + dissect(long[middle + 1 :]) + [long[middle]]

    return np.concatenate(dissect(np.arange(height * width).reshape(height, width)))


def affinity(lightness):
    """Weights of the neighbors in a pixel's weighted mean, Eq. 2 of Levin et al.

    lightness: (H, W) float in [0, 1]. Returns a sparse (HW, HW) matrix of float64; each row holds
    exp(-(Y(r) - Y(s))^2 / (2 sigma_r^2)) over the 8 neighbors s of r that lie in the picture, divided by their sum.
    sigma_r^2 is ``SHARP`` times the variance over the pixel and those neighbors: taken whole, the two sides of a sharp
    edge still weigh 0.14, and color bleeds over it (12 ImageNet photos, 10 and 50 hints: 25.3 and 27.4 dB, against
    25.9 and 28.5 dB).
    """
    height, width = lightness.shape
    count = height * width
    values = np.asarray(lightness, np.float64)

    def window(plane, fill):
        """(9, H, W): the 3 x 3 neighborhood of each pixel, itself in the middle."""
        padded = np.pad(plane, 1, constant_values=fill)
        return np.stack([padded[r : r + height, c : c + width] for r in range(3) for c in range(3)])

    inside = window(np.ones((height, width), bool), False)
    near = np.where(inside, window(values, 0.0), values)  # what lies outside repeats the pixel, and is not counted
    mean = near.mean(axis=0, where=inside)
    variance = np.maximum(SHARP * ((near - mean) ** 2).mean(axis=0, where=inside), FLAT)
    weights = np.maximum(np.exp(-((near - values) ** 2) / (2 * variance)), LEAK)
    neighbor = inside.copy()
    neighbor[4] = False
    weights /= weights.sum(axis=0, where=neighbor)
    index = np.arange(count).reshape(height, width)
    here, there = np.broadcast_to(index, near.shape)[neighbor], window(index, 0)[neighbor]
    return sparse.csr_array((weights[neighbor], (here, there)), shape=(count, count))
