"""Runs a network on the CPU with ONNX Runtime."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from adacolvit.errors import WeightsError
from adacolvit.hints.encoder import decode_ab
from adacolvit.hints.frame import PATCH
from adacolvit.model.positions import sine_positions
from adacolvit.weights import Weights

from .graph import build


@dataclass(frozen=True, eq=False)
class Decisions:
    """What the network decided for one image of N patches, in D blocks; index 0 is attention, 1 the FFN."""

    layers: np.ndarray  # (D, 2) bool: ran, or was skipped
    patches: np.ndarray  # (D, 2, N) bool: more informative; all False where the layer was skipped


class Engine:
    """A network ready to run. One engine may be used by several threads at once."""

    def __init__(self, weights: Weights, *, threads: int | None = None) -> None:
        """``threads``: cores one call may use; None is one, which leaves the others to everybody else."""
        import onnxruntime  # 0.1 s that `adacolvit models` need not wait for

        self.weights = weights
        self.threads = threads or 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = build(weights).SerializeToString()
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common base but this
            raise WeightsError(f"ONNX Runtime cannot load the network {weights.name}: {error}") from error
        self._positions = lru_cache(maxsize=8)(sine_positions)  # a person's photos share few grids

    @property
    def config(self):
        """The network's config."""
        return self.weights.config

    def run(self, x: np.ndarray) -> tuple[np.ndarray, Decisions]:
        """Color one image.

        x: (4, H, W) float32 as :func:`adacolvit.hints.encoder.encode` makes it, H and W multiples of 16.
        Returns ab (2, H, W) float32 in Lab units, and what was decided.
        """
        _, height, width = x.shape
        rows, columns = height // PATCH, width // PATCH
        feeds = {"x": x[None], "positions": self._positions(rows, columns, self.config.width)}
        ab, *decided = self._session.run(None, feeds)
        if not decided:  # dense: everything ran
            decided = np.ones((self.config.depth, 2), bool), np.ones((self.config.depth, 2, rows * columns), bool)
        return decode_ab(ab[0]), Decisions(*decided)
