"""Figure 4: PSNR and LPIPS against the multiply-accumulates spent, for 5, 10, 20 and 50 hints."""

from collections.abc import Sequence
from pathlib import Path

from .experiment import Experiment
from .figure import INK, QUIET, look, plt, save, style
from .found import Found
from .page import Claim, claims, table
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, EFFICIENT, ICOLORIT_T, IMAGENET, TWIN, System

COUNTS = (5, 10, 20, 50)
SYSTEMS = (*IMAGENET, *(system for system in EFFICIENT if system not in IMAGENET), TWIN)
MEASURES = {"psnr": "PSNR, dB", "lpips": "LPIPS, lower is better"}
CLAIMS = (  # the paper's numbers are of 10 hints; the curves of the others lie alike
    Claim(ADACOLVIT_T, ICOLORIT_T, "psnr", 0.02),
    Claim(ADACOLVIT_T, ICOLORIT_T, "macs", -0.65),
    Claim(ADACOLVIT_T_D24, ICOLORIT_T, "psnr", 0.22),
)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = "fig4" if len(found) == 1 else f"fig4-{one.data.title}"
        parts += [
            f"## {one.data.title}, {len(one.data.sources)} photos",
            draw(one, SYSTEMS, COUNTS, folder, name),
            "A point is a network's mean; its bars are the 95 % interval of the mean (up and down) and the 5th to 95th "
            "percentile of the cost over the photos (left and right).",
            lines(one, SYSTEMS, COUNTS),
            claims(one, CLAIMS),
        ]
    return parts


def draw(found: Found, systems: Sequence[System], counts: Sequence[int], folder: Path, name: str) -> str:
    """Panels: a column per hint count, a row per measure that was taken. Returns the Markdown that shows them."""
    measures = [m for m in MEASURES if found.entry(next(iter(found.rows)), counts[0])[m] is not None]
    with style():
        width, height = (2.1 * len(counts) + 1.4, 2.1 * len(measures) + 0.3)
        figure, grid = plt.subplots(
            len(measures), len(counts), figsize=(width, height), squeeze=False, sharex=True, layout="constrained"
        )
        handles = {}
        for line, measure in zip(grid, measures, strict=True):
            for axes, count in zip(line, counts, strict=True):
                for system in systems:
                    points = sorted((found.entry(t, count) for t in found.of(system)), key=lambda e: e["macs"])
                    if points:
                        handles.setdefault(system.label, _points(axes, points, measure, look(system, systems)))
                axes.margins(0.12, 0.15)
                if line is grid[0]:
                    axes.set_title(f"{count} hints")
            line[0].set_ylabel(MEASURES[measure])
        figure.supxlabel("GMACs per photo", fontsize=9, color=INK)
        figure.legend(handles.values(), handles.keys(), loc="outside right upper", fontsize=8, labelcolor=INK)
        return save(figure, folder, name)


def _points(axes, entries: list[dict], measure: str, look: dict):
    """One system's points, joined where it has several budgets."""
    x = [entry["macs"] / 1e9 for entry in entries]
    y = [entry[measure] for entry in entries]
    spread = [[entry["macs"] / 1e9 - entry["macs_p5"] / 1e9 for entry in entries]]
    spread.append([entry["macs_p95"] / 1e9 - entry["macs"] / 1e9 for entry in entries])
    up = None
    if measure == "psnr":
        up = [[e["psnr"] - e["psnr_low"] for e in entries], [e["psnr_high"] - e["psnr"] for e in entries]]
    color = look["color"]
    axes.errorbar(x, y, up, spread, fmt="none", ecolor=QUIET, elinewidth=0.8, zorder=2)
    (handle,) = axes.plot(x, y, lw=1, ms=5.5, mec="white", mew=0.6, ls="-" if len(x) > 1 else "", **look)
    assert handle.get_color() == color
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
