"""Lightness under a color profile for 16 bits per channel: between the 8-bit colors that LittleCMS converts."""

import numpy as np
from PIL import Image

from adacolvit.color.lab import levels_to_linear, linear_to_lightness
from adacolvit.color.profile import Transform

_STEP = 5  # levels of 255 between two nodes
_NODES = 255 // _STEP + 1
_FULL = 65535


def profile_lattice(transform: Transform) -> np.ndarray:
    """L of evenly spaced RGB of a profile, by its ``transform`` to sRGB: (52, 52, 52) float32, indexed by r, g, b."""
    axis = np.arange(0, 256, _STEP, dtype=np.uint8)
    nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(_NODES, -1, 3)
    srgb = np.asarray(transform(Image.fromarray(nodes)))
    return linear_to_lightness(levels_to_linear(srgb)).astype(np.float32).reshape(_NODES, _NODES, _NODES)


def interpolate(lattice: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """L between a lattice's nodes, trilinear. ``levels`` (..., 3) uint16 -> (...) float32."""
    at = levels * np.float32((_NODES - 1) / _FULL)
    node = np.minimum(at.astype(np.int32), _NODES - 2)
    share = at - node.astype(np.float32)
    first = (node[..., 0] * _NODES + node[..., 1]) * _NODES + node[..., 2]

    def between(start: int, axis: int) -> np.ndarray:
        """L at a share of the way along this axis and those after it."""
        if axis == 3:
            return lattice.take(first + start)
        near, far = between(start, axis + 1), between(start + _NODES ** (2 - axis), axis + 1)
        return near + share[..., axis] * (far - near)

    return between(0, 0)
