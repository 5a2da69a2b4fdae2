"""What one run of a network decided."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Decisions:
    """What the network decided for one image of N patches in D blocks, and what it took. Index 0: attention, 1: FFN."""

    layers: np.ndarray  # (D, 2) bool: ran, or was skipped
    patches: np.ndarray  # (D, 2, N) bool: more informative; all False where the layer was skipped
    macs: int  # multiply-accumulates that were executed
    milliseconds: np.ndarray | None = None  # (D, 2) float32 of each layer, 0 where it was skipped; None: not measured
    budget: float | None = None  # that it ran at; None: the network takes none
