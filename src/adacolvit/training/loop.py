"""The training loop: one process or many (under torchrun), CPU or GPU, exact on resuming."""

import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from adacolvit.errors import RecipeError
from adacolvit.hints.frame import PATCH
from adacolvit.model.network import ColorizationViT
from adacolvit.model.positions import centered_origin

from .checkpoint import Average, load_checkpoint, save_checkpoint, save_weights, start_from
from .data import PhotoCache, choose, make_batch, prefetch, random_frame
from .loss import budget_at, budget_loss, color_loss, kept
from .optimizer import make_optimizers, rate, set_rate
from .recipe import Recipe
from .validation import Validation

PHOTOS, FRAMES, NETWORK = range(3)  # streams of random numbers that must not mix
JITTER = 2.0  # positions are shifted by up to this many tokens, or as far as a 14 x 14 grid has room for the input


def make_fabric() -> Fabric:
    """One process, or as many as torchrun started; bf16 where the processor multiplies it faster than float32."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    fast_bf16 = torch.cuda.is_available() or _has_amx()
    # Decision networks have no gradient while a stage is dense.
    strategy = DDPStrategy(find_unused_parameters=True) if world > 1 else "auto"
    precision = "bf16-mixed" if fast_bf16 else "32-true"
    return Fabric(accelerator="auto", strategy=strategy, devices=local, num_nodes=world // local, precision=precision)


def _has_amx() -> bool:
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe and probe())


def rng_for(recipe: Recipe, stream: int, step: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of one step: a function of the recipe's seed and the step, so nothing needs to be saved."""
    return np.random.default_rng([recipe.seed, stream, step, rank])


def batches(recipe: Recipe, cache: PhotoCache, sample: int, step: int, rank: int, world: int):
    """This process's share of every batch from ``sample`` on: (stage, done, before, batch, samples in all)."""
    while sample < recipe.samples:
        stage, done, before = recipe.stage_at(sample)
        if stage.batch % world:
            raise RecipeError(f"a batch of {stage.batch} cannot be shared by {world} processes")
        frame = random_frame(stage, rng_for(recipe, FRAMES, step))  # the same in every process
        chosen = choose(len(cache), sample, stage.batch, recipe.seed)[rank::world]
        batch = make_batch(cache, stage, frame, chosen, rng_for(recipe, PHOTOS, step, rank))
        yield stage, done, before, batch
        sample += stage.batch
        step += 1


def random_origin(rng: np.random.Generator, rows: int, columns: int) -> tuple[float, float]:
    """Where this step's grid lies: a small one anywhere on the 14 x 14 frame, a large one near its middle."""
    return tuple(
        float(center + rng.uniform(-0.5, 0.5) * max(2 * center, JITTER)) for center in centered_origin(rows, columns)
    )


def train(
    recipe: Recipe, out: Path, cache_folder: Path, *, resume: bool = False, every: int = 10_000, reporter
) -> Path:
    """Run a recipe to its end and return the path of the weights.

    out: folder for ``last.pt``, ``metrics.jsonl``, ``sheets/`` and ``weights.safetensors``.
    resume: go on from ``out/last.pt``. every: samples between validations and checkpoints.
    reporter: shows progress; see :mod:`.command`.
    """
    fabric = make_fabric()
    fabric.launch()
    main = fabric.is_global_zero
    with fabric.rank_zero_first():
        cache = PhotoCache.open(recipe.train, cache_folder, reporter.decoding if main else None)
    torch.manual_seed(recipe.seed)
    network = ColorizationViT(recipe.model)
    if recipe.start:
        start_from(network, recipe.start)
    average = Average(network, recipe.optimizer.ema)
    sample = step = 0
    state = load_checkpoint(out / "last.pt") if resume else None
    if state:
        if state["recipe"]["model"] != recipe.model.to_dict():
            raise RecipeError(f"{out / 'last.pt'} was made for another network than the recipe's")
        network.load_state_dict(state["network"])
        average.values, average.steps = state["average"], state["average_steps"]
        sample, step = state["sample"], state["step"]
    bare = network.to(fabric.device)
    average.values = {k: v.to(fabric.device) for k, v in average.values.items()}
    optimizers = make_optimizers(bare, recipe.optimizer)
    if state:
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    model, *wrapped = fabric.setup(network, *optimizers)
    validation = Validation(recipe.validation, out) if main and recipe.validation else None
    out.mkdir(parents=True, exist_ok=True)
    log = (out / "metrics.jsonl").open("a") if main else None

    def checkpoint() -> None:
        if main:
            save_checkpoint(out / "last.pt", recipe.to_dict(), sample, step, bare, optimizers, average)
            if validation:
                scores = validation(bare, average.values, stage.mode, sample)
                log.write(json.dumps({"sample": sample, **scores}) + "\n")
                log.flush()
                reporter.scores(scores)
        fabric.barrier()

    reporter.start(recipe, sample) if main else None
    started, since, next_check = time.perf_counter(), sample, (sample // every + 1) * every
    for stage, done, before, batch in prefetch(
        batches(recipe, cache, sample, step, fabric.global_rank, fabric.world_size)
    ):
        set_rate(wrapped, rate(recipe.optimizer, sample, recipe.samples))
        torch.manual_seed(int(rng_for(recipe, NETWORK, step, fabric.global_rank).integers(2**62)))
        x, target = batch.x.to(fabric.device), batch.target.to(fabric.device)
        origin = random_origin(rng_for(recipe, NETWORK, step), x.shape[2] // PATCH, x.shape[3] // PATCH)
        bare.train()
        result = model(x, stage.mode, temperature=stage.temperature, origin=origin)
        loss = huber = color_loss(result["ab"].float(), target)
        if result["decisions"] is not None:
            loss = loss + recipe.budget_weight * budget_loss(result["decisions"], budget_at(stage, done, before))
        fabric.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(bare.parameters(), recipe.optimizer.clip)
        for optimizer in wrapped:
            optimizer.step()
            optimizer.zero_grad()
        average.update(bare)
        sample += stage.batch
        step += 1
        if main:
            reporter.step(sample, huber.item())
            if step % 20 == 0:
                speed = (sample - since) / (time.perf_counter() - started)
                row = {
                    "sample": sample,
                    "step": step,
                    "huber": huber.item(),
                    "norm": norm.item(),
                    "images_per_s": speed,
                }
                if result["decisions"] is not None:
                    row["patches"], row["layers"] = (v.item() for v in kept(result["decisions"]))
                log.write(json.dumps({k: round(v, 6) for k, v in row.items()}) + "\n")
                log.flush()
                started, since = time.perf_counter(), sample
        if sample >= next_check or sample >= recipe.samples:
            next_check += every
            checkpoint()
            started, since = time.perf_counter(), sample
    weights = out / "weights.safetensors"
    if main:
        save_weights(weights, recipe.model, average.values)
        log.close()
    fabric.barrier()
    return weights
