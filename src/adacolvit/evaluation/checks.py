"""Measures of faults that PSNR hides: seams between patches, washed-out color, hints that are not obeyed."""

import numpy as np

from adacolvit.color.difference import ciede2000
from adacolvit.hints.frame import PATCH
from adacolvit.hints.sampling import cell_means


def seam(ab) -> float:
    """Step of color across the borders of patches over the step elsewhere: 1 without seams. NaN without any step.

    ab: (H, W, 2) on a network frame of two patches or more each way, Lab units. The step is the mean distance in ab of
    neighboring pixels, summed over both directions; a border lies between pixels 15 and 16, 31 and 32, ... The truth's
    own value shows what chance makes of it.
    """
    at_border = elsewhere = 0.0
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(ab, axis=axis), axis=-1)
        across = (np.arange(step.shape[axis]) + 1) % PATCH == 0
        at_border += np.compress(across, step, axis).mean(dtype=np.float64)
        elsewhere += np.compress(~across, step, axis).mean(dtype=np.float64)
    return float(at_border / elsewhere) if elsewhere else float("nan")


def chroma(ab) -> float:
    """Mean chroma, sqrt(a^2 + b^2). ab (H, W, 2), Lab units. The prediction's over the truth's is its saturation."""
    return float(np.linalg.norm(ab, axis=-1).mean(dtype=np.float64))


def hint_error(lab, rows, columns, sizes, asked) -> float:
    """Median CIEDE2000, over the hints, between the color asked and the mean color obtained under the hint.

    lab: (H, W, 3) prediction on the network frame; rows, columns, sizes: (K,) int; asked: (K, 2) ab in Lab units.
    NaN without hints.
    """
    if not len(rows):
        return float("nan")
    got = cell_means(lab[None], rows[None], columns[None], sizes[None])[0]  # K 3
    wanted = np.concatenate([got[:, :1], asked], axis=1)  # lightness is the photo's own in both
    return float(np.median(ciede2000(got, wanted)))
