"""What every table and figure is: which systems it needs, at which hint counts, and how its page is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from .found import Found
from .paper import System
from .systems import Trained

NAMES = ("table1", "table2", "table3", "table4", "fig4", "fig5", "fig6", "fig7", "fig8", "hints", "curve")


@dataclass(frozen=True)
class Experiment:
    """One table or figure.

    write: (what was measured on each data set, folder) -> the parts of its Markdown page, between its title and its
    provenance; pictures go into the folder under the experiment's name. variants: weights -> those that are measured of
    them. paper_data: what the paper measured on.
    """

    title: str
    systems: tuple[System, ...]
    counts: tuple[int, ...]
    write: Callable[[Sequence[Found], Path], list[str]]
    timed: bool = False  # has a column for the time
    variants: Callable[[Trained], list[Trained]] = lambda trained: [trained]
    paper_data: str = "ctest10k"


def load(name: str) -> Experiment:
    """The experiment of a name in ``NAMES``."""
    return import_module(f".{name}", __package__).EXPERIMENT
