"""Photos for training: decoded once into a memory-mapped cache, then cropped, flipped, changed and hinted at random.

Every batch is a function of (seed, step, process) alone, so that a resumed run sees exactly what an unbroken one would.
"""

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import repeat, takewhile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from adacolvit.color.lab import levels_to_linear, linear_to_lab
from adacolvit.crew import cores, in_order
from adacolvit.errors import DataError
from adacolvit.hints.encoder import MAX_SIZE, MIN_SIZE, encode, normalize_ab
from adacolvit.hints.frame import PATCH, Frame, fit_frame, square_frame
from adacolvit.hints.sampling import cell_means, sample_places
from adacolvit.lock import held
from adacolvit.photosets import SUFFIXES, iter_files

from .augment import changed
from .decoding import lost, opened
from .recipe import SHORT_SIDE, Stage

INDEX = "shards.json"  # beside shards: {"name of a shard": number of its photos}
LOOK_EVERY = 1000  # photos between looks at whether the disk has room for those to come
FEW_HINTS = 10  # "few" of a stage: as many as a person begins with
VARIED_SIZES = 0.3  # share of the batches whose hints have all sizes, not the smallest alone
AHEAD = 2  # batches that wait or are in the making while a step is done
STRETCH = 4 / 3  # crops are stretched by up to this


class PhotoCache:
    """All photos of some sources as uint8 sRGB, in one file that the operating system pages in as needed."""

    way = "cached"  # in which photos reach the network

    def __init__(self, pixels: np.ndarray, index: np.ndarray) -> None:
        self.pixels = pixels  # flat uint8
        self.index = index  # (M, 3) int64: offset, height, width

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> np.ndarray:
        """Photo i: (H, W, 3) uint8, sRGB."""
        offset, height, width = self.index[i]
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)

    @classmethod
    def open(cls, sources: tuple[str, ...], folder: Path, progress=None, short_side: int = SHORT_SIDE) -> "PhotoCache":
        """Open the cache of ``sources`` below ``folder``, decoding them first if that was not done.

        progress: called with the number of photos done, now and then. short_side: of the photos at most, in pixels.
        """
        sources = [part for source in sources for part in _parts(Path(source))]
        content = json.dumps([short_side, [_fingerprint(source) for source in sources]])
        key = hashlib.sha256(content.encode()).hexdigest()[:16]
        pixel_file, index_file = folder / f"{key}.rgb", folder / f"{key}.npy"
        if not index_file.exists():
            if not sources:
                raise DataError("no photos to train on: name tar shards or folders with --train, or in the recipe")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with held(folder / f"{key}.lock"):
                    if not index_file.exists():  # another run has not decoded them meanwhile
                        cls._decode(sources, pixel_file, index_file, progress, short_side)
            except OSError as error:
                raise DataError(
                    f"the decoded photos cannot be kept in {folder} ({error}): name a folder with room by --cache"
                ) from error
        return cls(np.memmap(pixel_file, np.uint8, "r"), np.load(index_file))

    @staticmethod
    def _decode(sources: list[Path], pixel_file: Path, index_file: Path, progress, short_side: int) -> None:
        index, offset, read = [], 0, 0
        whole = sum(p.stat().st_size for source in sources for p in _files(source) if _is_photos(p, source))
        files = ((f"{source}:{key}", content) for source in sources for key, content in iter_files(source))
        part = pixel_file.with_suffix(".part")
        try:
            photos = closing(in_order(partial(partial, opened, short_side), files, cores(), lost))
            with part.open("wb") as out, photos as answers:
                for answer in answers:
                    if isinstance(answer, DataError):
                        raise answer
                    photo, size = answer
                    out.write(photo)
                    index.append((offset, *photo.shape[:2]))
                    offset += photo.nbytes
                    read += size
                    if progress and len(index) % 100 == 0:
                        progress(len(index))
                    if len(index) % LOOK_EVERY == 0:
                        _check_room(part.parent, offset * (whole / read - 1))
            part.replace(pixel_file)
            with part.open("wb") as out:
                np.save(out, np.array(index, np.int64))
            part.replace(index_file)  # last: its presence says that the cache is whole
        finally:
            part.unlink(missing_ok=True)


