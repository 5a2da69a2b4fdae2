"""``adacolvit shards``: photos become WebDataset shards, shuffled once, at the size that training needs.

A tar is read where its photos lie, and so are tars within it, as in ImageNet's ILSVRC2012_img_train.tar: nothing is
unpacked, and memory holds one photo per process however many there are.
"""

import argparse
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from webdataset import TarWriter

from adacolvit.arguments import positive
from adacolvit.errors import DataError, PhotoError
from adacolvit.files import write_file
from adacolvit.photosets import decode, is_photo, photos_below

from .data import INDEX
from .decoding import shrunk
from .recipe import SHORT_SIDE

PLAN = "plan.txt"  # in the folder of the shards: a digest of what they are made from, and how
QUALITY = 95  # of JPEG, colors at full resolution


class Place(NamedTuple):
    """Where a photo's file lies: bytes of a larger file, or a file of its own."""

    path: str
    offset: int
    size: int
    name: str


def places(source: Path) -> Iterator[Place]:
    """The photos of a folder, a tar, or a tar of tars. DataError where it cannot be read."""

    def closed(folder: Path, error: PhotoError) -> None:
        raise DataError(f"{folder}: {error}")

    if source.is_dir():
        for path in photos_below(source, closed):
            yield Place(str(path), 0, path.stat().st_size, path.name)
        return
    try:
        with tarfile.open(source, "r:") as tar:
            yield from _members(tar, str(source), 0)
    except (tarfile.TarError, OSError) as error:
        raise DataError(f"{source} cannot be read ({error}): give folders of photos or tars, not compressed") from error


def _members(tar: tarfile.TarFile, path: str, start: int) -> Iterator[Place]:
    for member in tar:
        if member.isfile() and member.name.endswith(".tar"):
            with tarfile.open(fileobj=tar.extractfile(member), mode="r:") as inner:
                yield from _members(inner, path, start + member.offset_data)
        elif member.isfile() and is_photo(PurePosixPath(member.name)):
            yield Place(path, start + member.offset_data, member.size, member.name)
        tar.members = []  # tarfile would remember each of a million


def write_shard(folder: Path, short_side: int, job: tuple[int, list[tuple[int, Place]]]) -> tuple[str, int, list[str]]:
    """Write a shard, unless it is there: (its name, photos in it, why others are not)."""
    number, photos = job
    target = folder / f"{number:05}.tar"
    if target.exists():
        with tarfile.open(target) as tar:
            return target.name, len(tar.getnames()), []
    problems, written = [], 0
    beside = target.with_suffix(".part")
    with TarWriter(str(beside), encoder=False, mtime=0) as tar:
        for index, place in photos:
            with open(place.path, "rb") as file:
                file.seek(place.offset)
                content = file.read(place.size)
            try:
                photo = shrunk(decode(place.name, content), short_side)
            except DataError as error:
                problems.append(str(error))
                continue
            out = io.BytesIO()
            photo.save(out, "JPEG", quality=QUALITY, subsampling="4:4:4")
            stem = PurePosixPath(place.name).stem.replace(".", "_")
            tar.write({"__key__": f"{index:08}_{stem}", "jpg": out.getvalue()})
            written += 1
    beside.replace(target)
    return target.name, written, problems


def make_shards(
    sources: list[Path],
    folder: Path,
    per_shard: int,
    seed: int,
    workers: int,
    report,
    short_side: int = SHORT_SIDE,
) -> int:
    """Write shards into ``folder``, and their index; returns how many photos could not be used.

    report: called after each shard with (shards done, shards in all, why photos were left out). short_side: of the
    photos at most, in pixels. Started again, it goes on where it stood. Raises DataError.
    """
    found = [place for source in sources for place in places(source)]
    if not found:
        raise DataError(f"no photos in {', '.join(map(str, sources))}: give folders of photos, tars, or tars of tars")
    folder.mkdir(parents=True, exist_ok=True)
    named = "\n".join(f"{place.name} {place.size}" for place in found)
    digest = hashlib.sha256(f"{per_shard} {seed} {QUALITY} {short_side}\n{named}".encode()).hexdigest()
    plan = folder / PLAN
    if plan.exists() and plan.read_text() != digest:
        raise DataError(f"{folder} holds shards of other photos, or made otherwise: choose an empty folder")
    write_file(plan, digest.encode())
    order = np.random.default_rng(seed).permutation(len(found))
    jobs = [
        (number, [(int(i), found[i]) for i in order[start : start + per_shard]])
        for number, start in enumerate(range(0, len(found), per_shard))
    ]
    counts = {}
    with ExitStack() as end:
        spread = map
        if workers > 1:
            spread = end.enter_context(ProcessPoolExecutor(workers, get_context("spawn"))).map
        for name, written, problems in spread(partial(write_shard, folder, short_side), jobs):
            counts[name] = written
            report(len(counts), len(jobs), problems)
    write_file(folder / INDEX, json.dumps(counts, indent=0).encode())
    return len(found) - sum(counts.values())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="folders of photos, tars, or tars of tars")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="folder for the shards")
    parser.add_argument("--per-shard", type=positive, default=1000, metavar="N", help="photos of a shard [1000]")
    parser.add_argument(
        "--short-side", type=positive, default=SHORT_SIDE, metavar="PX", help="of the photos, at most [%(default)s]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order [0]")
    parser.add_argument("--workers", type=positive, default=os.cpu_count(), metavar="N", help="processes [one a core]")


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 1 where photos could not be used; the others are in the shards."""
    import sys

    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("writing shards", total=None)

        def report(done: int, total: int, problems: list[str]) -> None:
            progress.update(bar, completed=done, total=total)
            for problem in problems:
                progress.console.out(f"adacolvit: {problem}", highlight=False)

        settings = (args.per_shard, args.seed, args.workers, report, args.short_side)
        lost = make_shards(args.inputs, args.output, *settings)
    return int(lost > 0)
