"""One look for all figures: white, thin gray axes, one accent for the paper's own method."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws into files; no window, on any machine

import matplotlib.pyplot as plt

from adacolvit.files import write_file

from .paper import TWIN, System

ACCENT, INK, QUIET, FAINT = "#c2410c", "#262626", "#8a8a8a", "#d0d0d0"
OWN = {"tiny": "o", "tiny-d24": "*", "tiny-g4": "^", "tiny-g8": "v"}  # AdaColViT's networks, and their markers
OTHERS = ("#1d4ed8", "#0f766e", "#7e22ce", "#a16207", "#64748b", "#be185d", "#15803d")
MARKERS = ("s", "D", "^", "v", "P", "X", "p")
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "svg.hashsalt": "adacolvit",  # the same figure gives the same file
    "svg.fonttype": "none",
}


def look(system: System, systems: Sequence[System]) -> dict:
    """Color and marker of a system: AdaColViT in the accent, the dense ViT hollow, the others by their order."""
    drawn = {"markersize": 5.5, "markeredgecolor": "white", "markeredgewidth": 0.6, "zorder": 4}
    if system.network in OWN:
        marker = OWN[system.network]
        size = 9 if marker == "*" else 6.5  # a star has little ground
        return drawn | {"color": ACCENT, "marker": marker, "markersize": size, "zorder": 5}
    if system == TWIN:
        return drawn | {"color": QUIET, "marker": "o", "markerfacecolor": "white", "markeredgecolor": QUIET}
    place = [one for one in systems if one.network not in OWN and one != TWIN].index(system) % len(OTHERS)
    return drawn | {"color": OTHERS[place], "marker": MARKERS[place]}


@contextmanager
def style() -> Iterator[None]:
    """Within: matplotlib draws in this look."""
    with plt.rc_context(STYLE):
        yield


def save(figure, folder: Path, name: str, *, vector: bool = True) -> str:
    """Write NAME.png and, where there is something to draw sharply, NAME.svg; returns the Markdown that shows it."""
    for suffix, options in (("png", {}), ("svg", {"metadata": {"Date": None}})):
        if suffix == "svg" and not vector:
            continue
        out = io.BytesIO()
        figure.savefig(out, format=suffix, bbox_inches="tight", **options)
        write_file(folder / f"{name}.{suffix}", out.getvalue())
    plt.close(figure)
    return f"![{name}]({name}.png)"
