"""From measurements of single photos to what a table shows, with the uncertainty of the choice of photos."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .rows import Row

RESAMPLES = 2000
LEVEL = 0.95
COMPARED = {"psnr": "difference", "lpips": "lpips_difference"}  # measure -> its name in an entry, against the first


def bootstrap(values, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean by resampling (percentile bootstrap). ``values`` (n,) -> low, high.

    The same seed draws the same photos for every method, so equal numbers of photos give comparable intervals.
    """
    values = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Paired:
    """How much more of something one method has than another, photo by photo: the mean, and its 95 % interval."""

    mean: float
    low: float
    high: float
    photos: int

    @property
    def verdict(self) -> str:
        """ "more", "less", or "undecided" where the interval holds 0."""
        return "more" if self.low > 0 else "less" if self.high < 0 else "undecided"


def compare(ones: Mapping[str, Row], others: Mapping[str, Row], measure: str) -> Paired:
    """Subtract one method's measurements from another's on the same photos. ``measure``: a field of :class:`Row`.

    ones, others: rows by key, over the same keys. A claim "A is better than B" is as good as this interval.
    """
    difference = np.array([getattr(row, measure) - getattr(others[key], measure) for key, row in ones.items()])
    return Paired(float(difference.mean()), *bootstrap(difference), len(difference))


def grouped(rows: list[Row]) -> dict[tuple[str, int], dict[str, Row]]:
    """(method, hints) -> {key: row}, in the order of ``rows``."""
    groups: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row.method, row.hints), {})[row.key] = row
    return groups


def summarize(rows: list[Row]) -> list[dict]:
    """One entry per method and hint count, in the order of ``rows``; methods are compared with the first.

    Means over photos, but: ``saturation`` is a ratio of means, and ``seam``, ``true_seam`` and ``hint_error`` are
    medians, since single photos with hardly any color would rule a mean. None where a value is not defined.
    ``psnr_low`` and ``psnr_high`` bound the mean PSNR; ``difference`` is the mean over photos of the PSNR less that of
    the first method at as many hints, with its own interval, and ``lpips_difference`` the same of LPIPS.
    """
    groups = grouped(rows)
    first = rows[0].method if rows else None
    return [_entry(method, hints, group, groups.get((first, hints))) for (method, hints), group in groups.items()]


def _entry(method: str, hints: int, group: dict[str, Row], reference: dict[str, Row] | None) -> dict:
    def column(name):
        return np.array([getattr(row, name) for row in group.values()], np.float64)

    psnr, macs, true_chroma = column("psnr"), column("macs"), column("true_chroma").mean()
    low, high = bootstrap(psnr)
    entry = {
        "method": method,
        "hints": hints,
        "photos": len(group),
        "psnr": psnr.mean(),
        "psnr_low": low,
        "psnr_high": high,
        "psnr_native": column("psnr_native").mean(),
        "gain": column("gain").mean(),
        "ciede2000": column("ciede2000").mean(),
        "ssim": column("ssim").mean(),
        "lpips": column("lpips").mean(),
        "lpips_unscaled": column("lpips_unscaled").mean(),
        "macs": macs.mean(),
        "macs_p5": np.quantile(macs, 0.05),
        "macs_p95": np.quantile(macs, 0.95),
        "saturation": column("chroma").mean() / true_chroma if true_chroma else math.nan,
        "seam": _median(column("seam")),
        "true_seam": _median(column("true_seam")),
        "hint_error": _median(column("hint_error")),
    }
    if reference and reference.keys() == group.keys() and reference is not group:
        for measure, name in COMPARED.items():
            found = compare(group, reference, measure)
            entry |= {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}
    return {name: _plain(value) for name, value in entry.items()}


def _median(values) -> float:
    defined = values[~np.isnan(values)]
    return np.median(defined) if len(defined) else math.nan


def _plain(value):
    """A value as JSON can hold it."""
    if isinstance(value, str | int):
        return value
    return None if math.isnan(value) else float(value)


def worst(rows: list[Row], method: str, hints: int, count: int) -> list[Row]:
    """The ``count`` photos on which a method gains least over gray, worst first."""
    return sorted((row for row in rows if (row.method, row.hints) == (method, hints)), key=lambda row: row.gain)[:count]
