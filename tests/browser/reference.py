"""A photo to take colors from, and how a file is dropped on the page."""

import numpy as np

from adacolvit.color.hex import parse_hex

from ..pictures import encoded
from .colors import BARK, MOSS, SEA

DROP = """([selector, name, bytes]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
    const target = document.querySelector(selector);
    for (const kind of ["dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
}"""


def reference_photo() -> bytes:
    """Four fields of color."""
    pixels = np.zeros((80, 120, 3), np.uint8)
    for i, color in enumerate([BARK, SEA, MOSS, "#c9a227"]):
        pixels[40 * (i // 2) : 40 * (i // 2 + 1), 60 * (i % 2) : 60 * (i % 2 + 1)] = parse_hex(color)
    return encoded(pixels, "PNG")
