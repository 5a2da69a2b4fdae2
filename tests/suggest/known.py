"""A network whose influence is known, in place of one that was trained; tests/web/numbers.ts has it too.

Color wavers with the column, and with lightness a little. A hint right of the first 40 % of the photo is followed by
0.9 on all of that ground, one to the left of it by what is within some pixels of it alone.
"""

import numpy as np


def predict(engine, lightness: np.ndarray, placed: tuple, budget=None):
    """As :func:`adacolvit.colorizer.predict`, without what the network decided."""
    height, width = lightness.shape
    row, column = np.mgrid[:height, :width]
    ab = np.stack([5 + 0.1 * lightness, 0.1 * (column - width / 2)])
    wide = column >= 0.4 * width
    for top, left, size, asked in zip(*placed, strict=True):
        y, x = top + size / 2, left + size / 2
        near = np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * 15**2))
        share = 0.9 * wide if x >= 0.4 * width else near
        ab += share * (asked[:, None, None] - ab)
    return ab.astype(np.float32), None