def _check_room(folder: Path, wanted: float) -> None:
    """DataError where a disk has less room than the ``wanted`` bytes."""
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise DataError(
            f"the photos still to be decoded take about {wanted / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB:"
            " name a folder on a larger disk with --cache, or read shards as they are needed with --stream"
        )


def packed(photos: Sequence[np.ndarray]) -> PhotoCache:
    """Photos in memory as a cache."""
    shapes = np.array([photo.shape[:2] for photo in photos], np.int64)
    ends = np.cumsum(3 * shapes.prod(1))
    index = np.column_stack([np.concatenate([[0], ends[:-1]]), shapes])
    return PhotoCache(np.concatenate([photo.ravel() for photo in photos]), index)


def shards_in(folder: Path) -> list[Path]:
    """The shards of a folder, in order."""
    return sorted(folder.glob("*.tar"))


def _parts(source: Path) -> list[Path]:
    """What a source stands for: a folder that ``adacolvit shards`` wrote, for its shards; else itself."""
    return shards_in(source) if (source / INDEX).exists() else [source]


def _files(source: Path) -> list[Path]:
    """A source, and what is in it where it is a folder."""
    return [path for path in (source, *sorted(source.rglob("*"))) if path.exists()]


def _is_photos(path: Path, source: Path) -> bool:
    """Whether one of the :func:`_files` of a source is a photo, or a tar that is itself the source."""
    return path.is_file() and (path == source or path.suffix.lower() in SUFFIXES)


def _fingerprint(source: Path) -> list:
    """What a source holds, by names, sizes and times: shards of hundreds of gigabytes are not read for it."""
    found = ((path, path.stat()) for path in _files(source))
    return [(str(path.relative_to(source.parent)), stat.st_size, stat.st_mtime_ns) for path, stat in found]


@dataclass
class Batch:
    """One step's photos.

    x: (B, 4, H, W) network input; target: (B, 2, H, W) true a/110, b/110.
    hints: what :func:`encode` takes after the lightness: rows, columns, sizes (B, K) int64, ab (B, K, 2) Lab units.
    """

    x: torch.Tensor
    target: torch.Tensor
    hints: tuple[torch.Tensor, ...] = ()

    def to(self, device) -> "Batch":
        """The batch on a device."""
        return Batch(self.x.to(device), self.target.to(device), tuple(h.to(device) for h in self.hints))

    def split(self, parts: int) -> list["Batch"]:
        """The batch in that many pieces, as even as can be; fewer where it has fewer photos."""
        pieces = [tensor.tensor_split(min(parts, len(self.x))) for tensor in (self.x, self.target, *self.hints)]
        return [Batch(x, target, tuple(hints)) for x, target, *hints in zip(*pieces, strict=True)]


def crop_box(rng: np.random.Generator, width: int, height: int, area: tuple[float, float], aspect: float):
    """A random box (left, top, right, bottom) in pixels, its area uniform in the given fractions of the photo.

    Its aspect is ``aspect`` (width / height) times a log-uniform factor of up to ``STRETCH`` either way: what is
    stretched to one shape in evaluation was seen stretched in training.
    """
    for _ in range(10):
        wanted = width * height * rng.uniform(*area)
        shape = aspect * np.exp(rng.uniform(-np.log(STRETCH), np.log(STRETCH)))
        w, h = np.sqrt(wanted * shape), np.sqrt(wanted / shape)
        if w <= width and h <= height:
            left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
            return left, top, left + w, top + h
    return 0.0, 0.0, float(width), float(height)


