"""Runs a network on the CPU: with the compiled engine, or with ONNX Runtime where that one is not to be had."""

import os

import numpy as np

from adacolvit.errors import EngineError
from adacolvit.weights import Weights

from .decisions import Decisions
from .native_engine import NativeEngine

EXECUTIONS = ("native", "onnxruntime")
VARIABLE = "ADACOLVIT_ENGINE"  # of the environment: one of them, for who wants no other
MOST_THREADS = 1024
PRECISION = "ADACOLVIT_PRECISION"  # likewise: fp32, bf16 or int8


class Engine:
    """A network ready to run. One engine may be used by several threads at once."""

    def __init__(
        self,
        weights: Weights,
        *,
        threads: int | None = None,
        execution: str | None = None,
        precision: str | None = None,
    ) -> None:
        """Prepare ``weights``.

        threads: cores one call may use; None is one, which leaves the others to everybody else.
        execution: "native" or "onnxruntime"; None is what ``$ADACOLVIT_ENGINE`` says, else native with ONNX Runtime
            where that cannot be had.
        precision: of products, "fp32", "bf16" or "int8"; None is what ``$ADACOLVIT_PRECISION`` says, else bf16 where
            the processor has instructions for it, and fp32 everywhere else.
        Raises WeightsError, or EngineError where the wanted one cannot be had.
        """
        if threads is not None and not (type(threads) is int and 1 <= threads <= MOST_THREADS):
            raise EngineError(f"threads is {threads!r}: give a whole number from 1 to {MOST_THREADS}, or None for one")
        self.weights = weights
        self.threads = threads or 1
        self.fallback: str | None = None  # why it is not the native one, where nobody asked for another
        wanted = execution or os.environ.get(VARIABLE) or None
        if wanted not in (None, *EXECUTIONS):
            names = " or ".join(EXECUTIONS)
            raise EngineError(f"there is no engine {wanted!r}; set {VARIABLE} to {names}, or to nothing")
        precision = precision or os.environ.get(PRECISION) or None
        if wanted != "onnxruntime":
            try:
                self._execution = NativeEngine(weights, threads=self.threads, precision=precision)
                return
            except EngineError as error:
                if wanted or precision not in (None, "fp32"):
                    raise
                self.fallback = str(error)
        elif precision not in (None, "fp32"):
            raise EngineError(f"ONNX Runtime runs networks in fp32 here, not in {precision}: leave one of the two open")
        from .onnx_engine import OnnxEngine  # brings onnx, 10 MB that the compiled engine does without

        self._execution = OnnxEngine(weights, threads=self.threads)

    @property
    def config(self):
        """The network's config."""
        return self.weights.config

    @property
    def name(self) -> str:
        """What executes the network, for people: its name, and the instruction set or version."""
        return self._execution.name

    @property
    def precision(self) -> str:
        """What products are computed in: "fp32", "bf16" or "int8"."""
        return self._execution.precision

    def run(self, x: np.ndarray, *, budget: float | None = None) -> tuple[np.ndarray, Decisions]:
        """Color one image.

        x: (4, H, W) float32 as :func:`adacolvit.hints.encoder.encode` makes it, H and W multiples of 16.
        budget: share of the dense network's cost that photos may take in the mean, None for the network's own; see
            :func:`adacolvit.model.budget.check_budget`.
        Returns ab (2, H, W) float32 in Lab units, and what was decided. Raises BudgetError; ValueError for another x.
        """
        return self._execution.run(x, budget=budget)
