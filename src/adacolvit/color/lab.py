"""CIE Lab (D65, 2 degrees) <-> sRGB: one implementation for NumPy arrays, torch tensors and plain numbers.

Frames: L in [0, 100]; a, b in about [-110, 110]; sRGB in [0, 1], or levels of 8 bits. Channels are the last axis.
The sRGB transfer is IEC 61966-2-1, Lab is CIE 15. Floats in, floats of the same kind out.
"""

import math
from functools import cache

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

WHITE = (0.95047, 1.0, 1.08883)  # D65, the white of scikit-image and MATLAB; OpenCV's differs by up to 0.46 Lab units
_RGB_TO_XYZ = np.array([
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
])  # fmt: skip
_TO_XYZ = _RGB_TO_XYZ / np.array(WHITE)[:, None]  # linear sRGB -> X/Xn, Y/Yn, Z/Zn
FROM_XYZ = np.linalg.inv(_TO_XYZ)  # and back
_DELTA = 6 / 29  # where Lab's cube root gives way to a line


class _Numbers:
    """What arrays have, for one number: a click's color takes a fifth of the time that NumPy's calls do."""

    @staticmethod
    def where(condition, x, y):
        return x if condition else y

    @staticmethod
    def clip(x, low, high):
        return min(max(x, low), math.inf if high is None else high)


def _namespace(x):
    """The functions for x's kind; NumPy's without the search, which costs as much as a color."""
    if type(x) is float:
        return _Numbers
    return np if is_numpy_array(x) else array_namespace(x)


def _cbrt(x):
    """Of what is above the line's end; below, any number."""
    if is_numpy_array(x):
        return np.cbrt(x)  # 4x as fast as a power
    return _namespace(x).clip(x, _DELTA**3, None) ** (1 / 3)


def _mix(matrix, channels):
    """Apply a 3x3 matrix to a tuple of three arrays; plain sums, so no copy to a matmul's layout."""
    return tuple(row[0] * channels[0] + row[1] * channels[1] + row[2] * channels[2] for row in matrix.tolist())


def srgb_to_linear(rgb):
    """Undo the sRGB transfer. ``rgb`` (...) float in [0, 1] -> linear light (...), same kind."""
    xp = _namespace(rgb)
    return xp.where(rgb > 0.04045, ((xp.clip(rgb, 0.0, None) + 0.055) / 1.055) ** 2.4, rgb / 12.92)


@cache
def _linear_table(top):
    return srgb_to_linear(np.arange(top + 1) / top).astype(np.float32)


def levels_to_linear(levels):
    """Linear light of sRGB of 8 or 16 bits, by a table: four times as fast as by powers.

    (...) uint8 or uint16 NumPy -> (...) float32.
    """
    return _linear_table(np.iinfo(levels.dtype).max)[levels]


def linear_to_srgb(linear):
    """Apply the sRGB transfer. Linear light (...) float -> sRGB (...), in [0, 1] where ``linear`` is."""
    xp = _namespace(linear)
    return xp.where(linear > 0.0031308, 1.055 * xp.clip(linear, 0.0031308, None) ** (1 / 2.4) - 0.055, 12.92 * linear)


def _f(t):
    xp = _namespace(t)
    return xp.where(t > _DELTA**3, _cbrt(t), t / (3 * _DELTA**2) + 4 / 29)


def _f_inverse(f):
    xp = _namespace(f)
    return xp.where(f > _DELTA, f**3, (3 * _DELTA**2) * (f - 4 / 29))


def luminance_to_lightness(y):
    """CIE lightness of relative luminance. ``y`` (...) float in [0, 1] -> L (...) in [0, 100]."""
    return 116 * _f(y) - 16


def lightness_to_luminance(lightness):
    """Relative luminance of CIE lightness. L (...) float in [0, 100] -> Y (...) in [0, 1]."""
    return _f_inverse((lightness + 16) / 116)


def srgb_to_lab(rgb):
    """sRGB -> Lab. ``rgb`` (..., 3) float in [0, 1] -> (..., 3), L in [0, 100], a and b in about [-110, 110]."""
    return linear_to_lab(srgb_to_linear(rgb))


def linear_to_lab(linear):
    """Linear sRGB -> Lab. ``linear`` (..., 3) float in [0, 1] -> (..., 3), as :func:`srgb_to_lab`."""
    channels = _channels_to_lab((linear[..., 0], linear[..., 1], linear[..., 2]))
    return _namespace(linear).stack(channels, axis=-1)


def levels_to_lab(red, green, blue):
    """One color of 8 bits, levels 0..255 -> (L, a, b), plain floats."""
    return _channels_to_lab([srgb_to_linear(level / 255) for level in (red, green, blue)])


def _channels_to_lab(linear):
    fx, fy, fz = (_f(v) for v in _mix(_TO_XYZ, linear))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def linear_to_lightness(linear):
    """Linear sRGB -> L. (..., 3) float in [0, 1] -> (...) in [0, 100]."""
    return luminance_to_lightness(_mix(_TO_XYZ[1:2], (linear[..., 0], linear[..., 1], linear[..., 2]))[0])


def srgb_to_lightness(rgb):
    """sRGB -> L only, a third of the work of :func:`srgb_to_lab`. (..., 3) float in [0, 1] -> (...) in [0, 100]."""
    return linear_to_lightness(srgb_to_linear(rgb))


def lab_to_linear(lab):
    """Lab -> linear sRGB, *unclipped*: outside [0, 1] where the color cannot be displayed. (..., 3) -> (..., 3)."""
    xp = _namespace(lab)
    fy = (lab[..., 0] + 16) / 116
    xyz = tuple(_f_inverse(f) for f in (fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200))
    return xp.stack(_mix(FROM_XYZ, xyz), axis=-1)


def lab_to_srgb(lab):
    """Lab -> sRGB, each channel clipped to [0, 1]. (..., 3) -> (..., 3).

    Clipping changes lightness and hue of colors outside the gamut; :func:`adacolvit.color.gamut.fit` keeps both.
    """
    xp = _namespace(lab)
    return xp.clip(linear_to_srgb(lab_to_linear(lab)), 0.0, 1.0)
