"""Timing on one pinned core, every way in turn, so that whatever else the machine does falls on all alike."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import fmean, median
from time import perf_counter

import numpy as np

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import metrics
from adacolvit.evaluation.photos import Truth
from adacolvit.evaluation.protocol import join
from adacolvit.runtime import native
from adacolvit.runtime.native_engine import trusted_instruction_set
from adacolvit.runtime.refine import refine

from .executions import Execution

COLD = 3  # engines made anew, each for one first click
SPIN = 20_000  # rounds of the arithmetic's peak: about a millisecond


@dataclass(frozen=True)
class Sample:
    """A photo with its hints: what every execution is given."""

    truth: Truth
    placed: tuple  # rows, columns, sizes, ab
    x: np.ndarray  # (4, H, W)


@dataclass(frozen=True)
class Row:
    """One execution's figures; means over photos of each photo's median."""

    model: str
    engine: str
    version: str
    precision: str
    adaptive: bool
    ms: float
    cold_ms: float  # the first click of a new engine
    gmacs: float
    gflops: float  # billions of multiplications and additions per second, two to a MAC
    peak_share: float | None  # of the machine's peak in that precision
    psnr10: float | None  # dB, refined as in the product; None for random weights

    def to_dict(self) -> dict:
        return asdict(self)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})  # the first one has most of the interrupts
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(
    executions: Sequence[Execution], samples: Sequence[Sample], rounds: int, trained: set[str]
) -> tuple[list[Row], dict[str, float]]:
    """Time all executions on all samples, in turn, ``rounds`` times. ``trained``: names of weights worth a PSNR.

    Returns a row for each, and the machine's peak by precision in GFLOP/s, of those that the compiled engine has here.
    """
    with one_core():
        cold, runs = [], []
        for execution in executions:
            times = []
            for _ in range(COLD):
                run = execution.load()
                times.append(_timed(run, samples[0].x)[0])
            cold.append(median(times))
            runs.append(run)
        times = np.empty((len(runs), len(samples), rounds))
        macs, psnr = np.empty(times.shape[:2]), np.empty(times.shape[:2])
        peaks = {execution.precision: [] for execution in executions if execution.engine == "adacolvit"}
        for j, sample in enumerate(samples):
            for r in range(rounds):
                for precision, found in peaks.items():
                    found.append(_peak(precision))
                for i, run in enumerate(runs):
                    times[i, j, r], (ab, macs[i, j]) = _timed(run, sample.x)
                    if r == 0:
                        psnr[i, j] = _psnr(sample, ab)
    peak = {precision: median(found) for precision, found in peaks.items()}
    rows = []
    for i, execution in enumerate(executions):
        ms = fmean(np.median(times[i], axis=1))
        gflops = 2 * macs[i].mean() / ms / 1e6
        name = execution.weights.name
        rows.append(
            Row(
                model=name,
                engine=execution.engine,
                version=execution.version,
                precision=execution.precision,
                adaptive=execution.adaptive,
                ms=ms,
                cold_ms=cold[i],
                gmacs=macs[i].mean() / 1e9,
                gflops=gflops,
                peak_share=gflops / peak[execution.precision] if execution.precision in peak else None,
                psnr10=psnr[i].mean() if name in trained else None,
            )
        )
    return rows, peak


def _timed(run, x: np.ndarray):
    start = perf_counter()
    result = run(x)
    return (perf_counter() - start) * 1e3, result


def _peak(precision: str) -> float:
    """GFLOP/s of this core's arithmetic in a precision, from registers alone."""
    name = trusted_instruction_set(precision).encode()
    start = perf_counter()
    macs = native.library().adacolvit_spin(name, SPIN)
    return 2 * macs / (perf_counter() - start) / 1e9


def _psnr(sample: Sample, ab: np.ndarray) -> float:
    lightness = np.ascontiguousarray(sample.truth.lab[..., 0])
    refined = refine(lightness, ab, *sample.placed)
    return metrics.psnr(lab_to_srgb(join(sample.truth, refined.transpose(1, 2, 0))), sample.truth.rgb)
