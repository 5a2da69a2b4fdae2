"""Shards too many for a cache: read while they are trained on, in constant memory, from wherever fsspec can read.

A process holds a few shards at a time, as files, and shuffles what is in them; so what comes at a place of the stream
is a function of (seed, process, place) alone, and a resumed run goes on there after reading no more than those few.
"""

import io
import json
import logging
import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import fsspec
import numpy as np
import webdataset
from PIL import Image

from adacolvit.errors import DataError
from adacolvit.photosets import SUFFIXES

from .data import INDEX, ahead, shards_in
from .decoding import shrunk
from .recipe import SHORT_SIDE

MIXED = 4  # shards that are shuffled together; as many more are read meanwhile
PAUSES = (1, 4, 16)  # seconds before a shard that could not be read is tried again
# What waiting does not mend: no such shard, no leave to read it, nothing here that opens such an address.
_LASTING = (FileNotFoundError, PermissionError, ImportError, ValueError)
_NAME = re.compile(r"[^/\\\s'\"]+\.tar(?!.*\.tar)")  # a shard's, in its address or in a command that reads it

logger = logging.getLogger(__name__)


def is_stream(sources: Sequence[str]) -> bool:
    """Whether sources can be streamed only: URLs, commands, or many shards in one word."""
    return any("://" in source or source.startswith("pipe:") or "{" in source for source in sources)


class ShardStream:
    """One process's photos of some shards, for ever: epoch after epoch, each in an order of its own."""

    way = "streamed"  # in which photos reach the network

    def __init__(
        self,
        sources: Sequence[str],
        seed: int,
        rank: int = 0,
        world: int = 1,
        short_side: int = SHORT_SIDE,
        counts: dict[str, int] | None = None,
    ) -> None:
        """sources: folders of shards, paths, URLs that fsspec knows, ``pipe:`` commands; braces as in
        ``s3://bucket/train-{0000..1281}.tar`` stand for many. Each process reads shards of its own. short_side: of the
        photos at most, in pixels. counts: what :func:`counted` says of the sources, where it was asked before. Raises
        DataError.
        """
        self.shards = _expanded(sources)
        if len(self.shards) < world:
            raise DataError(f"{len(self.shards)} shards cannot be shared by {world} processes: make smaller shards")
        self.counts = counted(sources) if counts is None else counts
        if not any(self.counts.values()):
            raise DataError(f"no photos in {', '.join(sources)}: `adacolvit shards` makes shards, of a tar of tars too")
        self._seed, self._rank, self._world, self._short_side = seed, rank, world, short_side

    def files(self, first: int = 0) -> Iterator[tuple[str, bytes]]:
        """(name, content) of every photo from the ``first``-th of the stream on."""
        for files in ahead((partial(self._read, *window) for window in self._windows(first)), 1, 1):
            yield from files

    def photos(self, first: int = 0, threads: int = 1) -> Iterator[np.ndarray]:
        """The photos from the ``first``-th on, decoded by some threads: (H, W, 3) uint8 sRGB. Raises DataError."""
        files = self.files(first)
        return ahead((partial(decoded, *file, self._short_side) for file in files), threads, 2 * threads)

    def _windows(self, first: int) -> Iterator[tuple[list[str], np.ndarray, int]]:
        """(shards, order of their photos, how many of these to leave out), without reading what lies before."""
        epoch = 0
        while True:
            shuffled = np.random.default_rng([self._seed, epoch]).permutation(len(self.shards))[
                self._rank :: self._world
            ]
            for start in range(0, len(shuffled), MIXED):
                names = [self.shards[i] for i in shuffled[start : start + MIXED]]
                count = sum(self.counts[name] for name in names)
                if first < count:
                    rng = np.random.default_rng([self._seed, epoch, self._rank, start])
                    yield names, rng.permutation(count), first
                first = max(0, first - count)
            epoch += 1

    def _read(self, names: list[str], order: np.ndarray, skip: int) -> list[tuple[str, bytes]]:
        files = []
        for name in names:
            found = fetched(name)
            if len(found) != self.counts[name]:
                raise DataError(
                    f"{name} holds {len(found)} photos where {self.counts[name]} were counted: mend its {INDEX}"
                )
            files += found
        return [files[i] for i in order[skip:]]


def decoded(name: str, content: bytes, short_side: int) -> np.ndarray:
    """A shard's photo: (H, W, 3) uint8. It is taken to be upright and in sRGB, as ``adacolvit shards`` writes them."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(shrunk(image.convert("RGB"), short_side))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"the photo {name} cannot be used ({error}): make its shard again") from error


def _expanded(sources: Sequence[str]) -> list[str]:
    """Shards by name; a folder stands for those in it."""
    found = []
    for source in sources:
        folder = Path(source)
        found += map(str, shards_in(folder)) if folder.is_dir() else webdataset.shardlists.expand_urls(source)
    if not found:
        raise DataError(f"no shards at {', '.join(sources) or 'all'}: name tars with --train")
    return found


def _content(address: str) -> bytes:
    """What lies at a path or URL, or what the command after ``pipe:`` writes."""
    if address.startswith("pipe:"):
        with webdataset.gopen(address) as pipe:
            return pipe.read()
    files, path = fsspec.core.url_to_fs(address)
    return files.cat_file(path)


def _files(shard: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the photos of a shard, in its order."""
    try:
        for entry in webdataset.tariterators.tar_file_iterator(io.BytesIO(_content(shard))):
            if PurePosixPath(entry["fname"]).suffix.lower() in SUFFIXES:
                yield f"{shard}:{entry['fname']}", entry["data"]
    except Exception as error:  # of whatever opens the address
        raise DataError(f"the shard {shard} cannot be read ({error}): check its address") from error


def fetched(shard: str) -> list[tuple[str, bytes]]:
    """:func:`_files` of a shard. A store may fail for a moment: it is asked again before DataError is raised."""
    for pause in PAUSES:
        try:
            return list(_files(shard))
        except DataError as error:
            if isinstance(error.__cause__, _LASTING):
                raise
            logger.warning("%s; trying again in %g s", error, pause)
            time.sleep(pause)
    return list(_files(shard))


def counted(sources: Sequence[str]) -> dict[str, int]:
    """Photos of each shard: of the index beside it, else counted by reading it once. Raises DataError."""
    known: dict[str, dict[str, int]] = {}
    counts = {}
    for shard in _expanded(sources):
        place = _NAME.sub(INDEX, shard)
        if place not in known:
            known[place] = _index(place) if place != shard else {}
        name = _NAME.search(shard)
        counts[shard] = known[place].get(name and name[0]) or len(fetched(shard))
    return counts


def _index(place: str) -> dict[str, int]:
    try:
        return json.loads(_content(place))
    except Exception as error:  # of whatever opens the address; what is wrong with more than the index, a shard says
        logger.warning("there is no index %s (%s): every shard is read to count its photos", place, error)
        return {}
