"""Runs a network on the CPU with ONNX Runtime."""

from functools import lru_cache
from importlib import metadata

import numpy as np

from adacolvit.errors import WeightsError
from adacolvit.hints.encoder import checked, decode_ab
from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import check_budget
from adacolvit.model.cost import cost
from adacolvit.model.positions import sine_positions
from adacolvit.weights import Weights

from .decisions import Decisions
from .graph import build


class OnnxEngine:
    """A network ready to run. One engine may be used by several threads at once."""

    precision = "fp32"

    def __init__(self, weights: Weights, *, threads: int = 1) -> None:
        """``threads``: cores one call may use. Raises WeightsError."""
        import onnxruntime  # 0.1 s that nobody else need wait for

        self.config = weights.config
        self.name = f"ONNX Runtime {metadata.version('onnxruntime')}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = build(weights).SerializeToString()
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common base but this
            raise WeightsError(f"ONNX Runtime cannot load the network {weights.name}: {error}") from error
        self._positions = lru_cache(maxsize=8)(sine_positions)  # a person's photos share few grids

    def run(self, x: np.ndarray, *, budget: float | None = None) -> tuple[np.ndarray, Decisions]:
        """As :meth:`adacolvit.runtime.engine.Engine.run`."""
        x = checked(x)
        _, height, width = x.shape
        rows, columns = height // PATCH, width // PATCH
        feeds = {"x": x[None], "positions": self._positions(rows, columns, self.config.width)}
        budget = check_budget(self.config, budget)
        if budget is not None:
            feeds["budget"] = np.array([budget], np.float32)
        ab, *decided = self._session.run(None, feeds)
        if not decided:  # dense: everything ran
            decided = np.ones((self.config.depth, 2), bool), np.ones((self.config.depth, 2, rows * columns), bool)
        layers, patches = decided
        macs = cost(self.config, rows * columns, layers, patches.sum(-1))  # the graph leaves out exactly what they say
        return decode_ab(ab[0]), Decisions(layers, patches, macs, budget=budget)
