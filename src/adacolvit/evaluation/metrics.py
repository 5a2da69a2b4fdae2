"""How far a colored picture is from the true one. Pictures are (H, W, 3) floats, sRGB in [0, 1] or Lab as named."""

from functools import lru_cache

import numpy as np

from adacolvit.color.difference import ciede2000

LOWEST_ERROR = 1e-5  # of the mean squared error: a perfect picture scores 50 dB, so that none outweighs all others
SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # Gaussian window of 11 x 11 px, as in the paper on SSIM
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2  # (K1 * range)^2 and (K2 * range)^2


def psnr(rgb, truth) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and channels. (H, W, 3) sRGB in [0, 1], both; at most 50 dB.

    The published figure of a method is the mean of this over photos.
    """
    return float(-10 * np.log10(max(np.mean((rgb - truth) ** 2), LOWEST_ERROR)))


def mean_difference(lab, truth) -> float:
    """CIEDE2000, mean over pixels; about 1 is just noticeable. (H, W, 3) Lab, both."""
    return float(np.mean(ciede2000(lab, truth)))


def ssim(rgb, truth) -> float:
    """Structural similarity (Wang et al. 2004), mean over channels and over windows that lie in the picture.

    rgb, truth: (H, W, 3) sRGB in [0, 1], both sides at least 11 px. At most 1.
    """
    x, y = (np.moveaxis(np.asarray(picture, np.float64), -1, 0) for picture in (rgb, truth))
    down, across = _windows(x.shape[1]), _windows(x.shape[2])
    mx, my, xx, yy, xy = (down @ planes @ across.T for planes in (x, y, x * x, y * y, x * y))  # 3 H-10 W-10
    vx, vy, cov = xx - mx * mx, yy - my * my, xy - mx * my
    likeness = (2 * mx * my + SSIM_C1) * (2 * cov + SSIM_C2) / ((mx * mx + my * my + SSIM_C1) * (vx + vy + SSIM_C2))
    return float(likeness.mean())


@lru_cache(maxsize=64)
def _windows(extent: int) -> np.ndarray:
    """(extent - 10, extent): a Gaussian window in each row, so that a product with it filters."""
    window = np.exp(-(np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1) ** 2) / (2 * SSIM_SIGMA**2))
    rows = np.arange(extent - 2 * SSIM_RADIUS)[:, None]
    matrix = np.zeros((len(rows), extent))
    matrix[rows, rows + np.arange(len(window))] = window / window.sum()
    return matrix
