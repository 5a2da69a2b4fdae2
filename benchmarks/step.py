"""What a training step's time goes into, on whatever device there is: docs/training.md, "What a GPU is kept busy with".

python benchmarks/step.py [--model tiny] [--mode dense] [--size 160] [--batch 512] [--steps 20]

Photos are noise: what they show changes no kernel.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from adacolvit.model.registry import NETWORKS
from adacolvit.training.data import packed
from adacolvit.training.loop import kept_where, make_fabric
from adacolvit.training.plan import batches
from adacolvit.training.recipe import MODES, Optimizer, Recipe, Stage
from adacolvit.training.run import Run

PHOTOS, SIDE = 1000, 250
WARM = 6  # steps, the first of which compile
PROFILED = 3  # steps


def timed(work, steps: int, device: torch.device) -> float:
    """Milliseconds of one of ``steps`` calls of ``work``."""
    start = time.perf_counter()
    for _ in range(steps):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start) / steps


def kernels(work, device: torch.device) -> list[tuple[float, int, str]]:
    """What runs on the device in one call of ``work``: milliseconds, how often, name; the longest first."""
    if device.type == "cuda":
        activity, where, spent = ProfilerActivity.CUDA, DeviceType.CUDA, "self_device_time_total"
    else:
        activity, where, spent = ProfilerActivity.CPU, DeviceType.CPU, "self_cpu_time_total"
    with profile(activities={ProfilerActivity.CPU, activity}) as found:
        timed(work, PROFILED, device)
    rows = [
        (getattr(e, spent) / 1000 / PROFILED, e.count // PROFILED, e.key)
        for e in found.key_averages()
        if e.device_type == where and not e.key.startswith("Optimizer.")  # spans of time, not kernels
    ]
    return sorted(rows, reverse=True)


def main() -> None:
    """Print times and the longest kernels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny", choices=list(NETWORKS))
    parser.add_argument("--mode", default="dense", choices=MODES)
    parser.add_argument("--size", type=int, default=160, help="of the square crops, px (%(default)s)")
    parser.add_argument("--batch", type=int, default=512, help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="timed ones (%(default)s)")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    cache = packed([rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(PHOTOS)])
    stage = Stage(samples=10**9, size=asked.size, batch=asked.batch, mode=asked.mode, layers=0.71, patches=0.43)
    recipe = Recipe("step", NETWORKS[asked.model], (stage,), Optimizer())
    fabric = make_fabric()
    fabric.launch()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(fabric, recipe, Path(folder), False, cache)
        plan = batches(recipe, kept_where(fabric, cache), 0, 0, fabric, run.pace)

        def step() -> None:
            run.update(next(plan))

        first = WARM * timed(step, WARM, fabric.device)
        whole, batch = (timed(work, asked.steps, fabric.device) for work in (step, lambda: next(plan)))
        rows = kernels(step, fabric.device)
    busy, count = sum(row[0] for row in rows), sum(row[1] for row in rows)
    print(f"{whole:.1f} ms a step, {1000 * asked.batch / whole:.0f} images/s; first {WARM} steps {first / 1000:.0f} s")
    print(f"making the batch alone {batch:.1f} ms; {count} kernels, {busy:.1f} ms of them")
    for milliseconds, often, name in rows[:20]:
        print(f"{milliseconds:8.2f} ms {often:5d} x  {name[:90]}")


if __name__ == "__main__":
    main()
