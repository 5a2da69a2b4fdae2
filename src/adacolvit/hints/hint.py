"""A hint: one point of a photo and the color it should take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real

import numpy as np

from adacolvit.color.hex import format_hex, parse_hex
from adacolvit.color.lab import levels_to_lab
from adacolvit.errors import HintError

from .encoder import MAX_SIZE, MIN_SIZE, corner, encode_one
from .frame import Frame

_FIELDS = ("x", "y", "color", "size")
_FAR = 2**31  # pixels; no photo reaches so far
_REMEMBERED = 2**12  # hints, and colors: a person's next click has them all but one


@dataclass(frozen=True)
class Hint:
    """A point and its color. Whether the point lies in a photo is known only with the photo: :func:`encode_hints`.

    x, y: pixels of the original photo, from the top left corner, after EXIF orientation; pixel (0, 0) is 0 <= x, y < 1.
    color: sRGB as :func:`adacolvit.color.hex.parse_hex` reads it; kept as ``"#7b4a2d"``.
    size: side of the painted square in network pixels, 2..7.
    Raises HintError for anything else.
    """

    x: float
    y: float
    color: str
    size: int = MIN_SIZE

    def __post_init__(self) -> None:
        for axis in ("x", "y"):
            value = getattr(self, axis)
            # Whole numbers beyond what a float holds are caught by the comparison, infinity and NaN too.
            if isinstance(value, bool) or not isinstance(value, (float, Real)) or not abs(value) < _FAR:
                raise HintError(f"a hint's {axis} is {value!r}: give its pixel in the photo as a finite number")
            object.__setattr__(self, axis, float(value))
        object.__setattr__(self, "color", format_hex(parse_hex(self.color)))
        size = self.size
        if isinstance(size, bool) or not isinstance(size, Integral) or not MIN_SIZE <= size <= MAX_SIZE:
            raise HintError(f"a hint's size is {size!r}: give a whole number from {MIN_SIZE} to {MAX_SIZE}")
        object.__setattr__(self, "size", int(size))

    @property
    def ab(self) -> tuple[float, float]:
        """Lab a and b of the color, Lab units. Its lightness is not used: the photo keeps its own."""
        return _color(self.color)

    def to_dict(self) -> dict:
        """Plain values, as in a hints file; whole pixels are written without a fraction."""
        x, y = (int(v) if v.is_integer() else v for v in (self.x, self.y))
        return {"x": x, "y": y, "color": self.color, "size": self.size}


@lru_cache(_REMEMBERED, typed=True)
def _seen(*values, **named) -> Hint:
    return Hint(*values, **named)


def _hint(*values, **named) -> Hint:
    """A hint, the same one where it was asked for before."""
    try:
        return _seen(*values, **named)
    except TypeError:  # a list in a color's place cannot be remembered, and is told of as everything else
        return Hint(*values, **named)


def _as_hint(item) -> Hint:
    if isinstance(item, Hint):
        return item
    if isinstance(item, Mapping):
        unknown = [str(key) for key in item if key not in _FIELDS]
        if unknown:
            raise HintError(f"a hint has no {', '.join(map(repr, unknown))}: its entries are x, y, color and size")
        missing = [key for key in _FIELDS[:3] if key not in item]
        if missing:
            raise HintError(f"a hint lacks {', '.join(map(repr, missing))}: it needs x, y and color")
        return _hint(**item)
    if isinstance(item, tuple | list) and len(item) in (3, 4):
        return _hint(*item)
    raise HintError(
        f"{item!r} is not a hint: give a Hint, (x, y, '#rrggbb'), (x, y, '#rrggbb', size) or a dict of these"
    )


def as_hints(items: Iterable) -> tuple[Hint, ...]:
    """Hints from Hints, ``(x, y, "#rrggbb"[, size])`` tuples or lists, and dicts with these names, mixed as you like.

    Raises HintError that counts from 1 which one is unusable.
    """
    if isinstance(items, str | Mapping) or not isinstance(items, Iterable):
        raise HintError(f"hints are given as a list, not as {type(items).__name__}: put them in [ ]")
    hints = []
    for number, item in enumerate(items, 1):
        try:
            hints.append(_as_hint(item))
        except HintError as error:
            raise HintError(f"hint {number}: {error}") from error
    return tuple(hints)


@lru_cache(_REMEMBERED)
def _color(color: str) -> tuple[float, float]:
    """Lab a and b of ``#rrggbb``."""
    return levels_to_lab(*parse_hex(color))[1:]


def place_hints(hints: Iterable, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where a photo's hints lie on the network's input, and what they ask.

    hints: what :func:`as_hints` takes, in photo pixels.
    Returns rows, columns, sizes, each (K,) int64 in network pixels, and ab (K, 2) float32 in Lab units, as
    :func:`adacolvit.hints.encoder.encode` takes them with a batch axis before. HintError for a hint outside the photo.
    """
    hints = as_hints(hints)
    check_inside(hints, frame.photo_width, frame.photo_height)
    rows, columns, sizes = np.array([_place(hint, frame) for hint in hints], np.int64).reshape(-1, 3).T
    return rows, columns, sizes, np.array([hint.ab for hint in hints], np.float32).reshape(-1, 2)


@lru_cache(_REMEMBERED)
def _place(hint: Hint, frame: Frame) -> tuple[int, int, int]:
    """Row, column and size of a hint's square, network pixels."""
    column, row = frame.to_network(hint.x, hint.y)
    return corner(row, hint.size, frame.height), corner(column, hint.size, frame.width), hint.size


def encode_hints(lightness: np.ndarray, hints: Iterable, frame: Frame) -> np.ndarray:
    """The network's input for one photo and its hints, by the encoder that training uses.

    lightness: (H, W) float, L in [0, 100], of the network frame.
    hints: what :func:`as_hints` takes, in photo pixels; where they overlap in the network frame, the later one wins.
    frame: how the photo lies on the network's input.
    Returns (4, H, W) float32, contiguous. Raises HintError for a hint outside the photo.
    """
    if lightness.shape != (frame.height, frame.width):
        raise ValueError(f"lightness is {lightness.shape}, the frame is {(frame.height, frame.width)} (rows, columns)")
    return encode_one(lightness, *place_hints(hints, frame))


def check_inside(hints: Iterable[Hint], width: int, height: int) -> None:
    """Raise HintError if a hint lies outside a photo of ``width`` x ``height`` px."""
    for number, hint in enumerate(hints, 1):
        if not (0 <= hint.x < width and 0 <= hint.y < height):
            raise HintError(
                f"hint {number} at ({hint.x:g}, {hint.y:g}) lies outside the photo, which is {width} x {height} px: "
                f"move it to x 0..{width - 1}, y 0..{height - 1}, or use the hints of this photo"
            )
