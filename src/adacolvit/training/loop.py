"""The training loop: one process or many (under torchrun), CPU or GPU, exact on resuming."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor

from adacolvit.crew import cores
from adacolvit.errors import RecipeError
from adacolvit.files import write_file
from adacolvit.hints.frame import PATCH, square_frame
from adacolvit.model.positions import centered_origin
from adacolvit.model.registry import build
from adacolvit.weights import write_weights

from .budgets import set_budgets, set_budgets_around
from .checkpoint import Average, averaged, load_checkpoint, save_checkpoint, start_from
from .compiled import compiled, compiles
from .data import AHEAD, Batch, PhotoCache, choose, make_batch, prefetch, random_frame
from .gates import set_gates
from .grow import grow
from .loss import budget_at, budget_loss, color_losses, executed_share, kept
from .optimizer import make_optimizers, rate, restore, set_rate
from .pace import Leg, Pace
from .precision import fabric_precision
from .recipe import Recipe, Stage, differences
from .resident import ResidentPhotos, batch_of, fits
from .stream import ShardStream, counted, is_stream
from .teacher import Teacher
from .validation import Validation

PHOTOS, FRAMES, GATES, ORIGINS, MEASURING, BUDGETS = range(6)  # streams of random numbers that must not mix
LOG_EVERY = 20  # steps
WEIGHTS, START = "weights.safetensors", "start.safetensors"  # at a run's end, and where gates were set at its beginning
RESULTS = ("last.pt", WEIGHTS)  # of a run, by which its folder is known
MEASURED = 64  # photos on which gates are measured
JITTER = 2.0  # positions are shifted by up to this many tokens, or as far as a 14 x 14 grid has room for the input


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


def rng_for(recipe: Recipe, stream: int, step: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of one step: a function of the recipe's seed and the step, so nothing needs to be saved."""
    return np.random.default_rng([recipe.seed, stream, step, rank])


@dataclass
class Planned:
    """What one step is to do."""

    stage: Stage
    batch: Batch  # this process's photos
    means: tuple[float, float] = (1.0, 1.0)  # wanted of the decisions (patches, layers), where there is no budget
    budget: float | None = None  # share of the dense network's cost that the step may take


