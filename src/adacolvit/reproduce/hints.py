"""Beside the paper: PSNR and LPIPS against the number of hints, with baselines that have learnt nothing."""

from collections.abc import Sequence
from pathlib import Path

from .experiment import Experiment
from .fig4 import MEASURES, lines
from .figure import look, plt, save, style
from .found import Found, picture_name
from .page import lpips_note, signed, table
from .paper import ADACOLVIT_T, GRAY, LEVIN, NEAREST, TWIN, System

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)
SYSTEMS = (ADACOLVIT_T, TWIN, LEVIN, NEAREST, GRAY)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = picture_name("hints", one, found)
        parts += [
            f"## {one.data.title}, {len(one.data.photos)} photos",
            draw(one, folder, name),
            lines(one, SYSTEMS, COUNTS),
            *lpips_note(one, ["lpips"]),
            "PSNR of AdaColViT-T less that of the others in dB, paired by photo, with its 95 % interval:",
            table(("hints", *map(str, COUNTS)), [_less(one, other) for other in SYSTEMS[1:] if one.of(other)]),
        ]
    return parts


def _less(found: Found, other: System) -> list[str]:
    cells = [f"less {other.label}"]
    for count in COUNTS:
        paired = found.compare(ADACOLVIT_T, other, "psnr", count)
        cells.append(" ".join(signed(v, 2) for v in (paired.mean, paired.low, paired.high)) if paired else "-")
    return cells


def draw(found: Found, folder: Path, name: str) -> str:
    """A panel per measure that was taken; curves are labeled at their ends."""
    measures = [m for m in MEASURES if found.entry(next(iter(found.rows)), 10)[m] is not None]
    places = range(len(COUNTS))  # evenly, since 0 to 100 hints would crowd at the left
    with style():
        figure, (panels,) = plt.subplots(
            1, len(measures), figsize=(4.6 * len(measures), 3.2), squeeze=False, layout="constrained"
        )
        for axes, measure in zip(panels, measures, strict=True):
            ends = []
            for system in SYSTEMS:
                for trained in found.of(system):
                    values = [found.entry(trained, count)[measure] for count in COUNTS]
                    shown = look(system, SYSTEMS)
                    axes.plot(places, values, lw=1.4, **shown)
                    ends.append((values[-1], system.label, shown["color"]))
            axes.set_xticks(places, COUNTS)
            axes.set_xlabel("hints")
            axes.set_title(MEASURES[measure])
            _label_ends(axes, sorted(ends))
        return save(figure, folder, name)


def _label_ends(axes, ends: list[tuple[float, str, str]]) -> None:
    """Names beside the curves' last points, lowest first, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    apart = (high - low) / 15
    places = [value for value, _, _ in ends]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    places[-1] = min(places[-1], max(high - apart / 2, ends[-1][0]))
    for i in reversed(range(len(places) - 1)):
        places[i] = min(places[i], places[i + 1] - apart)
    for place, (_, label, color) in zip(places, ends, strict=True):
        end = (len(COUNTS) - 1, place)
        axes.annotate(
            label, end, (7, 0), textcoords="offset points", color=color, va="center", fontsize=8, annotation_clip=False
        )


EXPERIMENT = Experiment("Quality against the number of hints", SYSTEMS, COUNTS, write)
