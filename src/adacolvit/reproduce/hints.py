"""Beside the paper: PSNR and LPIPS against the number of hints, with baselines that have learnt nothing."""

from collections.abc import Sequence
from pathlib import Path

from .experiment import Experiment
from .fig4 import MEASURES, lines
from .figure import look, plt, save, style
from .found import Found
from .paper import ADACOLVIT_T, GRAY, LEVIN, NEAREST, TWIN

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)
SYSTEMS = (ADACOLVIT_T, TWIN, LEVIN, NEAREST, GRAY)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = "hints" if len(found) == 1 else f"hints-{one.data.title}"
        parts += [
            f"## {one.data.title}, {len(one.data.sources)} photos",
            draw(one, folder, name),
            "Bands are 95 % intervals of the mean.",
            lines(one, SYSTEMS, COUNTS),
        ]
    return parts


def draw(found: Found, folder: Path, name: str) -> str:
    """A panel per measure that was taken; curves are labeled at their ends."""
    measures = [m for m in MEASURES if found.entry(next(iter(found.rows)), 10)[m] is not None]
    with style():
        figure, (panels,) = plt.subplots(
            1, len(measures), figsize=(4.6 * len(measures), 3.2), squeeze=False, layout="constrained"
        )
        for axes, measure in zip(panels, measures, strict=True):
            ends = []
            for system in SYSTEMS:
                for trained in found.of(system):
                    entries = [found.entry(trained, count) for count in COUNTS]
                    shown = look(system, SYSTEMS)
                    values = [entry[measure] for entry in entries]
                    places = range(len(COUNTS))  # evenly, since 0 to 100 hints would crowd at the left
                    axes.plot(places, values, lw=1.4, ms=4, mec="white", mew=0.5, **shown)
                    if measure == "psnr":
                        low, high = ([entry[f"psnr_{end}"] for entry in entries] for end in ("low", "high"))
                        axes.fill_between(places, low, high, color=shown["color"], alpha=0.12, lw=0)
                    ends.append((values[-1], system.label, shown["color"]))
            axes.set_xticks(range(len(COUNTS)), COUNTS)
            axes.set_xlabel("hints")
            axes.set_title(MEASURES[measure])
            _label_ends(axes, ends)
        return save(figure, folder, name)


def _label_ends(axes, ends: list[tuple[float, str, str]]) -> None:
    """Names beside the curves' last points, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    apart, at = (high - low) / 16, -float("inf")
    for value, label, color in sorted(ends):
        at = max(value, at + apart)
        axes.annotate(
            label, (len(COUNTS) - 1, at), (6, 0), textcoords="offset points", color=color, va="center", fontsize=8
        )


EXPERIMENT = Experiment("Quality against the number of hints", SYSTEMS, COUNTS, write)
