"""The training loop: one process or many (under torchrun), CPU or GPU, exact on resuming."""

import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from .compiled import compiles
from .data import PhotoCache, prefetch
from .plan import batches
from .precision import fabric_precision
from .recipe import Recipe
from .resident import ResidentPhotos, fits
from .run import WEIGHTS, Run, check_start, with_widths
from .stream import ShardStream, counted, is_stream
from .validation import Validation

LOG_EVERY = 20  # steps


def make_fabric(precision: str = "auto") -> Fabric:
    """One process, or as many as torchrun started. precision: one of :data:`.recipe.PRECISIONS`."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    # Decision networks have no gradient while a stage is dense.
    strategy = DDPStrategy(find_unused_parameters=True) if world > 1 else "auto"
    return Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",  # "auto" would take Apple's, which lacks float64
        strategy=strategy,
        devices=local,
        num_nodes=world // local,
        precision=fabric_precision(precision),
    )


def open_photos(fabric: Fabric, recipe: Recipe, cache_folder: Path, stream: bool, reporter) -> PhotoCache | ShardStream:
    """The photos of a recipe, as :func:`train` says."""
    main = fabric.is_global_zero
    if stream or is_stream(recipe.train):
        counts = fabric.broadcast(counted(recipe.train) if main else None)  # else every process might read all shards
        return ShardStream(recipe.train, recipe.seed, fabric.global_rank, fabric.world_size, recipe.short_side, counts)
    with fabric.rank_zero_first(local=True):
        progress = reporter.decoding if main else None
        return PhotoCache.open(recipe.train, cache_folder, progress, recipe.short_side)


def kept_where(fabric: Fabric, photos: PhotoCache) -> PhotoCache | ResidentPhotos:
    """Photos on the device where every process has room for its share, since all draw in one way; else as they are."""
    room = torch.tensor(float(fits(photos, fabric.device, fabric.world_size)), device=fabric.device)
    if not fabric.all_reduce(room, reduce_op="min"):
        return photos
    return ResidentPhotos(photos, fabric.device, fabric.global_rank, fabric.world_size)


def train(
    recipe: Recipe,
    out: Path,
    cache_folder: Path,
    *,
    resume: bool,
    every: int,
    reporter,
    parts: int = 1,
    stream: bool = False,
    precision: str = "auto",
    minutes: float | None = None,
) -> Path:
    """Run a recipe to its end and return the path of the weights.

    out: folder for ``last.pt``, ``metrics.jsonl``, ``sheets/`` and ``weights.safetensors``, and ``start.safetensors``
    where gates are set, or a larger network begins with a smaller one: what it then is. Those of an earlier run are
    removed before the first step, unless it is gone on with.
    resume: go on from ``out/last.pt``, or begin where there is none yet. every: samples between validations and
    checkpoints. reporter: shows progress; see :mod:`.command`. parts: pieces that a process does its share of a step
    in, for memory that does not hold it at once. stream: read shards as they are needed, instead of decoding all photos
    beforehand.
    precision: of the network's products, one of :data:`.recipe.PRECISIONS`. minutes: from now until the last step, in
    which what is left of the recipe is done at the pace that this takes; None: sample by sample, however long.
    """
    end = None if minutes is None else time.perf_counter() + 60 * minutes
    fabric = make_fabric(precision)
    fabric.launch()
    main = fabric.is_global_zero
    going_on = resume and fabric.broadcast((out / "last.pt").exists())  # as the first process finds it
    if not going_on:
        check_start(recipe)
    recipe = with_widths(recipe, str(out / "last.pt") if going_on else recipe.init)
    photos = open_photos(fabric, recipe, cache_folder, stream, reporter)
    run = Run(fabric, recipe, out, going_on, photos, parts)
    validation = Validation(recipe.validation, out) if main and recipe.validation else None
    if isinstance(photos, PhotoCache):
        photos = kept_where(fabric, photos)
    run.photos = photos.way
    if main:
        run.begin(going_on)
        if resume and not going_on:
            reporter.say(f"no checkpoint in {out} yet: starting from the beginning")
        if run.changed:
            reporter.say(f"going on by another recipe than the checkpoint's: {', '.join(run.changed)}")
        reporter.say(f"photos: {run.photos}")
        if run.photos_before not in ("", run.photos):
            reporter.say(f"they were {run.photos_before} before: crops and hints are not those of an unbroken run")
        if fabric.device.type == "cuda" and not compiles(fabric.device):
            reporter.say("the network is not compiled: that takes Triton, and a GPU that it knows")
        reporter.start(recipe, run.sample)
    clock = Clock(run.sample)
    next_check = (run.sample // every + 1) * every
    plan = batches(recipe, photos, run.sample, run.step, fabric, run.pace)
    for planned in plan if isinstance(photos, ResidentPhotos) else prefetch(plan):
        measured = run.update(planned)
        due = run.sample >= next_check or run.pace.place(run.sample) >= recipe.samples
        # A GPU has the next steps sent to it meanwhile; asked for a number, it would have to be waited for.
        if due or fabric.device.type != "cuda" or run.step % LOG_EVERY == 0:
            run.check()
            if main:
                reporter.step(run.sample, measured["color"].item(), max(run.sample, run.pace.end()))
            if end is not None:
                run.hurry(time.perf_counter(), end)
        if main and run.step % LOG_EVERY == 0:
            run.note(measured | {"images_per_s": clock.speed(run.sample)})
        if due:
            next_check += every
            if main:
                run.save()
                if validation:
                    scores = validation(run.network, run.average.values, planned.stage.mode, run.sample)
                    run.note(scores)
                    reporter.scores(scores)
            fabric.barrier()
            clock = Clock(run.sample)
    if main:
        run.write(WEIGHTS)
    fabric.barrier()
    if fabric.world_size > 1:  # else threads of Gloo may outlive the interpreter, and a finished run ends by SIGABRT
        # The wrapped network goes first. Were it the last to hold the group, it would wait for Gloo's thread with
        # Python's lock in hand, for which that thread may be waiting to let go of the barrier above.
        del run
        dist.destroy_process_group()
    return out / WEIGHTS


class Clock:
    """Speed since the last look."""

    def __init__(self, sample: int) -> None:
        self.sample, self.time = sample, time.perf_counter()

    def speed(self, sample: int) -> float:
        """Samples per second, over all processes."""
        before, since = self.sample, self.time
        self.sample, self.time = sample, time.perf_counter()
        return (sample - before) / (self.time - since)
