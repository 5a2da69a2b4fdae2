"""Figure 7: the photos on which the network spends least and most, and how its cost is spread."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .effort import watch
from .experiment import Experiment
from .figure import ACCENT, INK, plt, save, style
from .found import Found, picture_name
from .page import table
from .paper import ADACOLVIT_T

COUNT = 10
SHOWN = 5  # photos at each end


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in (one for one in found if one.of(ADACOLVIT_T)):
        name = picture_name("fig7", one, found)
        rows = sorted(one.rows[one.of(ADACOLVIT_T)[0]], key=lambda row: row.macs)
        each = min(SHOWN, len(rows) // 2)
        ends = rows[: each or 1], rows[len(rows) - each :]
        spent = np.array([row.macs for row in rows]) / 1e9
        gain = np.array([row.gain for row in rows])
        parts += [
            f"## {one.data.title}, {len(rows)} photos, {COUNT} hints",
            _pictures(one, ends, folder, name),
            _spread(spent, folder, f"{name}-spread"),
            table(
                ("GMACs over the photos", "least", "5 %", "median", "95 %", "most", "mean"),
                [["AdaColViT-T", *(f"{v:.3f}" for v in (*np.quantile(spent, [0, 0.05, 0.5, 0.95, 1]), spent.mean()))]],
            ),
            f"Correlation over the photos of the cost with the gain over gray in dB: {_correlation(spent, gain)}.",
        ]
    return parts


def _correlation(one: np.ndarray, other: np.ndarray) -> str:
    if len(one) < 3 or not one.std() or not other.std():
        return "none that could be told"
    return f"{np.corrcoef(one, other)[0, 1]:+.2f}"


def _pictures(found: Found, ends, folder: Path, name: str) -> str:
    lines = [line for line in ends if line]
    with style():
        figure, grid = plt.subplots(
            len(lines),
            len(ends[0]),
            figsize=(1.75 * len(ends[0]) + 0.2, 2.05 * len(lines)),
            squeeze=False,
            layout="constrained",
        )
        for axes in grid.flat:
            axes.axis("off")
        for axes, rows, what in zip(grid, lines, ("least", "most"), strict=False):
            efforts = watch(found, ADACOLVIT_T, [row.key for row in rows], COUNT)
            for place, row, effort in zip(axes, rows, efforts, strict=False):
                place.imshow(effort.colored)
                place.set_title(f"{row.macs / 1e9:.3f} G", fontsize=8.5, fontweight="normal", loc="center", pad=3)
            axes[0].text(
                -0.06, 0.5, f"{what} computation", rotation=90, va="center", ha="right", transform=axes[0].transAxes,
                color=INK, fontweight="bold",
            )  # fmt: skip
        return save(figure, folder, name, vector=False)


def _spread(spent: np.ndarray, folder: Path, name: str) -> str:
    with style():
        figure, axes = plt.subplots(figsize=(4.6, 2.2), layout="constrained")
        axes.hist(spent, bins=min(40, max(8, len(spent) // 8)), color=ACCENT, edgecolor="white", linewidth=0.5)
        axes.axvline(spent.mean(), color=INK, lw=1)
        axes.annotate(
            f"mean {spent.mean():.3f}", (spent.mean(), 1), (4, -2), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=8, color=INK,
        )  # fmt: skip
        axes.set_xlabel("GMACs per photo")
        axes.set_ylabel("photos")
        axes.grid(axis="x", visible=False)
        axes.yaxis.get_major_locator().set_params(integer=True)
        return save(figure, folder, name)


EXPERIMENT = Experiment("Figure 7: photos that cost least and most", (ADACOLVIT_T,), (COUNT,), write)