def random_frame(stage: Stage, rng: np.random.Generator) -> Frame:
    """The input's shape for one step: the stage's square, or in ``vary`` of the steps a grid of as many tokens."""
    if rng.random() >= stage.vary:
        return square_frame(1000, 1000, stage.size)
    aspect = np.exp(rng.uniform(np.log(2 / 3), np.log(3 / 2)))
    return fit_frame(round(1000 * aspect), 1000, (stage.size // PATCH) ** 2)


def random_hints(rng: np.random.Generator, ab: np.ndarray, stage: Stage):
    """Random hints on true colors ``ab`` (B, H, W, 2): what :func:`encode` takes after the lightness."""
    batch, height, width, _ = ab.shape
    few = rng.random(batch) < stage.few
    counts = np.where(few, rng.integers(0, FEW_HINTS + 1, batch), rng.integers(0, stage.max_hints + 1, batch))
    sizes = (MIN_SIZE, MAX_SIZE) if rng.random() < VARIED_SIZES else (MIN_SIZE, MIN_SIZE)
    rows, columns, side = sample_places(rng, counts, height, width, sizes)
    return rows, columns, side, cell_means(ab, rows, columns, side)


def resized(photo: np.ndarray, box: tuple[float, float, float, float], width: int, height: int) -> np.ndarray:
    """A box (left, top, right, bottom) of a photo (H, W, 3) uint8, as (height, width, 3): bilinear, antialiased.

    Only what the filter looks at is copied into Pillow's layout, which takes as long as resizing does.
    """
    left, top, right, bottom = box
    # The filter reaches half an output pixel beyond the box; one more pixel for rounding.
    across, down = 1 + max(1, (right - left) / width), 1 + max(1, (bottom - top) / height)
    x, y = max(0, int(left - across)), max(0, int(top - down))
    part = Image.fromarray(np.ascontiguousarray(photo[y : int(bottom + down) + 1, x : int(right + across) + 1]))
    return np.asarray(part.resize((width, height), Image.BILINEAR, box=(left - x, top - y, right - x, bottom - y)))


def make_batch(
    photos: Sequence[np.ndarray] | PhotoCache, stage: Stage, frame: Frame, chosen: np.ndarray, rng: np.random.Generator
) -> Batch:
    """Crop, flip, convert, change and hint the chosen ones of some photos, each (H, W, 3) uint8 sRGB."""
    width, height = frame.width, frame.height
    lab = np.empty((len(chosen), height, width, 3), np.float32)
    for slot, i in enumerate(chosen):  # to Lab one by one, which stays in the processor's cache
        photo = photos[i]
        box = crop_box(rng, photo.shape[1], photo.shape[0], stage.crop, width / height)
        crop = resized(photo, box, width, height)
        lab[slot] = linear_to_lab(levels_to_linear(crop[:, ::-1] if rng.random() < 0.5 else crop))
    lab = changed(lab, stage, partial(rng.standard_normal, dtype=np.float32), rng.random)
    ab = lab[..., 1:]
    hints = random_hints(rng, ab, stage)
    x = encode(lab[..., 0], *hints)
    target = np.moveaxis(normalize_ab(ab), -1, 1)
    x, target, *hints = (torch.from_numpy(np.ascontiguousarray(array)) for array in (x, target, *hints))
    return Batch(x, target, tuple(hints))


def choose(photos: int, first: int, count: int, seed: int) -> np.ndarray:
    """Which photos samples ``first .. first + count`` of a run are: one random permutation after another."""
    epochs = range(first // photos, (first + count - 1) // photos + 1)
    parts = [_permutation(photos, seed, epoch)[max(0, first - epoch * photos) :][:count] for epoch in epochs]
    return np.concatenate(parts)[:count]


@lru_cache(maxsize=2)  # a batch may end one and begin another
def _permutation(photos: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(photos)


def ahead(calls: Iterable[Callable], threads: int, depth: int) -> Iterator:
    """What calls give, in their order, made by some threads up to ``depth`` ahead. An error is raised in its turn."""
    pool, waiting = ThreadPoolExecutor(threads), deque()
    try:
        for call in calls:
            waiting.append(pool.submit(call))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def prefetch(batches: Iterator) -> Iterator:
    """Make batches in a thread of their own, ``AHEAD`` of them ahead. An error there is raised here."""
    return takewhile(lambda batch: batch is not None, ahead(repeat(partial(next, batches, None)), 1, AHEAD))
