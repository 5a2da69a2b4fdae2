"""Figure 4: PSNR and LPIPS against the multiply-accumulates spent, for 5, 10, 20 and 50 hints."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .experiment import Experiment
from .figure import FAINT, INK, look, plt, save, style
from .found import Found, picture_name
from .page import Claim, claims, lpips_note, table
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, EFFICIENT, ICOLORIT_T, IMAGENET, TWIN, System

COUNTS = (5, 10, 20, 50)
SYSTEMS = (*IMAGENET, *(system for system in EFFICIENT if system not in IMAGENET), TWIN)
MEASURES = {"psnr": "PSNR, dB", "lpips": "LPIPS, lower is better"}
CLAIMS = (  # the paper's numbers are of 10 hints; the curves of the others lie alike
    Claim.of(IMAGENET, ADACOLVIT_T, ICOLORIT_T, "psnr"),
    Claim.of(IMAGENET, ADACOLVIT_T, ICOLORIT_T, "macs"),
    Claim.of(IMAGENET, ADACOLVIT_T_D24, ICOLORIT_T, "psnr"),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = picture_name("fig4", one, found)
        parts += [
            f"## {one.data.title}, {len(one.data.photos)} photos",
            draw(one, SYSTEMS, COUNTS, folder, name),
            "A point is a network's mean; its bars are the 95 % interval of the mean (up and down) and the 5th to 95th "
            "percentile of the cost over the photos (left and right).",
            lines(one, SYSTEMS, COUNTS),
            *lpips_note(one, ["lpips"]),
            claims(one, CLAIMS),
        ]
    return parts


def draw(
    found: Found, systems: Sequence[System], counts: Sequence[int], folder: Path, name: str, *, intervals: bool = True
) -> str:
    """A panel per hint count and measure that was taken. Returns the Markdown that shows them.

    ``intervals``: whether those of the means are drawn.
    """
    measures = [m for m in MEASURES if found.entry(next(iter(found.rows)), counts[0])[m] is not None]
    panels = [[(measure, count) for count in counts] for measure in measures]
    if len(counts) == 1:  # beside each other, not one under the other
        panels = [[panel for (panel,) in panels]]
    size = 2.1 if len(counts) > 1 else 2.9
    with style():
        figure, grid = plt.subplots(
            len(panels),
            len(panels[0]),
            figsize=(size * len(panels[0]) + 1.5, size * len(panels) + 0.3),
            squeeze=False,
            sharex=True,
            layout="constrained",
        )
        handles = {}
        pairs = [pair for line in zip(grid, panels, strict=True) for pair in zip(*line, strict=True)]
        for place, (axes, (measure, count)) in enumerate(pairs):
            for system in systems:
                points = sorted((found.entry(t, count) for t in found.of(system)), key=lambda e: e["macs"])
                if points:
                    handles.setdefault(system.label, _points(axes, points, measure, look(system, systems), intervals))
            axes.margins(0.12, 0.15)
            if place < len(counts) > 1:
                axes.set_title(f"{count} hint" + "s" * (count > 1))
            if place % len(counts) == 0:
                axes.set_ylabel(MEASURES[measure])
        figure.supxlabel("GMACs per photo", fontsize=9, color=INK)
        figure.legend(handles.values(), handles.keys(), loc="outside right upper", fontsize=8, labelcolor=INK)
        return save(figure, folder, name)


def _points(axes, entries: list[dict], measure: str, look: dict, intervals: bool):
    """One system's points, joined where it has several budgets."""
    x, low, high = (np.array([entry[key] for entry in entries]) / 1e9 for key in ("macs", "macs_p5", "macs_p95"))
    y = np.array([entry[measure] for entry in entries])
    up = None
    if measure == "psnr" and intervals:
        up = [y - [entry["psnr_low"] for entry in entries], [entry["psnr_high"] for entry in entries] - y]
    beside = np.maximum([x - low, high - x], 0)  # a few photos far off take the mean out of the 5 to 95 %
    axes.errorbar(x, y, up, beside, fmt="none", ecolor=FAINT, elinewidth=1, zorder=2)
    (handle,) = axes.plot(x, y, lw=1, ls="-" if len(x) > 1 else "", **look)
    return handle


def lines(found: Found, systems: Sequence[System], counts: Sequence[int]) -> str:
    """The numbers of the figure."""
    body = []
    for system in systems:
        for trained in found.of(system):
            entries = [found.entry(trained, count) for count in counts]
            cells = [f"{entry['macs'] / 1e9:.3f}" if entry["macs"] else "-" for entry in entries[:1]]
            cells += [f"{entry['psnr']:.2f}" for entry in entries]
            cells += [f"{entry['lpips']:.4f}" for entry in entries if entry["lpips"] is not None]
            body.append([system.label, *cells])
    heads = ["", "GMACs", *(f"PSNR@{count}" for count in counts)]
    if body and len(body[0]) > len(heads):
        heads += [f"LPIPS@{count}" for count in counts]
    return table(heads, body)


EXPERIMENT = Experiment("Figure 4: quality against cost", SYSTEMS, COUNTS, write)
