"""Measurements of the systems of a table or figure: the same photos and hints for all, each measured once and kept."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from adacolvit.evaluation import hintset, latency
from adacolvit.evaluation.datasets import title
from adacolvit.evaluation.hintset import HintSet
from adacolvit.evaluation.keeping import kept
from adacolvit.evaluation.methods import ALONE, BASELINES, make_methods
from adacolvit.evaluation.photos import Photos, evenly, iter_sources
from adacolvit.evaluation.protocol import evaluate
from adacolvit.evaluation.rows import Row, read_table, write_csv
from adacolvit.evaluation.summary import Paired, compare, grouped, summarize

from .paper import System
from .systems import Trained

FRAME = "square"  # the paper's


@dataclass(frozen=True)
class DataSet:
    """Photos and the hints that every system gets on them."""

    title: str
    photos: Photos
    hint_set: HintSet

    @classmethod
    def open(cls, data, hint_file, limit: int | None) -> "DataSet":
        """hint_file: see :func:`adacolvit.evaluation.hintset.open_or_draw`. limit: most photos; see :func:`evenly`."""
        hint_set = hintset.open_or_draw(hint_file, iter_sources(data))
        photos = Photos(data, limit)
        hint_set.check_all(photos.checksums)
        return cls(title(data), photos, hint_set)


@dataclass
class Found:
    """What was measured on one data set. A system is looked up by its network's name; it may have several weights."""

    data: DataSet
    rows: dict[Trained, list[Row]] = field(default_factory=dict)
    milliseconds: dict[Trained, dict] = field(default_factory=dict)
    _entries: dict[Trained, dict[int, dict]] = field(default_factory=dict, init=False)  # bootstraps take their time

    def of(self, system: System) -> list[Trained]:
        """The weights that were measured of a system; none where there were none."""
        return [trained for trained in self.rows if trained.network == system.network]

    def entry(self, trained: Trained, hints: int) -> dict:
        """Means and intervals, as :func:`adacolvit.evaluation.summary.summarize` gives them."""
        if trained not in self._entries:
            self._entries[trained] = {entry["hints"]: entry for entry in summarize(self.rows[trained])}
        return self._entries[trained][hints]

    def compare(self, one: System, other: System, measure: str, hints: int) -> Paired | None:
        """How much more of a measure the first has, paired by photo; None where that was not measured of both."""
        pair = [self.of(system) for system in (one, other)]
        if not all(pair):
            return None
        paired = self.difference(*(trained[0] for trained in pair), measure, hints)
        return None if math.isnan(paired.mean) else paired

    def difference(self, one: Trained, other: Trained, measure: str, hints: int) -> Paired:
        """How much more of a measure the first weights have, paired by photo; nan where it was not measured of both."""
        ones, others = (
            next(group for (_, n), group in grouped(self.rows[trained]).items() if n == hints)
            for trained in (one, other)
        )
        return compare(ones, others, measure)


def picture_name(name: str, one: Found, found: Sequence[Found]) -> str:
    """What a picture of ``one`` is called, without suffix; the data set is named where there are several."""
    return name if len(found) == 1 else f"{name}-{one.data.title}"


def measure(
    data: DataSet,
    systems: Sequence[Trained],
    counts: Sequence[int],
    folder: Path,
    *,
    lpips: tuple[str, str | None] | None,
    timed: bool,
    workers: int,
    advance: Callable[[], None],
) -> Found:
    """Measure systems, networks without what the product does after them.

    folder: keeps a table per system, photos and hints, so that the next figure need not measure them again.
    lpips: as :func:`adacolvit.evaluation.protocol.evaluate` takes it. timed: measure the time of each too.
    advance: called once per photo measured.
    """
    found, net = Found(data), lpips[0] if lpips else ""
    for trained in systems:
        parts = [trained.network, trained.digest, data.hint_set.digest, net]
        path = folder / f"{'-'.join(filter(None, parts))}.csv"
        known = {(row.key, row.hints): row for row in read_table(path)} if path.exists() else {}
        missing = {key: [n for n in counts if (key, n) not in known] for key in data.photos.keys}
        todo = [key for key in data.photos.keys if missing[key]]
        if todo:
            with kept(partial(_save, path, known)) as done:
                for rows in _measured(data, trained, todo, missing, workers, lpips):
                    known.update({(row.key, row.hints): row for row in rows})
                    advance()
                    done()
        found.rows[trained] = [known[key, n] for n in counts for key in data.photos.keys]
    if timed:
        found.milliseconds = _time(data, systems)
    return found


def _save(path: Path, rows: dict) -> None:
    if rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(path, list(rows.values()))


def _measured(data: DataSet, trained: Trained, keys, missing, workers: int, lpips) -> Iterator[list[Row]]:
    """The rows of some photos, under the network's name; missing: key -> hint counts."""
    models, baselines = arguments(trained)
    (name,) = (method.name for method in make_methods(models, baselines))
    options = {"models": models, "baselines": baselines, "frame": FRAME, "workers": workers, "lpips": lpips}
    for rows in evaluate(data.photos.read(keys), data.hint_set, todo=lambda key: {name: missing[key]}, **options):
        yield [replace(row, method=trained.network) for row in rows]


def arguments(trained: Trained) -> tuple[list[str], list[str]]:
    """Models and baselines, as :func:`adacolvit.evaluation.methods.make_methods` takes them."""
    return ([], [trained.network]) if trained.network in BASELINES else ([f"{ALONE}{trained.weights}"], [])


def _time(data: DataSet, systems: Sequence[Trained]) -> dict[Trained, dict]:
    methods = []
    for trained in systems:
        (method,) = make_methods(*arguments(trained))
        method.name = str(len(methods))  # two weights of one network share a name
        methods.append(method)
    timed = data.photos.read(evenly(data.photos.keys, latency.PHOTOS))
    times = latency.measure(timed, methods, data.hint_set, 10, FRAME)
    return {trained: times[str(i)] for i, trained in enumerate(systems)}
