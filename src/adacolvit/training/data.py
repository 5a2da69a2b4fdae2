"""Photos for training: decoded once into a memory-mapped cache, then cropped, flipped, recolored and hinted at random.

Every batch is a function of (seed, step, process) alone, so that a resumed run sees exactly what an unbroken one would.
"""

import hashlib
import json
import queue
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from array_api_compat import array_namespace
from PIL import Image

from adacolvit.color.lab import levels_to_linear, linear_to_lab
from adacolvit.errors import DataError
from adacolvit.hints.encoder import MAX_SIZE, MIN_SIZE, encode, normalize_ab
from adacolvit.hints.frame import PATCH, Frame, fit_frame, square_frame
from adacolvit.hints.sampling import cell_means, sample_places
from adacolvit.photosets import decode, iter_files

from .recipe import SHORT_SIDE, Stage

FEW_HINTS = 10  # "few" of a stage: as many as a person begins with
VARIED_SIZES = 0.3  # share of the batches whose hints have all sizes, not the smallest alone
STRETCH = 4 / 3  # crops are stretched by up to this


class PhotoCache:
    """All photos of some sources as uint8 sRGB, in one file that the operating system pages in as needed."""

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
        content = json.dumps([short_side, [_fingerprint(Path(source)) for source in sources]])
        key = hashlib.sha256(content.encode()).hexdigest()[:16]
        pixel_file, index_file = folder / f"{key}.rgb", folder / f"{key}.npy"
        if not index_file.exists():
            if not sources:
                raise DataError("no photos to train on: name tar shards or folders with --train, or in the recipe")
            folder.mkdir(parents=True, exist_ok=True)
            cls._decode(sources, pixel_file, index_file, progress, short_side)
        return cls(np.memmap(pixel_file, np.uint8, "r"), np.load(index_file))

    @staticmethod
    def _decode(sources, pixel_file: Path, index_file: Path, progress, short_side: int) -> None:
        index, offset = [], 0
        part = pixel_file.with_suffix(f".{secrets.token_hex(4)}.part")  # runs that share the folder keep apart
        with part.open("wb") as out:
            for source in sources:
                for key, content in iter_files(source):
                    photo = shrunk(decode(f"{source}:{key}", content), short_side)
                    out.write(photo.tobytes())
                    index.append((offset, photo.height, photo.width))
                    offset += photo.height * photo.width * 3
                    if progress and len(index) % 100 == 0:
                        progress(len(index))
        part.replace(pixel_file)
        with part.open("wb") as out:
            np.save(out, np.array(index, np.int64))
        part.replace(index_file)  # last: its presence says that the cache is whole


def shrunk(photo: Image.Image, short_side: int) -> Image.Image:
    """A photo at the size that is kept for training."""
    scale = short_side / min(photo.size)
    if scale >= 1:
        return photo
    return photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.BICUBIC)


def packed(photos: Sequence[np.ndarray]) -> PhotoCache:
    """Photos in memory as a cache."""
    shapes = np.array([photo.shape[:2] for photo in photos], np.int64)
    ends = np.cumsum(3 * shapes.prod(1))
    index = np.column_stack([np.concatenate([[0], ends[:-1]]), shapes])
    return PhotoCache(np.concatenate([photo.ravel() for photo in photos]), index)


def _fingerprint(source: Path) -> str:
    """What a source holds: of a file its content, wherever it lies; of a folder the names, sizes and times in it."""
    if source.is_file():
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return repr([(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(source.rglob("*"))])


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


def recolored(ab, by):
    """Colors turned in hue and scaled in chroma, image by image, as a product of complex numbers a + ib.

    ab: (B, H, W, 2), Lab units; by: (2, B), the logarithm of chroma's factor and the angle of hue in radians. NumPy or
    torch, whichever is given. Returns (B, H, W, 2); colors may leave the gamut.
    """
    xp = array_namespace(ab)
    log_factor, angle = by[:, :, None, None]
    factor = xp.exp(log_factor)
    real, imaginary = factor * xp.cos(angle), factor * xp.sin(angle)
    a, b = ab[..., 0], ab[..., 1]
    return xp.stack([a * real - b * imaginary, a * imaginary + b * real], axis=-1)


def make_batch(
    photos: Sequence[np.ndarray] | PhotoCache, stage: Stage, frame: Frame, chosen: np.ndarray, rng: np.random.Generator
) -> Batch:
    """Crop, flip, convert, recolor and hint the chosen ones of some photos, each (H, W, 3) uint8 sRGB."""
    width, height = frame.width, frame.height
    lab = np.empty((len(chosen), height, width, 3), np.float32)
    for slot, i in enumerate(chosen):  # to Lab one by one, which stays in the processor's cache
        photo = photos[i]
        box = crop_box(rng, photo.shape[1], photo.shape[0], stage.crop, width / height)
        crop = resized(photo, box, width, height)
        lab[slot] = linear_to_lab(levels_to_linear(crop[:, ::-1] if rng.random() < 0.5 else crop))
    ab = lab[..., 1:]
    if stage.jitter:
        ab = recolored(ab, rng.normal(0, stage.jitter, (2, len(ab))).astype(np.float32))
    hints = random_hints(rng, ab, stage)
    x = encode(lab[..., 0], *hints)
    target = np.moveaxis(normalize_ab(ab), -1, 1)
    x, target, *hints = (torch.from_numpy(np.ascontiguousarray(array)) for array in (x, target, *hints))
    return Batch(x, target, tuple(hints))


def choose(photos: int, first: int, count: int, seed: int) -> np.ndarray:
    """Which photos samples ``first .. first + count`` of a run are: one random permutation after another."""
    epochs = range(first // photos, (first + count - 1) // photos + 1)
    order = np.concatenate([np.random.default_rng([seed, epoch]).permutation(photos) for epoch in epochs])
    return order[first - epochs[0] * photos :][:count]


def prefetch(batches: Iterator, depth: int = 2) -> Iterator:
    """Make batches in a thread of their own, ``depth`` ahead. An error there is raised here."""
    ready: queue.Queue = queue.Queue(depth)
    stopped = threading.Event()

    def put(item) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for batch in batches:
                if not put((batch, None)):
                    return
            put((None, StopIteration()))
        except Exception as error:
            put((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            batch, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield batch
    finally:
        stopped.set()
        thread.join()