def batches(
    recipe: Recipe,
    photos: PhotoCache | ResidentPhotos | ShardStream,
    sample: int,
    step: int,
    fabric: Fabric,
    pace: Pace,
) -> Iterator[Planned]:
    """This process's share of every step from ``sample`` on, to where the run is over by its ``pace``.

    A cache is shared photo by photo; resident photos and shards are this process's own, and go round by themselves.
    """
    rank, world = fabric.global_rank, fabric.world_size
    if isinstance(photos, ShardStream):
        local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        flowing = photos.photos(sample // world, max(1, cores() // local))
    while (place := pace.place(sample)) < recipe.samples:
        stage, done, before = recipe.stage_at(place)
        if stage.batch % world:
            raise RecipeError(f"a batch of {stage.batch} cannot be shared by {world} processes")
        frame = random_frame(stage, rng_for(recipe, FRAMES, step))  # the same in every process
        rng = rng_for(recipe, PHOTOS, step, rank)
        share = stage.batch // world
        if isinstance(photos, PhotoCache):
            chosen = choose(len(photos), sample, stage.batch, recipe.seed)[rank::world]
            batch = batch_of([photos[i] for i in chosen], stage, frame, rng, fabric.device)
        elif isinstance(photos, ResidentPhotos):
            chosen = choose(len(photos), sample // world, share, recipe.seed + (rank << 32))
            batch = photos.batch(stage, frame, chosen, int(rng.integers(2**62)))
        else:
            batch = batch_of([next(flowing) for _ in range(share)], stage, frame, rng, fabric.device)
        budget = draw_budget(recipe, stage, rng_for(recipe, BUDGETS, step))
        yield Planned(stage, batch, budget_at(stage, done, before), budget)
        sample += stage.batch
        step += 1


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


def check_start(recipe: Recipe) -> None:
    """RecipeError where a recipe that is nothing with fresh weights was given none to begin with."""
    if recipe.init:
        return
    if recipe.after:
        raise RecipeError(
            f"recipe {recipe.name} goes on from the weights of {recipe.after}: give them with --init, such as"
            f" runs/{recipe.after}/weights.safetensors"
        )
    if recipe.gates in ("measured", "around", "grown"):
        raise RecipeError(f"recipe {recipe.name} has {recipe.gates} gates: give --init the weights to begin with")


def draw_budget(recipe: Recipe, stage: Stage, rng: np.random.Generator) -> float | None:
    """The budget of one step, the same in every process; None where the stage names no range."""
    if not stage.budgets:
        return None
    return recipe.model.budget if rng.random() < stage.usual else float(rng.uniform(*stage.budgets))


def random_origin(rng: np.random.Generator, rows: int, columns: int) -> tuple[float, float]:
    """Where this step's grid lies: a small one anywhere on the 14 x 14 frame, a large one near its middle."""
    return tuple(
        float(center + rng.uniform(-0.5, 0.5) * max(2 * center, JITTER)) for center in centered_origin(rows, columns)
    )


class Run:
    """A training run's state: network, optimizers, average, and how far it is."""

    def __init__(
        self, fabric: Fabric, recipe: Recipe, out: Path, resume: bool, photos: PhotoCache | ShardStream, parts: int = 1
    ) -> None:
        self.fabric, self.recipe, self.out, self.parts = fabric, recipe, out, parts
        self.sample = self.step = 0
        self.norms: list[Tensor] = []  # of the gradients since the last check
        self.changed: list[str] = []  # what the recipe says otherwise than that of the checkpoint
        self.photos = self.photos_before = ""  # how they reach the network, and how when the checkpoint was written
        torch.manual_seed(recipe.seed)
        self.network = build(recipe.model)
        if recipe.init and not resume and recipe.gates != "grown":
            start_from(self.network, recipe.init)
        self.teacher = Teacher(recipe, fabric) if recipe.teacher else None
        if recipe.gates != "kept" and not resume:
            self._set_gates(photos)
        state = load_checkpoint(out / "last.pt") if resume else None
        if state:
            if state["recipe"]["model"] != recipe.model.to_dict():
                raise RecipeError(f"{out / 'last.pt'} was made for another network than the recipe's")
            self.network.load_state_dict(state["network"])
            self.sample, self.step = state["sample"], state["step"]
            self.changed = differences(state["recipe"], recipe.to_dict())
            self.photos_before = state.get("photos", "")
        # Of checkpoints from before there were others, the pace was the recipe's own.
        self.pace = Pace(recipe.samples, Leg(self.sample, *(state or {}).get("pace", (float(self.sample), 1.0))))
        self.network.to(fabric.device)
        self.average = Average(self.network, recipe.optimizer.ema)
        optimizers = make_optimizers(self.network, recipe.optimizer)
        if state:
            self.average.restore(state["average"], state["average_steps"])
            restore(optimizers, state["optimizers"])
        step = compiled(self.network, not recipe.one_size) if compiles(fabric.device) else self.network
        self.model, *self.optimizers = fabric.setup(step, *optimizers)
        out.mkdir(parents=True, exist_ok=True)

    def _set_gates(self, photos: PhotoCache | ShardStream) -> None:
        """Let the decisions begin as the recipe says, on a few photos, the same ones in every process."""
        recipe, stage = self.recipe, self.recipe.stages[0]
        if recipe.gates == "open":
            self.network.open_gates()
            return
        rng = rng_for(recipe, MEASURING, 0)
        some = photos
        if isinstance(photos, ShardStream):
            alone = ShardStream(photos.shards, recipe.seed, short_side=recipe.short_side, counts=photos.counts)
            some = list(islice(alone.photos(), MEASURED))
        chosen = rng.integers(len(some), size=MEASURED)
        batch = make_batch(some, stage, square_frame(1, 1, stage.size), chosen, rng)
        if recipe.gates == "grown":
            grow(self.network, averaged(recipe.init), batch, stage.layers)
        elif recipe.gates == "around":
            set_budgets_around(self.network, batch)
        elif recipe.model.budget_knots:
            set_budgets(self.network, batch)
        else:
            set_gates(self.network, batch, stage.layers, stage.patches)

    def update(self, planned: Planned) -> dict[str, Tensor]:
        """One step; returns what is worth logging. Whether its gradient was finite, :meth:`check` says."""
        fabric, recipe, batch = self.fabric, self.recipe, planned.batch
        set_rate(self.optimizers, rate(recipe.optimizer, self.pace.place(self.sample), recipe.samples))
        torch.manual_seed(int(rng_for(recipe, GATES, self.step, fabric.global_rank).integers(2**62)))
        _, _, height, width = batch.x.shape
        origin = random_origin(rng_for(recipe, ORIGINS, self.step), height // PATCH, width // PATCH)
        self.network.train()
        sums: dict[str, Tensor] = {}
        parts = batch.split(self.parts)
        for number, part in enumerate(parts):
            share = len(part.x) / len(batch.x)
            # Processes exchange gradients once a step, with the last part.
            with fabric.no_backward_sync(self.model, enabled=number < len(parts) - 1):
                for name, value in self._learn(planned, part.to(fabric.device), origin, share).items():
                    sums[name] = sums.get(name, 0) + share * value
        sums["norm"] = torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.optimizer.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        self.norms.append(sums["norm"])
        self.sample += planned.stage.batch
        self.step += 1
        return sums

    def check(self) -> None:
        """RecipeError where the gradient of a step since the last check, in any process, was not finite."""
        norms, self.norms = self.norms, []
        if not torch.stack(norms).isfinite().all():
            raise RecipeError(
                f"a gradient before sample {self.sample} is not finite, and nothing is learnt from it: lower the rates"
                " (lr, matrix_lr) or lengthen warmup, and go on from the last checkpoint with --resume"
            )

    def hurry(self, end: float) -> None:
        """Change the pace so that the run is over when this clock of the first process shows ``end``, in seconds."""
        planned = self.sample + AHEAD * max(stage.batch for stage in self.recipe.stages)
        leg = self.fabric.broadcast(self.pace.aim(self.sample, planned, time.perf_counter(), end))
        if leg:
            self.pace.turn(leg)

    def _learn(self, planned: Planned, batch: Batch, origin, share: float) -> dict[str, Tensor]:
        """Add the gradients of a part of a step's photos, ``share`` of them; what was measured on it."""
        recipe, stage = self.recipe, planned.stage
        settings = {"temperature": stage.temperature, "noise": stage.noise, "origin": origin}
        if planned.budget is not None:
            settings["budget"] = planned.budget
        result = self.model(batch.x, stage.mode, **settings)
        loss, measured = color_losses(result["ab"].float(), batch, stage.refined, stage.log)
        if self.teacher:
            loss, apart = self.teacher.pull(loss, self.network, result, batch.x, origin)
            measured |= apart
        if result["decisions"] is not None:
            if planned.budget is None:
                over = budget_loss(result["decisions"], planned.means)
            else:
                spent = executed_share(result["decisions"], recipe.model)
                over = (spent - planned.budget) ** 2
                measured |= {"budget": torch.tensor(planned.budget), "spent": spent.detach()}
            loss = loss + recipe.budget_weight * over
            measured["patches"], measured["layers"] = (v.detach() for v in kept(result["decisions"]))
        for name, value in result.get("losses", {}).items():
            loss = loss + value
            measured[name] = value.detach()
        self.fabric.backward(loss * share)
        return measured

    def save(self) -> None:
        """Write ``last.pt``."""
        bare = [optimizer.optimizer for optimizer in self.optimizers]
        state = {
            "recipe": self.recipe.to_dict(),
            "photos": self.photos,
            "sample": self.sample,
            "step": self.step,
            "pace": (self.pace.place(self.sample), self.pace.leg(self.sample).stride),
        }
        save_checkpoint(self.out / "last.pt", state, self.network, bare, self.average)

    def write(self, name: str) -> None:
        """Write the averaged weights to a file of the folder."""
        values = {key: value.cpu().numpy() for key, value in self.average.values.items()}
        write_weights(self.out / name, self.recipe.model, values)

    def begin(self, resume: bool) -> None:
        """Leave in the folder what belongs to the run as it stands: its beginning, or what the checkpoint knows."""
        log = self.out / "metrics.jsonl"
        if not resume:
            for name in (*RESULTS, START, log.name):
                (self.out / name).unlink(missing_ok=True)
            shutil.rmtree(self.out / "sheets", ignore_errors=True)
            if self.recipe.gates != "kept":
                self.write(START)
        elif log.exists():
            rows = log.read_text().splitlines(keepends=True)
            whole = (row for row in rows if row.endswith("\n"))  # a kill may cut one
            write_file(log, "".join(row for row in whole if json.loads(row)["sample"] <= self.sample).encode())

    def note(self, row: dict[str, float]) -> None:
        """Add a line to ``metrics.jsonl``."""
        with (self.out / "metrics.jsonl").open("a") as log:
            log.write(json.dumps({"sample": self.sample} | {k: round(float(v), 6) for k, v in row.items()}) + "\n")


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
                run.hurry(end)
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
