"""Photos: opened once, upright, in sRGB, their lightness kept in a compact form, so that 100 megapixels fit.

A Photo holds 2 bytes per pixel (lightness), 3 more if it has color and 1 more if it has transparency. While one is
opened the decoded file is in memory too: 1 to 4 bytes per pixel by its kind, so 9 in all for a color photo, twice that
part where it has 16 bits per channel.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from adacolvit.color.hex import format_hex
from adacolvit.color.lab import (
    levels_to_linear,
    lightness_to_luminance,
    linear_to_lightness,
    linear_to_srgb,
    srgb_to_lightness,
)
from adacolvit.color.lattice import interpolate, profile_lattice
from adacolvit.color.profile import Transform, to_srgb
from adacolvit.decode import MAX_PIXELS, decode, decode_low_bytes
from adacolvit.errors import HintError, PhotoError
from adacolvit.metadata import Metadata, read_metadata
from adacolvit.tiff import Exif

_UNITS = 655.35  # of the stored lightness per unit of L: 0..100 over 16 bits
_PHOTOMETRIC, _BITS = 262, 258  # tags of TIFF: 0 for white is zero; bits of a sample
_COLORED = 8  # levels of 255 between a pixel's channels from which a photo has color; JPEG's noise on grays is below


@cache
def _lightness_table() -> np.ndarray:
    """L of each 8-bit gray, (256,) float32."""
    gray = np.arange(256) / 255
    return srgb_to_lightness(np.stack([gray, gray, gray], axis=-1)).astype(np.float32)


@cache
def _gray_table() -> np.ndarray:
    """8-bit gray of each stored lightness, (65536,) uint8."""
    return np.round(255 * linear_to_srgb(lightness_to_luminance(np.arange(65536) / _UNITS))).astype(np.uint8)


def _levels_to_lightness(levels: np.ndarray) -> np.ndarray:
    """8-bit grays (h, w) or sRGB (h, w, 3) -> L, (h, w) float32."""
    return _lightness_table()[levels] if levels.ndim == 2 else linear_to_lightness(levels_to_linear(levels))


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as it is worked on. Pixels: x right, y down, (0, 0) top left, after EXIF orientation; colors in sRGB."""

    name: str  # of the file, without folders
    stored_lightness: np.ndarray  # (H, W) uint16, L * 655.35
    rgb: np.ndarray | None = None  # (H, W, 3) uint8 sRGB, where the photo has color
    alpha: np.ndarray | None = None  # (H, W) uint8, 255 opaque, where the file has transparency
    metadata: Metadata = field(default_factory=Metadata)
    deep: bool = False  # its lightness comes from more than 8 bits per channel

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.stored_lightness.shape[1]

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.stored_lightness.shape[0]

    @property
    def has_color(self) -> bool:
        """Whether any pixel is clearly not gray, as in a sepia print: its channels differ by over 8 levels of 255."""
        return self.rgb is not None

    def strips(self, pixels: int = 2**18) -> Iterator[tuple[int, int]]:
        """Rows ``(start, stop)`` from top to bottom, about ``pixels`` pixels at a time, at least one row."""
        return _strips(self.width, self.height, pixels)

    def lightness_rows(self, start: int, stop: int) -> np.ndarray:
        """L of rows ``start`` to ``stop``: (stop - start, W) float32 in [0, 100], to 0.001."""
        return self.stored_lightness[start:stop] * np.float32(1 / _UNITS)

    def network_lightness(self, height: int, width: int) -> np.ndarray:
        """L of the whole photo at a network frame's size: (height, width) float32 in [0, 100].

        As in training, the 8-bit sRGB picture is resized (bilinear, antialiased), then its lightness is taken.
        """
        return _levels_to_lightness(self._network_levels(height, width))

    def network_color(self, height: int, width: int) -> np.ndarray:
        """The photo's own colors at a network frame's size: (height, width, 3) uint8 sRGB; grays where it has none."""
        levels = self._network_levels(height, width)
        return levels if levels.ndim == 3 else np.repeat(levels[..., None], 3, axis=-1)

    def _network_levels(self, height: int, width: int) -> np.ndarray:
        """(height, width) uint8 grays or (height, width, 3) uint8 sRGB."""
        source = Image.fromarray(self.gray() if self.rgb is None else self.rgb)
        return np.asarray(source.resize((width, height), Image.Resampling.BILINEAR))

    def gray(self, max_side: int | None = None) -> np.ndarray:
        """The photo in gray, for display: (h, w) uint8 sRGB whose lightness is the photo's.

        Scaled down (bilinear, antialiased) if a side is longer than ``max_side``; never enlarged.
        """
        gray = np.empty((self.height, self.width), np.uint8)
        for start, stop in self.strips():
            gray[start:stop] = _gray_table()[self.stored_lightness[start:stop]]
        scale = 1 if max_side is None else max_side / max(gray.shape)
        if scale >= 1:
            return gray
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        return np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR))

    def gray_part(self, x: int, y: int, width: int, height: int, shrink: int = 1) -> np.ndarray:
        """A rectangle of the photo in gray, for display: uint8 sRGB (ceil(height / shrink), ceil(width / shrink)).

        x, y, width, height: photo pixels. Each gray is the mean of ``shrink`` x ``shrink`` pixels, of fewer at the
        right and lower edge. PhotoError where the rectangle is empty or reaches beyond the photo.
        """
        if min(x, y) < 0 or min(width, height, shrink) < 1 or x + width > self.width or y + height > self.height:
            raise PhotoError(
                f"{width} x {height} px from ({x}, {y}) are not a part of the photo, which is {self.width} x "
                f"{self.height} px: ask for a rectangle inside it"
            )
        gray = _gray_table().take(self.stored_lightness[y : y + height, x : x + width])
        return gray if shrink == 1 else np.asarray(Image.fromarray(gray).reduce(shrink))

    def color_at(self, x: float, y: float) -> str:
        """The photo's own color at a pixel, ``"#7b4a2d"``; a gray where it has none. HintError outside the photo."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise HintError(f"({x:g}, {y:g}) lies outside the photo, which is {self.width} x {self.height} px")
        row, column = math.floor(y), math.floor(x)
        if self.rgb is None:
            return format_hex([_gray_table()[self.stored_lightness[row, column]]] * 3)
        return format_hex(self.rgb[row, column])


def open_photo(source, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Photo:
    """Open a photo: upright (EXIF orientation applied), in sRGB (color profile applied), with its metadata.

    source: a path, a file's bytes or a file object (JPEG, PNG, WebP, TIFF, BMP, AVIF and others Pillow reads: gray,
        RGB, palette, CMYK, Lab; with or without transparency; gray of 8 to 32 bits, RGB of 8 or 16; what else has
        16 bits per channel is read as 8),
        a Pillow image, or an array: (H, W), (H, W, 3) or (H, W, 4) of uint8, uint16 (gray only) or float in [0, 1].
    name: what the photo is called; by default the file's name, or "photo".
    max_pixels: width x height allowed.
    Gray values of 32 bits or float are taken to span 0..1, 0..255, 0..65535 or 0..2^31 - 1, the first that holds all.
    Of several frames or pages the first is taken. A color photo is taken for its lightness, and keeps its colors.
    Raises PhotoError: not a picture, damaged, empty; PhotoTooLarge for more than ``max_pixels``.
    """
    if name is None:
        name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
        name = os.fspath(name) if isinstance(name, str | os.PathLike) else "photo"
    name = Path(name).name or "photo"
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    image, exif = decode(source, name, max_pixels)
    with nullcontext() if image is source else image:
        return _read(image, decode_low_bytes(source, name, max_pixels), exif, name)


def _from_array(array: np.ndarray) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    kinds = f"an array of {array.dtype} {array.shape} is no photo: give (H, W), (H, W, 3) or (H, W, 4)"
    if array.ndim not in (2, 3) or channels not in ((1,) if array.ndim == 2 else (3, 4)) or not array.size:
        raise PhotoError(f"{kinds} with at least one pixel")
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise PhotoError("an array of floats must lie in [0, 1]: divide by its full scale")
        array = array.astype(np.result_type(array.dtype, np.float32), copy=False)  # 16 bits do not count to 65535
        array = np.round(array * (255 if channels > 1 else 65535)).astype(np.uint8 if channels > 1 else np.uint16)
    if array.dtype != np.uint8 and (array.dtype != np.uint16 or channels > 1):
        raise PhotoError(f"{kinds} as uint8 or float, or (H, W) as uint16")
    return Image.fromarray(np.ascontiguousarray(array))


def _strips(width: int, height: int, pixels: int = 2**18) -> Iterator[tuple[int, int]]:
    rows = max(1, pixels // width)
    return ((start, min(start + rows, height)) for start in range(0, height, rows))


def _as_stored(array: np.ndarray, orientation: int) -> np.ndarray:
    """A view of an upright array whose rows are the rows of the file, so that a file is turned while it is read."""
    if orientation in (2, 4, 5, 7):
        array = array[:, ::-1]
    return np.rot90(array, {3: 2, 4: 2, 5: 1, 6: 1, 7: -1, 8: -1}.get(orientation, 0))


def _read(image: Image.Image, low_bytes: Image.Image | None, exif: Exif, name: str) -> Photo:
    metadata, orientation = read_metadata(image, exif)
    width, height = image.size
    shape = (height, width) if orientation < 5 else (width, height)
    lightness = np.empty(shape, np.uint16)
    stored = _as_stored(lightness, orientation)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        to_lightness = _deep_gray(image, metadata.icc, name)
        clear = image.info.get("transparency")  # the one value of a PNG that is transparent
        alpha = np.empty(shape, np.uint8) if isinstance(clear, int) else None
        for start, stop in _strips(width, height):
            values = np.asarray(image.crop((0, start, width, stop)), np.float32)
            stored[start:stop] = np.round(to_lightness(values) * _UNITS)
            if alpha is not None:
                _as_stored(alpha, orientation)[start:stop] = np.where(values == clear, 0, 255)
        return Photo(name, lightness, alpha=alpha, metadata=metadata, deep=True)

    mode = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK", "LAB": "LAB"}.get(image.mode, "RGB")
    transform = to_srgb(metadata.icc, mode)
    may_have_color = mode != "L"
    deep_lightness = _deep_color(transform) if low_bytes else None
    has_alpha = image.has_transparency_data
    rgb = np.empty((*shape, 3), np.uint8) if may_have_color else None
    alpha = np.empty(shape, np.uint8) if has_alpha else None
    clear = image.info.get("transparency") if low_bytes and image.mode == "RGB" else None  # in 16 bits, unlike pixels
    colored = False
    for start, stop in _strips(width, height):
        strip = image.crop((0, start, width, stop))
        if clear is not None:
            levels = _levels(image, start, stop).astype(np.uint16) << 8 | _levels(low_bytes, start, stop)
            _as_stored(alpha, orientation)[start:stop] = np.where((levels == clear).all(-1), 0, 255)
        elif has_alpha:
            strip = strip.convert("RGBA")
            _as_stored(alpha, orientation)[start:stop] = np.asarray(strip.getchannel("A"))
        strip = strip.convert(mode)
        strip = transform(strip) if transform else strip.convert("RGB" if may_have_color else "L")
        pixels = np.asarray(strip)
        if deep_lightness:
            values = deep_lightness(_levels(image, start, stop), _levels(low_bytes, start, stop))
        else:
            values = _levels_to_lightness(pixels)
        stored[start:stop] = np.round(values * np.float32(_UNITS))
        if may_have_color:
            _as_stored(rgb, orientation)[start:stop] = pixels
            colored = colored or _is_colored(pixels)
    return Photo(name, lightness, rgb if colored else None, alpha, metadata, deep=deep_lightness is not None)


def _levels(image: Image.Image, start: int, stop: int) -> np.ndarray:
    """(rows, W, 3) uint8 of an RGB or RGBA picture."""
    return np.asarray(image.crop((0, start, image.width, stop)))[..., :3]


def _deep_color(transform: Transform | None) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """From the upper and lower bytes of RGB of 16 bits, (..., 3) uint8 each, to L, (...) float.

    ``transform`` is the color profile's. LittleCMS, as Pillow offers it, converts 8 bits only: lightness is then
    interpolated between every fifth level, which keeps what lies between two levels of 8 bits.
    """
    lattice = transform and profile_lattice(transform)

    def to_lightness(high: np.ndarray, low: np.ndarray) -> np.ndarray:
        levels = high.astype(np.uint16) << 8 | low
        return linear_to_lightness(levels_to_linear(levels)) if lattice is None else interpolate(lattice, levels)

    return to_lightness


def _is_colored(rgb: np.ndarray) -> bool:
    red, green, blue = (rgb[..., channel] for channel in range(3))  # ten times as fast as reducing the last axis
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool((spread > _COLORED).any())


def _deep_gray(image: Image.Image, icc: bytes, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """From gray values of more than 8 bits, any shape, to L, float."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF, whose values Pillow gives as they are stored
    is_negative, bits = tags.get(_PHOTOMETRIC) == 0, tags.get(_BITS, (16,))[0]
    top = 65535 if image.mode.startswith("I;16") else image.getextrema()[1]
    scale = 2**bits - 1 if bits < 16 else next((full for full in (1, 255, 65535) if top <= full), 2**31 - 1)
    transform = to_srgb(icc, "L")
    levels = Image.frombytes("L", (256, 1), bytes(range(256)))
    curve = srgb_to_lightness(np.asarray(transform(levels))[0] / 255) if transform else None

    def to_lightness(values: np.ndarray) -> np.ndarray:
        if not np.isfinite(values).all():
            raise PhotoError(f"{name} holds pixels that are not numbers: save it again as 8 or 16 bits")
        gray = np.clip(values / scale, 0, 1)
        if is_negative:
            gray = 1 - gray
        if curve is not None:
            return np.interp(gray, np.linspace(0, 1, 256), curve)
        return srgb_to_lightness(np.stack([gray, gray, gray], axis=-1))

    return to_lightness
