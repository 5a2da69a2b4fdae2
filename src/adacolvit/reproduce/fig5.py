"""Figure 5: photos colored by every system from the same hints, to be looked at."""

from collections.abc import Sequence
from pathlib import Path

from adacolvit.evaluation.methods import make_methods
from adacolvit.evaluation.sheet import choose, contact_sheet, save_sheet

from .experiment import Experiment
from .found import FRAME, Found, arguments, picture_name
from .paper import IMAGENET, LEVIN, TWIN, System

COUNT = 10
SYSTEMS = (*IMAGENET, TWIN, LEVIN)


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        name = picture_name("fig5", one, found) + ".png"
        methods = []
        for system in SYSTEMS:
            methods += [_named(system, trained) for trained in one.of(system)]
        rows = next(iter(one.rows.values()))
        shown = one.data.photos.few(choose(one.data.photos.keys, rows, COUNT))
        save_sheet(folder / name, contact_sheet(shown, methods, one.data.hint_set, COUNT, FRAME))
        parts += [
            f"## {one.data.title}, {COUNT} hints",
            f"![fig5]({name})",
            "Photos taken evenly through the set, then those on which the first system gains least over gray. Under "
            "each picture its PSNR; hints are drawn larger than they are.",
        ]
    return parts


def _named(system: System, trained):
    (method,) = make_methods(*arguments(trained))
    method.name = system.label
    return method


EXPERIMENT = Experiment("Figure 5: the same hints, colored by each system", SYSTEMS, (COUNT,), write)
