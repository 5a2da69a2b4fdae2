"""Photos with their true colors, laid on a frame, to measure against."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from PIL import Image

from adacolvit.color.lab import srgb_to_lab
from adacolvit.hints.frame import Frame, fit_frame, square_frame
from adacolvit.photosets import decode

from .datasets import iter_data

FRAMES = {"square": square_frame, "native": fit_frame}  # the paper's 224 x 224, or a grid of the photo's own aspect


@dataclass(frozen=True)
class Source:
    """A photo file: its key in the set, its content, and a checksum by which a hint set knows it again."""

    key: str
    content: bytes

    @property
    def checksum(self) -> int:
        return crc32(self.content)


@dataclass(frozen=True)
class Truth:
    """A photo on a frame: ``rgb`` (H, W, 3) float32 sRGB in [0, 1] and ``lab`` (H, W, 3) float32, of network pixels."""

    frame: Frame
    rgb: np.ndarray
    lab: np.ndarray


def evenly(keys: Sequence[str], count: int | None) -> list[str]:
    """At most ``count`` of the keys, evenly through them: the first ones, where sorted by class, are of few classes."""
    if count is None or count >= len(keys):
        return list(keys)
    return [keys[i * len(keys) // count] for i in range(count)]


def iter_sources(data, limit: int | None = None) -> Iterator[Source]:
    """The photos of a set, as :mod:`.datasets` names it, in the order of their keys; see :func:`evenly` for a limit."""
    for key, content in iter_data(data, lambda keys: set(evenly(keys, limit))):
        yield Source(key, content)


class Photos:
    """Photos of a set, read anew where they are needed: only keys and checksums stay in memory.

    checksums: by the photos' keys, in their order.
    """

    def __init__(self, data, limit: int | None = None) -> None:
        """Read every file once. data, limit: as of :func:`iter_sources`. Raises DataError."""
        self._data = data
        self.checksums = {source.key: source.checksum for source in iter_sources(data, limit)}

    def __len__(self) -> int:
        return len(self.checksums)

    @property
    def keys(self) -> list[str]:
        """Sorted."""
        return list(self.checksums)

    def read(self, keys: Collection[str]) -> Iterator[Source]:
        """The photos of these keys in the order of the set, one in memory at a time."""
        for key, content in iter_data(self._data, lambda _: set(keys)):
            yield Source(key, content)

    def few(self, keys: Sequence[str]) -> list[Source]:
        """The photos of these keys in the order of ``keys``, all in memory."""
        found = {source.key: source for source in self.read(keys)}
        return [found[key] for key in keys]


def load(source: Source) -> Image.Image:
    """The photo itself, RGB. DataError names it where it cannot be read."""
    return decode(source.key, source.content)


def lay(image: Image.Image, kind: str) -> Truth:
    """Stretch an RGB photo over the frame of ``kind``, "square" or "native"; see :func:`lay_on`."""
    return lay_on(image, FRAMES[kind](*image.size))


def lay_on(image: Image.Image, frame: Frame) -> Truth:
    """Stretch an RGB photo over a frame; bilinear (averaging where it shrinks)."""
    pixels = image.resize((frame.width, frame.height), Image.Resampling.BILINEAR)
    rgb = np.asarray(pixels, np.float32) / np.float32(255)
    return Truth(frame, rgb, srgb_to_lab(rgb))
