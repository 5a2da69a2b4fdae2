"""What a large run relies on: a step in parts is the same step, and a run killed at any moment goes on to the bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from adacolvit.cli import main
from adacolvit.hints.frame import square_frame
from adacolvit.training.checkpoint import load_checkpoint
from adacolvit.training.data import PhotoCache, make_batch
from adacolvit.training.loop import make_fabric
from adacolvit.training.plan import Planned
from adacolvit.training.recipe import load_recipe
from adacolvit.training.run import Run

from .conftest import RECIPE

LONG = RECIPE.replace("samples = 32", "samples = 320")

PATIENCE = 240  # seconds, of a busy machine


def test_a_step_in_parts_has_the_gradients_of_the_whole(recipe_file, shard, tmp_path):
    cache, recipe = PhotoCache.open((str(shard),), tmp_path), load_recipe(recipe_file)
    stage = recipe.stages[0]
    batch = make_batch(cache, stage, square_frame(1, 1, 32), np.arange(8), np.random.default_rng(0))
    gradients, norms = [], []
    for parts in (1, 3, 50):
        run = Run(make_fabric("fp32"), recipe, tmp_path / str(parts), False, cache, parts)
        run.optimizers = []  # so that the gradients stay
        norms.append(run.update(Planned(stage, batch))["norm"].item())
        gradients.append({name: p.grad for name, p in run.network.named_parameters() if p.grad is not None})
    assert norms[0] > 0 and norms == pytest.approx([norms[0]] * 3, rel=1e-4)
    for name, whole in gradients[0].items():
        for some in gradients[1:]:
            torch.testing.assert_close(some[name], whole, rtol=1e-3, atol=1e-3 * float(whole.abs().max()))


@pytest.fixture(scope="module")
def shards(shard, tmp_path_factory):
    """The twelve photos as three shards."""
    folder = tmp_path_factory.mktemp("shards")
    assert main(["shards", str(shard), "-o", str(folder), "--per-shard", "5", "--workers", "1"]) == 0
    return folder


def start(recipe: Path, shards: Path, out: Path, *more: str) -> subprocess.Popen:
    """A run in two processes, which stream the shards and do each step in two parts."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    command += ["adacolvit.cli", "train", recipe, "--train", f"{shards}/{{00000..00002}}.tar", "--out", out]
    command += ["--parts", "2", "--every", "16", "--threads", "1", *more]
    with open(f"{out}.log", "ab") as log:
        return subprocess.Popen([*map(str, command)], stdout=log, stderr=subprocess.STDOUT)


def family(process: int) -> list[int]:
    """A process and all that it started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found = [process]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of a run in /proc")
def test_two_processes_killed_at_any_step_go_on_to_the_bit(shards, tmp_path):
    recipe = tmp_path / "made.toml"
    recipe.write_text(LONG)
    whole = start(recipe, shards, tmp_path / "whole")
    assert whole.wait(PATIENCE) == 0, (tmp_path / "whole.log").read_text()
    checkpoint = tmp_path / "broken" / "last.pt"
    chance = random.Random(time.time_ns())
    stopped = []
    for more in ((), ("--resume",)):
        run = start(recipe, shards, tmp_path / "broken", *more)
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        end = time.monotonic() + PATIENCE
        try:
            while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
                assert run.poll() is None and time.monotonic() < end, (tmp_path / "broken.log").read_text()
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))  # any moment will do: within a step, or while a checkpoint is written
        finally:
            for process in family(run.pid):
                os.kill(process, signal.SIGKILL)
        run.wait()
        stopped.append(load_checkpoint(checkpoint)["sample"])
    assert 0 < stopped[0] < stopped[1] < 640
    last = start(recipe, shards, tmp_path / "broken", "--resume")
    assert last.wait(PATIENCE) == 0, (tmp_path / "broken.log").read_text()
    one, other = (load_checkpoint(tmp_path / name / "last.pt") for name in ("whole", "broken"))
    assert (one["sample"], one["step"]) == (other["sample"], other["step"]) == (640, 80)
    for part in ("network", "average"):
        for name, value in one[part].items():
            assert value.equal(other[part][name]), f"{part} {name}"
