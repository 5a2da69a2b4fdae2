"""Workers of a Ray cluster that color an archive's photos, each with a Colorizer of its own."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath, PurePosixPath

# Before Ray is imported, which otherwise reports to its makers how it is used, and warns of what is safe here.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray
import ray.data

from adacolvit import __version__
from adacolvit.batch import Order, account, attempt, color_photo
from adacolvit.colorizer import Colorizer
from adacolvit.errors import ClusterError
from adacolvit.files import exists_already
from adacolvit.hints.file import read_hints
from adacolvit.photo import open_photo
from adacolvit.runtime.engine import Engine
from adacolvit.weights import load_weights

from .plan import Item
from .storage import Storage

BLOCK = 16  # photos that a worker takes at a time at most, and that are colored again where it dies
_RETRIES = 1  # of a block, where its worker died
_STORE = 200_000_000  # bytes of a local cluster's object store; what passes through it is names


@dataclass(frozen=True)
class Task:
    """What every worker needs to know."""

    order: Order
    storages: tuple[Storage, ...]
    model: str
    sha256: str  # of its weights
    threads: int
    version: str = __version__


class Painter:
    """A worker: an engine, and the photos that come to it."""

    def __init__(self, task: Task) -> None:
        weights = load_weights(task.model)
        if (weights.sha256, __version__) != (task.sha256, task.version):
            raise ClusterError(f"a worker has another adacolvit or another {task.model} than the machine that asks")
        self._task = task
        self._colorizer = Colorizer(Engine(weights, threads=task.threads))

    def __call__(self, row: dict) -> dict:
        """A row of :func:`color` -> its index and what there is to say about the photo, as JSON."""
        source, target = (self._task.storages[int(row[side])] for side in ("source", "target"))
        line = attempt(source.name(row["photo"]), partial(self._color, row, source, target))
        return {"index": row["index"], "line": json.dumps(line)}

    def _color(self, row: dict, source: Storage, target: Storage) -> dict:
        order, name = self._task.order, row["hints"]
        hints = read_hints(source.read(name), source.name(name)) if name else None
        photo = open_photo(source.read(row["photo"]), name=row["photo"])

        def write(picture: PurePath, data: bytes) -> None:
            if not row["doubtful"]:
                target.write(str(picture), data)
            elif target.read(str(picture)) != data:
                raise exists_already(target.name(str(picture)))

        result = color_photo(
            self._colorizer,
            photo,
            lambda photo: order.hints_for(photo, hints),
            PurePosixPath(row["picture"]),
            order.look,
            write,
            order.budget,
        )
        return account(result, target.name(row["picture"]))


@contextmanager
def cluster(address: str) -> Iterator[None]:
    """A connection to a cluster; "local" starts one on this machine, and ends it. Raises ClusterError.

    What Ray prints meanwhile goes to standard error.
    """
    local = {"object_store_memory": _STORE, "include_dashboard": False} if address == "local" else {}
    with redirect_stdout(sys.stderr):  # to its very end: of a worker that died, Ray may tell as late as that
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **local)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            advice = "start one, set RAY_AUTH_MODE=token where it asks for a token, or give --ray local"
            raise ClusterError(f"no Ray cluster answers at {address} ({error}): {advice}") from error
        try:
            yield
        finally:
            ray.shutdown()


def color(items: list[Item], task: Task, workers: int | None) -> Iterator[tuple[Item, dict]]:
    """Color the photos, in any order; (item, what there is to say about it), once for each.

    A block of photos whose worker dies is given to another one. Where that dies too, its photos come one by one in the
    end, and a photo that ends two workers even so is a failure. workers: as many as the cluster has cores for by
    default. Raises ClusterError.
    """
    waiting = dict(enumerate(items))
    if workers is None:
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)) // task.threads)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # a lost block is not lost here
    settings = ray.data.DataContext.get_current()
    settings.enable_progress_bars = settings.print_on_execution_start = False
    settings.max_errored_blocks = -1  # any number: they are noticed below
    place = {storage: number for number, storage in enumerate(task.storages)}
    for block in (BLOCK, 1):
        rows = [
            {
                "index": index,
                "source": place[item.source],
                "photo": item.photo,
                "target": place[item.target],
                "picture": item.picture,
                "hints": item.hints or "",
                "doubtful": item.doubtful,
            }
            for index, item in waiting.items()
        ]
        if not rows:
            return
        many = max(-(-len(rows) // block), min(len(rows), 4 * workers))  # so that few photos occupy every worker, too
        blocks = ray.data.from_items(rows, override_num_blocks=many)
        with warnings.catch_warnings():
            # Ray 2.64 is to take arguments by name alone, and names none yet for this one; without it, a photo that
            # ends its worker would be tried for ever.
            warnings.simplefilter("ignore", ray.util.annotations.RayDeprecationWarning)
            painted = blocks.map(
                Painter,
                fn_constructor_args=(task,),
                compute=ray.data.ActorPoolStrategy(
                    size=min(workers, len(rows)),
                    # What waits at a worker dies with it: in the end, no photo is to pay for another.
                    max_tasks_in_flight_per_actor=1 if block == 1 else None,
                ),
                num_cpus=task.threads,
                max_task_retries=_RETRIES,
            )
        try:
            for row in painted.iter_rows():
                yield waiting.pop(int(row["index"])), json.loads(row["line"])
        except ray.exceptions.RayError as error:
            raise ClusterError(f"the cluster cannot go on ({error}): what was written is kept, start again") from error
    for item in waiting.values():
        why = "its worker ended each time, most likely for lack of memory: color it on a machine with more"
        yield item, {"photo": item.source.name(item.photo), "error": why}
