"""The simplest colorizations, without which a number says little."""

import numpy as np


class Gray:
    """No color at all."""

    name = "gray"
    digest = ""

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`adacolvit.evaluation.methods.Method`."""
        return np.zeros((*lightness.shape, 2), np.float32), None


class Nearest:
    """Every pixel takes the color of the nearest hint (distance to the middle of its square); gray without hints."""

    name = "nearest"
    digest = ""

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`adacolvit.evaluation.methods.Method`."""
        height, width = lightness.shape
        if not len(rows):
            return np.zeros((height, width, 2), np.float32), None
        y, x = np.arange(height)[:, None, None], np.arange(width)[:, None]
        distance = (y - rows - (sizes - 1) / 2) ** 2 + (x - columns - (sizes - 1) / 2) ** 2  # H W K
        return ab[distance.argmin(axis=2)].astype(np.float32), None
