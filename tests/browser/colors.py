"""Colors as the tests of the picker compare them."""

import numpy as np

from adacolvit.color.gamut import nearest
from adacolvit.color.hex import parse_hex
from adacolvit.color.lab import lab_to_srgb

from ..colors import lab

BARK, SEA, MOSS = "#7b4a2d", "#2e5e8c", "#5c7a3a"


def at_lightness(color: str, lightness: float) -> tuple[int, int, int]:
    """The displayable color of that lightness that is nearest to a wanted one, 0..255."""
    a, b = nearest(lightness, lab(color)[1:])
    return tuple(np.round(255 * np.clip(lab_to_srgb(np.array([lightness, a, b])), 0, 1)).astype(int))


def close(color: str, rgb, levels: int = 2) -> bool:
    return np.abs(np.array(parse_hex(color)) - np.array(rgb)).max() <= levels


def spot_lightness(table) -> float:
    return lab(table.hex.input_value())[0]
