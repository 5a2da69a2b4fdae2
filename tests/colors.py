"""Colors as tests compare them."""

import numpy as np

from adacolvit.color.hex import parse_hex
from adacolvit.color.lab import srgb_to_lab


def lab(color: str) -> np.ndarray:
    """The Lab of a color such as #7b4a2d."""
    return srgb_to_lab(np.array(parse_hex(color)) / 255)
