"""Images per second of what feeds training, and of the step itself: docs/scale.md. One thread per process.

python benchmarks/loader.py PHOTOS [--cache DIR]    PHOTOS: tars or folders, as of `adacolvit train --train`
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image

from adacolvit.hints.frame import square_frame
from adacolvit.training.command import DEFAULT_CACHE
from adacolvit.training.data import PhotoCache, make_batch, packed
from adacolvit.training.plan import Planned
from adacolvit.training.recipe import Recipe, Stage, load_recipe
from adacolvit.training.resident import ResidentPhotos
from adacolvit.training.run import Run
from adacolvit.training.shards import make_shards
from adacolvit.training.stream import ShardStream

BATCH, PHOTOS = 32, 256
STAGES = [
    Stage(samples=1, size=112, batch=BATCH),
    Stage(samples=1, size=224, batch=BATCH, crop=(0.5, 1.0), max_hints=128, mode="masked", layers=0.71, patches=0.43),
]


def speed(work, seconds: float, warm: int = 1) -> float:
    """Images per second of ``work(number)``, which makes one batch."""
    for number in range(warm):
        work(number)
    start, number = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work(warm + number)
        number += 1
    return number * BATCH / (time.perf_counter() - start)


def loader(cache: PhotoCache, stage: Stage):
    """The processor's way."""
    frame = square_frame(1, 1, stage.size)

    def work(number):
        rng = np.random.default_rng(number)
        return make_batch(cache, stage, frame, rng.integers(len(cache), size=BATCH), rng)

    return work


def _process(sources, folder, size, seconds, begin, results) -> None:
    torch.set_num_threads(1)
    work = loader(PhotoCache.open(sources, folder), next(stage for stage in STAGES if stage.size == size))
    work(0)
    begin.wait()
    results.put(speed(work, seconds))


def together(count: int, sources, folder, stage: Stage, seconds: float) -> float:
    """Images per second of several processes at once."""
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(count), context.Queue()
    arguments = (sources, folder, stage.size, seconds, begin, results)
    processes = [context.Process(target=_process, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    total = sum(results.get() for _ in processes)
    for process in processes:
        process.join()
    return total


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sources = tuple(args.photos)
    cache = PhotoCache.open(sources, args.cache)
    some = packed([cache[i] for i in range(PHOTOS)])
    resident = ResidentPhotos(some, torch.device("cpu"))
    rows = {}
    for stage in STAGES:
        column = rows.setdefault(stage.size, {})
        frame, chosen = square_frame(1, 1, stage.size), np.arange(BATCH)
        column["loader, 1 process"] = together(1, sources, args.cache, stage, args.seconds)
        column["loader, 2 processes"] = together(2, sources, args.cache, stage, args.seconds)
        column["as on a GPU, on one core"] = speed(
            lambda number, s=stage, f=frame, c=chosen: resident.batch(s, f, c, number), args.seconds
        )
        with tempfile.TemporaryDirectory() as out:
            recipe = Recipe("step", load_recipe("tiny").model, (stage,))
            run = Run(Fabric(accelerator="cpu", devices=1), recipe, Path(out), False, cache)
            planned = Planned(stage, loader(cache, stage)(0), (0.43, 0.71))
            column["step"] = speed(lambda _, r=run, p=planned: r.update(p), args.seconds)
    with tempfile.TemporaryDirectory() as out:
        folder = Path(out) / "photos"
        folder.mkdir()
        for i in range(PHOTOS):
            Image.fromarray(cache[i]).save(folder / f"{i}.png")
        make_shards([folder], Path(out), PHOTOS, 0, 1, lambda *_: None)
        photos = ShardStream([out], 0).photos()
        column["streamed: read and decoded alone"] = speed(lambda _: [next(photos) for _ in range(BATCH)], args.seconds)
        shard = next(Path(out).glob("*.tar")).stat().st_size
    print("| images/s | 112 px | 224 px |\n|---|---|---|")
    for name in rows[224]:
        print(f"| {name} | {rows[112].get(name, float('nan')):.0f} | {rows[224][name]:.0f} |")
    pixels = len(some.pixels) / 3 / PHOTOS
    print(f"\n{PHOTOS} photos, on average {pixels:.0f} pixels and {shard / PHOTOS:.0f} bytes of a shard each")


if __name__ == "__main__":
    main()
