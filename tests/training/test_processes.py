"""Two processes that share a batch take the step that one process takes with the whole of it, and part when done."""

import gc
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from adacolvit.hints.frame import square_frame
from adacolvit.model.registry import build, config_from
from adacolvit.training import loop
from adacolvit.training.command import Reporter
from adacolvit.training.data import Batch, PhotoCache, make_batch
from adacolvit.training.loop import make_fabric, train
from adacolvit.training.plan import Planned
from adacolvit.training.recipe import Recipe, Stage, load_recipe
from adacolvit.training.run import Run

PHOTOS = 12
BUDGET = 0.6


def gate_gradients(recipe: Recipe, folder: Path, batch: Batch, budget: float | None) -> dict[str, torch.Tensor]:
    """Of one step's budget terms and color loss, as the optimizers would get them."""
    fabric = make_fabric("fp32")
    fabric.launch()
    run = Run(fabric, recipe, folder, False, None)
    generator = torch.Generator().manual_seed(1)
    for name, p in run.network.named_parameters():
        if ".decide_" in name:  # so that photos differ in what they keep
            torch.nn.init.normal_(p.data, std=0.5, generator=generator)
    run.optimizers = []  # so that the gradients stay
    rank, world = fabric.global_rank, fabric.world_size
    share = Batch(batch.x[rank::world], batch.target[rank::world])
    measured = run.update(Planned(recipe.stages[-1], share, (0.4, 0.8), budget))
    gradients = {name: p.grad for name, p in run.network.named_parameters() if ".decide_" in name}
    return gradients | {name: measured[name] for name in ("patches", "layers")}


def rival_losses(batch: Batch) -> dict[str, torch.Tensor]:
    """Of networks whose losses are no means over photos: AdaViT's of given choices, A-ViT's of its own."""
    fabric = make_fabric("fp32")
    fabric.launch()
    rank, world = fabric.global_rank, fabric.world_size
    size, found = {"width": 32, "depth": 3, "heads": 2}, {}
    generator = torch.Generator().manual_seed(1)
    chosen = [torch.rand((PHOTOS, 2, many), generator=generator) for many in (2, 2, 4)]
    adavit = build(config_from({"family": "adavit", **size}))
    found |= adavit._losses(*(torch.where(each > 0.2, each, 0)[rank::world] for each in chosen))
    torch.manual_seed(1)
    avit = build(config_from({"family": "avit", **size, "gain": 5.0, "center": 2.0}))
    return found | {"prior": avit(batch.x[rank::world], "masked")["losses"]["prior"].detach()}


def whole_run(recipe: Recipe, folder: Path) -> tuple[bool, int]:
    """Whether the processes are still connected after a run, and how many networks were when they parted."""
    left = []
    part = dist.destroy_process_group

    def parting(*group) -> None:
        if not group:  # all of them, not one that was made for a moment
            left.append(sum(isinstance(thing, DistributedDataParallel) for thing in gc.get_objects()))
        part(*group)

    dist.destroy_process_group = parting
    train(recipe, folder / "run", folder / "cache", resume=False, every=32, reporter=Reporter())
    return dist.is_initialized(), *left


def work(rank: int, port: int, job: Callable, arguments: tuple, out: Path) -> None:
    """One of two processes."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "CUDA_VISIBLE_DEVICES": ""}
    os.environ |= {"TORCHELASTIC_RUN_ID": "made"}  # by which torchrun is recognized
    found = job(*arguments)
    if rank == 0:
        torch.save(found, out)
    if dist.is_initialized():
        dist.destroy_process_group()


@pytest.fixture
def port():
    """A free one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("budget", [None, BUDGET])
def test_the_budget_is_that_of_the_whole_batch(recipe_file, shard, tmp_path, port, budget):
    recipe = load_recipe(recipe_file)
    stage = replace(recipe.stages[-1], noise=0.0, budgets=(0.3, 1.0) if budget else ())
    model = replace(recipe.model, budget_knots=3 if budget else 0)
    recipe = replace(recipe, model=model, stages=(stage,), budget_weight=100.0)
    cache = PhotoCache.open((str(shard),), tmp_path)
    batch = make_batch(cache, stage, square_frame(1, 1, 32), np.arange(PHOTOS), np.random.default_rng(0))
    arguments = (recipe, tmp_path, batch, budget)
    whole = gate_gradients(*arguments)
    mp.spawn(work, (port, gate_gradients, arguments, tmp_path / "found.pt"), nprocs=2)
    found = torch.load(tmp_path / "found.pt")
    assert found.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4 * float(value.abs().max()), msg=name)


def test_the_losses_of_rivals_are_those_of_the_whole_batch(shard, tmp_path, port):
    cache = PhotoCache.open((str(shard),), tmp_path)
    stage = Stage(samples=1, size=32)
    batch = make_batch(cache, stage, square_frame(1, 1, 32), np.arange(PHOTOS), np.random.default_rng(0))
    whole = rival_losses(batch)
    mp.spawn(work, (port, rival_losses, (batch,), tmp_path / "found.pt"), nprocs=2)
    found = torch.load(tmp_path / "found.pt")
    assert found.keys() == whole.keys() == {"usage", "prior"}
    for name, value in whole.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-7, msg=name)


def test_a_run_that_is_done_disconnects_its_processes(recipe_file, shard, tmp_path, port):
    recipe = load_recipe(recipe_file, train=(str(shard),))
    mp.spawn(work, (port, whole_run, (recipe, tmp_path), tmp_path / "connected.pt"), nprocs=2)
    connected, networks = torch.load(tmp_path / "connected.pt")
    assert connected is False
    assert networks == 0  # the last holder of the connection would wait for its threads with Python's lock in hand
    assert (tmp_path / "run" / "weights.safetensors").exists()


def hurried_run(recipe: Recipe, folder: Path) -> None:
    """A run of one minute by a clock that is another one in every process."""
    rank, update = int(os.environ["RANK"]), Run.update
    loop.time = SimpleNamespace(perf_counter=partial(next, count(1000 * rank, 1 + 5 * rank)))

    def noted(run: Run, planned: Planned):
        done.append((run.sample, run.pace.place(run.sample), planned.stage.mode))
        return update(run, planned)

    done = []
    Run.update = noted
    train(recipe, folder / "run", folder / "cache", resume=False, every=10**6, reporter=Reporter(), minutes=1)
    (folder / f"{rank}.json").write_text(json.dumps(done))


def test_processes_agree_on_when_time_is_up(recipe_file, shard, tmp_path, port):
    recipe = load_recipe(recipe_file, train=(str(shard),))
    mp.spawn(work, (port, hurried_run, (recipe, tmp_path), tmp_path / "nothing.pt"), nprocs=2)
    one, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert one == other
    assert len(one) > 20 and {mode for _, _, mode in one} == {"dense", "masked"}
