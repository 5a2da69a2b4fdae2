"""Timing on one pinned core, every way in turn, so that whatever else the machine does falls on all alike."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from time import perf_counter

import numpy as np

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import metrics
from adacolvit.evaluation.photos import Truth
from adacolvit.evaluation.protocol import join
from adacolvit.evaluation.threads import one_core
from adacolvit.runtime import native
from adacolvit.runtime.native_engine import trusted_instruction_set
from adacolvit.runtime.refine import refine

from .executions import Execution, Run
from .journal import Journal

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


def measure(
    executions: Sequence[Execution], samples: Iterable[Sample], rounds: int, trained: set[str], journal: Journal
) -> tuple[list[Row], dict[str, float]]:
    """Time all executions on all samples, in turn, ``rounds`` times. ``trained``: names of weights worth a PSNR.

    samples: those of the journal's records come first, and are not measured again.
    Returns a row for each, and the machine's peak by precision in GFLOP/s, of those that the compiled engine has here.
    """
    with one_core():
        runs = None
        for j, sample in enumerate(samples):
            if j < len(journal.records):
                continue
            runs = runs or [execution.load() for execution in executions]
            cold = [_cold(execution, sample) for execution in executions] if j == 0 else None
            journal.note(_record(executions, runs, sample, rounds) | {"cold": cold})
    records = journal.records
    peak = {name: median(p for record in records for p in record["peaks"][name]) for name in records[0]["peaks"]}
    rows = []
    for i, execution in enumerate(executions):
        ms = fmean(median(record["times"][i]) for record in records)
        macs = fmean(record["macs"][i] for record in records)
        gflops = 2 * macs / ms / 1e6
        name = execution.weights.name
        rows.append(
            Row(
                model=name,
                engine=execution.engine,
                version=execution.version,
                precision=execution.precision,
                adaptive=execution.adaptive,
                ms=ms,
                cold_ms=records[0]["cold"][i],
                gmacs=macs / 1e9,
                gflops=gflops,
                peak_share=gflops / peak[execution.precision] if execution.precision in peak else None,
                psnr10=fmean(record["psnr"][i] for record in records) if name in trained else None,
            )
        )
    return rows, peak


def _cold(execution: Execution, sample: Sample) -> float:
    """Milliseconds of the first click of an engine."""
    return median(_timed(execution.load(), sample.x)[0] for _ in range(COLD))


def _record(executions: Sequence[Execution], runs: Sequence[Run], sample: Sample, rounds: int) -> dict:
    """One photo's figures, plain values: for each execution milliseconds of all rounds, MACs and PSNR."""
    times, macs, psnr = [[] for _ in runs], [], []
    peaks = {execution.precision: [] for execution in executions if execution.engine == "adacolvit"}
    for r in range(rounds):
        for precision, found in peaks.items():
            found.append(_peak(precision))
        for i, run in enumerate(runs):
            took, (ab, count) = _timed(run, sample.x)
            times[i].append(took)
            if r == 0:
                macs.append(int(count))
                psnr.append(float(_psnr(sample, ab)))
    return {"times": times, "macs": macs, "psnr": psnr, "peaks": peaks}


def _timed(run, x: np.ndarray):
    start = perf_counter()
    result = run(x)
    return (perf_counter() - start) * 1e3, result


def _peak(precision: str) -> float:
    """GFLOP/s of this core's arithmetic in a precision, from registers alone."""
    name = trusted_instruction_set(precision).encode()
    found = []
    for _ in range(2):  # the first time a core may still be waking
        start = perf_counter()
        macs = native.library().adacolvit_spin(name, SPIN)
        found.append(2 * macs / (perf_counter() - start) / 1e9)
    return max(found)


def _psnr(sample: Sample, ab: np.ndarray) -> float:
    lightness = np.ascontiguousarray(sample.truth.lab[..., 0])
    refined = refine(lightness, ab, *sample.placed)
    return metrics.psnr(lab_to_srgb(join(sample.truth, refined.transpose(1, 2, 0))), sample.truth.rgb)
