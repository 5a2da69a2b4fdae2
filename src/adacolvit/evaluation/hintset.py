"""A hint set: places for every photo, drawn once and kept in a file that all methods compared share."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from adacolvit.errors import DataError
from adacolvit.files import write_file
from adacolvit.hints.encoder import MIN_SIZE, corner
from adacolvit.hints.frame import CELL, Frame
from adacolvit.hints.sampling import cell_means, sample_places

from .photos import Source

VERSION = 1
SIDE = 224  # network pixels along each side of the frame that the places are drawn in: the paper's
MOST = 100  # places per photo
SIZE = MIN_SIZE  # side of a hint in network pixels, in any frame


@dataclass(frozen=True)
class HintSet:
    """Uniform places on the 2-px grid of a 224 x 224 frame, without replacement.

    The n hints of a photo are the first n of its places, so that each set contains the smaller ones and more hints
    always mean more knowledge. A photo's places depend on the seed and its key alone, not on the photos beside it.

    places: key -> (checksum of the photo's file, (MOST, 2) uint8 rows and columns of cells' top left corners).
    """

    seed: int
    places: dict[str, tuple[int, np.ndarray]]

    @cached_property
    def digest(self) -> str:
        """12 hexadecimal digits that tell one hint set from another."""
        state = hashlib.sha256(f"{VERSION} {self.seed} {SIDE} {MOST} {SIZE}".encode())
        for key, (checksum, places) in sorted(self.places.items()):
            state.update(f"\n{key} {checksum} ".encode() + places.tobytes())
        return state.hexdigest()[:12]

    def check(self, key: str, checksum: int) -> None:
        """Raises DataError where the set was not drawn for this photo."""
        if key not in self.places:
            raise DataError(f"the hint set has no places for the photo {key}: draw another for these photos")
        if self.places[key][0] != checksum:
            raise DataError(f"the photo {key} is not the one of the hint set: draw another for these photos")

    def check_all(self, checksums: Mapping[str, int]) -> None:
        """The same of many photos, by their keys."""
        for key, checksum in checksums.items():
            self.check(key, checksum)

    def hints(self, key: str, count: int, frame: Frame, ab: np.ndarray):
        """The first ``count`` hints of a photo, on any frame.

        Places keep their fraction of the frame. ab: (H, W, 2) true color on ``frame``, Lab units.
        Returns rows, columns, sizes, each (count,) int64, and the mean colors (count, 2) under the hints, as
        :func:`adacolvit.hints.encoder.encode` takes them with a batch axis before.
        """
        middle = self.places[key][1][:count].astype(np.int64) + SIZE / 2  # of the cell, in the square
        rows = corner((middle[:, 0] * frame.height / SIDE).astype(np.int64), SIZE, frame.height)
        columns = corner((middle[:, 1] * frame.width / SIDE).astype(np.int64), SIZE, frame.width)
        sizes = np.full(count, SIZE, np.int64)
        return rows, columns, sizes, cell_means(ab[None], rows[None], columns[None], sizes[None])[0]


def draw(sources: Iterable[Source], seed: int = 0) -> HintSet:
    """Draw places for every photo."""
    places = {}
    for source in sources:
        name = int.from_bytes(hashlib.sha256(source.key.encode()).digest()[:8], "big")
        rows, columns, _ = sample_places(np.random.default_rng([seed, name]), [MOST], SIDE, SIDE, (SIZE, SIZE))
        places[source.key] = source.checksum, np.stack([rows[0], columns[0]], axis=1).astype(np.uint8)
    return HintSet(seed, places)


def open_or_draw(path, sources: Iterable[Source], seed: int | None = None) -> HintSet:
    """The set of a file; where that is missing, drawn for the photos with ``seed`` (0) and written there.

    path: None to draw only. Raises DataError where the file is no hint set or of another seed, SaveError.
    """
    if path and Path(path).exists():
        found = load(path)
        if seed not in (None, found.seed):
            raise DataError(f"{path} was drawn with seed {found.seed}, not {seed}: name another file")
        return found
    drawn = draw(sources, seed or 0)
    if path:
        save(path, drawn)
    return drawn


def save(path, hint_set: HintSet) -> None:
    """Write a hint set, some 200 bytes per photo (NumPy's .npz). SaveError where it cannot be written."""
    keys, out = sorted(hint_set.places), io.BytesIO()
    np.savez_compressed(
        out,
        header=np.array([VERSION, hint_set.seed, SIDE, MOST, SIZE], np.int64),
        keys=np.array(keys, np.str_),
        checksums=np.array([hint_set.places[key][0] for key in keys], np.uint32),
        places=np.array([hint_set.places[key][1] for key in keys], np.uint8).reshape(-1, MOST, 2),
    )
    write_file(path, out.getvalue())


def load(path) -> HintSet:
    """Read a hint set. DataError where it is not one, or of another version."""
    try:
        with open(path, "rb") as raw, np.load(raw) as file:  # np.load leaves its own file open where it fails
            header, keys, checksums, places = (file[name] for name in ("header", "keys", "checksums", "places"))
            version, seed, *constants = header.tolist()
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(f"{path} cannot be read as a hint set ({error}): remove it to draw another") from error
    if version != VERSION or constants != [SIDE, MOST, SIZE]:
        raise DataError(f"the hint set {path} is of version {version}, this program needs {VERSION}: draw another")
    shapes = places.shape == (len(keys), MOST, 2) and checksums.shape == keys.shape
    if not shapes or places.dtype != np.uint8 or (places % CELL).any() or (places > SIDE - SIZE).any():
        raise DataError(f"the hint set {path} is damaged, it holds places off the frame's grid: draw another")
    return HintSet(seed, {str(k): (int(c), p) for k, c, p in zip(keys, checksums, places, strict=True)})
