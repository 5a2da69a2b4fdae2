"""What every step of a run is to do: a function of the recipe's seed and the step, so nothing of it is saved."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from lightning_fabric import Fabric

from adacolvit.crew import cores
from adacolvit.errors import RecipeError
from adacolvit.model.positions import centered_origin

from .data import Batch, PhotoCache, choose, random_frame
from .loss import budget_at
from .pace import Pace
from .recipe import Recipe, Stage
from .resident import ResidentPhotos, batch_of
from .stream import ShardStream

PHOTOS, FRAMES, GATES, ORIGINS, MEASURING, BUDGETS = range(6)  # streams of random numbers that must not mix
JITTER = 2.0  # positions are shifted by up to this many tokens, or as far as a 14 x 14 grid has room for the input


def rng_for(recipe: Recipe, stream: int, step: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of one step: the same whenever they are asked for."""
    return np.random.default_rng([recipe.seed, stream, step, rank])


@dataclass
class Planned:
    """What one step is to do."""

    stage: Stage
    batch: Batch  # this process's photos
    means: tuple[float, float] = (1.0, 1.0)  # wanted of the decisions (patches, layers), where there is no budget
    budget: float | None = None  # share of the dense network's cost that the step may take


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
