"""Two-dimensional sine-cosine positions, computed for any grid and never stored."""

import numpy as np

SPAN = 14  # tokens along a side of the paper's 224 x 224 input: the frame in which positions are centered
# Longest wavelength in tokens, over 2 pi; a grid is some 14 tokens wide, so the usual 10,000 would idle most channels.
BASE = 100.0


def centered_origin(rows: int, columns: int) -> tuple[float, float]:
    """Coordinates (row, column) of the first token that put a grid's middle where a 14 x 14 grid has it."""
    return (SPAN - rows) / 2, (SPAN - columns) / 2


def sine_positions(rows: int, columns: int, width: int, origin=None) -> np.ndarray:
    """Position vectors of a grid: (rows * columns, width) float32, row-major.

    A quarter of the channels each for sin and cos of the row and of the column; wavelengths from 2 pi to
    2 pi * ``BASE`` tokens. ``origin``: coordinates (row, column) of the first token, in tokens; None centers the grid.
    """
    origin = centered_origin(rows, columns) if origin is None else origin
    frequencies = BASE ** -(np.arange(width // 4) / (width // 4))
    angles_r = np.repeat(origin[0] + np.arange(rows), columns)[:, None] * frequencies
    angles_c = np.tile(origin[1] + np.arange(columns), rows)[:, None] * frequencies
    parts = [np.sin(angles_r), np.cos(angles_r), np.sin(angles_c), np.cos(angles_c)]
    return np.concatenate(parts, axis=1).astype(np.float32)
