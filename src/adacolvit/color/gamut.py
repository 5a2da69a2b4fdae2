"""What an sRGB screen can show: membership, and the way of a color back into the gamut.

A color is in the gamut where every channel of its *linear* sRGB lies in [-1e-4, 1 + 1e-4]; the tolerance covers float32
and the white of Lab, whose gray axis leaves [0, 1] by 8e-5. The browser's shader runs the same test and the same eight
halvings as :func:`fit`, so that screen and saved file agree.
"""

import numpy as np
from array_api_compat import array_namespace

from .lab import lab_to_linear

TOLERANCE = 1e-4  # of linear light
STEPS = 8  # halvings of [0, 1]: at most 1/256 of the wanted chroma is lost needlessly
_REACH = 140.0  # chroma beyond every sRGB color (the largest is 134, pure blue)
_OUTLINE_HUES, _OUTLINE_STEPS = 3600, 16  # tenths of a degree find the thin tips of yellow and blue


def displayable(linear):
    """Whether linear sRGB, unclipped as of :func:`lab_to_linear`, can be displayed. (..., 3) float -> (...) bool."""
    xp = array_namespace(linear)
    return xp.all((linear >= -TOLERANCE) & (linear <= 1 + TOLERANCE), axis=-1)


def in_gamut(lab):
    """Whether colors can be displayed. ``lab`` (..., 3) float, L in [0, 100] -> (...) bool."""
    return displayable(lab_to_linear(lab))


def _scale_chroma(lab, t):
    xp = array_namespace(lab)
    return xp.stack([lab[..., 0], lab[..., 1] * t, lab[..., 2] * t], axis=-1)


def _shrink(lab, steps):
    """Bisect the chroma scale t of each color between 0 (gray, always displayable) and 1. (..., 3) -> (..., 3)."""
    xp = array_namespace(lab)
    t = xp.zeros_like(lab[..., 0])
    for step in range(1, steps + 1):
        wider = t + 0.5**step
        t = xp.where(in_gamut(_scale_chroma(lab, wider)), wider, t)
    return _scale_chroma(lab, t)


def fit(lab):
    """Bring colors into the gamut by reducing chroma at constant lightness and hue.

    ``lab`` (..., 3) float, L in [0, 100], NumPy or torch -> same shape and kind. Colors inside come back unchanged; of
    the others, the chroma scale t in [0, 1] is bisected ``STEPS`` times and the last displayable one is taken.
    """
    xp = array_namespace(lab)
    outside = ~in_gamut(lab)
    fitted = xp.asarray(lab, copy=True)
    if xp.any(outside):
        fitted[outside] = _shrink(lab[outside], STEPS)
    return fitted


def outline(lightness: float) -> np.ndarray:
    """The border of what can be displayed at one lightness: (3600, 2) float64, a and b, by hue from 0 degrees on.

    ``lightness`` L in [0, 100].
    """
    hue = np.linspace(0, 2 * np.pi, _OUTLINE_HUES, endpoint=False)
    far = np.stack([np.full_like(hue, lightness), _REACH * np.cos(hue), _REACH * np.sin(hue)], axis=-1)
    return _shrink(far, _OUTLINE_STEPS)[:, 1:]


def nearest(lightness: float, ab) -> tuple[float, float]:
    """The displayable color of one lightness that is closest, in the ab plane, to a wanted one.

    ``lightness`` L in [0, 100]; ``ab`` the wanted a and b, Lab units. Returns a and b; the wanted ones if displayable.
    """
    wanted = np.asarray(ab, np.float64)
    if in_gamut(np.array([lightness, *wanted])):
        return float(wanted[0]), float(wanted[1])
    start = outline(lightness)
    along = np.roll(start, -1, axis=0) - start
    length = np.sum(along**2, axis=-1)
    # The foot of the perpendicular on each side of the outline; at L 0 and 100 the sides shrink to points.
    foot = np.sum((wanted - start) * along, axis=-1) / np.where(length > 0, length, 1)
    points = start + np.clip(foot, 0, 1)[:, None] * along
    best = points[np.argmin(np.sum((points - wanted) ** 2, axis=-1))]
    closest = np.array([lightness, *best])
    if not in_gamut(closest):  # a side passes a hair outside where the border curves inwards
        closest = _shrink(closest, _OUTLINE_STEPS)
    return float(closest[1]), float(closest[2])
