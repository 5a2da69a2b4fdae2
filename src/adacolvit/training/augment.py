"""Photos changed at random, so that a network cannot know them by heart: colors, lightness, and what shows beside what.

Lab of a batch, NumPy or torch, whichever is given, with the random numbers drawn by the caller.
"""

from collections.abc import Callable

from array_api_compat import array_namespace, device

from .recipe import Stage

WINDOW = (0.3, 0.8)  # sides of a window that shows another photo, as fractions of the picture's


def changed(lab, stage: Stage, normal: Callable, uniform: Callable):
    """Images as a stage wants them: each by itself (``fade``, ``jitter``, ``curve``), then one into another (``mix``).

    lab: (B, H, W, 3), which is written to. normal, uniform: shape -> random numbers of lab's kind, of deviation 1 and
    in [0, 1). Returns (B, H, W, 3); colors may leave the gamut.
    """
    batch, height, width, _ = lab.shape
    if stage.fade:
        lab[..., 1:] = faded(lab[..., 1:], uniform((2, batch)), stage.fade)
    if stage.jitter:
        lab[..., 1:] = recolored(lab[..., 1:], stage.jitter * normal((2, batch)))
    if stage.curve:
        lab[..., 0] = curved(lab[..., 0], stage.curve * normal((batch,)))
    if stage.mix:
        lab = mixed(lab, windows(uniform((5, batch)), stage.mix, height, width))
    return lab


def faded(ab, draws, share: float):
    """Colors of a share of the images with less chroma, by a factor uniform in [0, 1): some are nearly gray.

    ab: (B, H, W, 2), Lab units; draws: (2, B), uniform in [0, 1). Returns (B, H, W, 2).
    """
    xp = array_namespace(ab)
    which, factor = draws
    return ab * xp.where(which < share, factor, xp.ones_like(factor))[:, None, None, None]


def recolored(ab, by):
    """Colors turned in hue and scaled in chroma, image by image, as a product of complex numbers a + ib.

    ab: (B, H, W, 2), Lab units; by: (2, B), the logarithm of chroma's factor and the angle of hue in radians. Returns
    (B, H, W, 2); colors may leave the gamut.
    """
    xp = array_namespace(ab)
    log_factor, angle = by[:, :, None, None]
    factor = xp.exp(log_factor)
    real, imaginary = factor * xp.cos(angle), factor * xp.sin(angle)
    a, b = ab[..., 0], ab[..., 1]
    return xp.stack([a * real - b * imaginary, a * imaginary + b * real], axis=-1)


def curved(lightness, by):
    """Lightness bent image by image, 100 (L / 100)^gamma: black and white stay.

    lightness: (B, H, W), L in [0, 100]; by: (B,), ln gamma. Returns (B, H, W).
    """
    xp = array_namespace(lightness)
    return 100 * xp.clip(lightness / 100, 0, 1) ** xp.exp(by)[:, None, None]


def windows(draws, share: float, height: int, width: int):
    """Random windows of images: top, left, bottom, right (4, B), pixels.

    draws: (5, B), uniform in [0, 1). Sides are uniform in ``WINDOW`` as fractions of the image; all but a ``share`` of
    the windows are empty.
    """
    xp = array_namespace(draws)
    tall, wide = (WINDOW[0] + (WINDOW[1] - WINDOW[0]) * draws[:2]) * (draws[4] < share)
    top, left = draws[2] * (1 - tall), draws[3] * (1 - wide)
    return xp.stack([top * height, left * width, (top + tall) * height, (left + wide) * width])


def mixed(lab, where):
    """Images with a window in which the next one of the batch shows, at the same place.

    After CutMix (Yun et al., ICCV 2019): things that have nothing to do with each other meet along a line, which colors
    must not cross. lab: (B, H, W, 3); where: as of :func:`windows`. Returns (B, H, W, 3).
    """
    xp = array_namespace(lab)
    _, height, width, _ = lab.shape
    top, left, bottom, right = where[:, :, None]
    y, x = xp.arange(height, device=device(lab)), xp.arange(width, device=device(lab))
    inside = ((y >= top) & (y < bottom))[:, :, None] & ((x >= left) & (x < right))[:, None, :]
    return xp.where(inside[..., None], xp.roll(lab, -1, axis=0), lab)
