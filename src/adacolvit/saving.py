"""Colored pictures to files: at full size, with the photo's transparency, color profile and metadata."""

import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from adacolvit.color.profile import from_srgb, srgb_profile
from adacolvit.deep import png16
from adacolvit.errors import SaveError
from adacolvit.files import write_file
from adacolvit.label import Label
from adacolvit.metadata import IPTC_TAG, Metadata, photoshop_segment, with_note
from adacolvit.photo import Photo
from adacolvit.tiff import BYTE, UNDEFINED, Exif, parse_exif, tiff

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
PictureFormat = Literal["png", "jpeg", "webp", "tiff"]
SUFFIX_OF: dict[PictureFormat, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
QUALITY = 95  # where none is asked for
_LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383}  # pixels, by the formats' own definition
_MOST_JPEG_DPI = 65535
_RESOLUTION, _UNIT, _INCH = (282, 283), 296, 2  # tags of TIFF: across and down, to an inch
_XMP_TAG, _ICC_TAG = 700, 34675
_LOSSLESS_EFFORT = 30  # of 100, to make a WebP small: the usual 95 takes three times as long for files of the same size

# How Pillow refuses a picture, such as EXIF of more than the 64 kB that JPEG allows.
_REFUSED = (OSError, ValueError, ArithmeticError, struct.error)
_ROWS = 256  # that are brought into a TIFF at a time
DEEP = {"PNG", "TIFF"}  # what holds 16 bits per channel

Pixels = np.ndarray | Callable[[int, int], np.ndarray]


def save_picture(path: str | os.PathLike, photo: Photo, pixels: Pixels, **options) -> Path:
    """Write a colored picture; the suffix of ``path`` chooses the format. Returns the path.

    Arguments and errors as :func:`picture_bytes`. Written beside and renamed: nothing is ever left half-written.
    """
    path = Path(path)
    write_file(path, picture_bytes(photo, pixels, path.suffix, **options))
    return path


def picture_depth(photo: Photo, suffix: str, wanted: int | None = None) -> int:
    """Bits per channel of a picture's file: ``wanted``, else 16 where photo and format have them, else 8.

    Raises SaveError where the format does not hold what is wanted.
    """
    kind = _kind(suffix)
    if wanted not in (None, 8, 16):
        raise SaveError(f"depth {wanted} is out of range: use 8 or 16 bits")
    if wanted == 16 and kind not in DEEP:
        raise SaveError(f"{kind} holds 8 bits per channel: save 16 as .png or .tif")
    return wanted or (16 if photo.deep and kind in DEEP else 8)


def picture_bytes(
    photo: Photo,
    pixels: Pixels,
    suffix: str,
    *,
    quality: int = QUALITY,
    label: str | None = None,
    note: bool = False,
) -> bytes:
    """The file of a colored picture.

    photo: what was colored; gives transparency (JPEG has none: the picture is laid on white), color profile (see
        :func:`adacolvit.color.profile.from_srgb`), EXIF, XMP, resolution, IPTC (JPEG, TIFF), comment (JPEG to JPEG),
        texts (PNG to PNG).
    pixels: (H, W, 3) uint8 or uint16 sRGB of the photo's size; or a function of (start, stop) that gives these rows of
        it, called strip by strip from the top, for photos of any size. uint16 is written as 16 bits per channel.
    suffix: ".png", ".jpg", ".webp" or ".tiff"; see ``FORMATS``. quality: 1..100, of JPEG (4:4:4) and WebP; the WebP of
        a lossless WebP is lossless.
    label: words painted small into the lower right corner. note: whether the metadata say that it was colorized.
    Takes 4 bytes per pixel (8 at 16 bits) and the file's own size. Raises SaveError.
    """
    kind = _kind(suffix)
    if not 1 <= quality <= 100:
        raise SaveError(f"quality {quality} is out of range: use 1 to 100, {QUALITY} is usual")
    longest = _LONGEST_SIDE.get(kind)
    if longest and max(photo.width, photo.height) > longest:
        raise SaveError(
            f"{kind} holds at most {longest} px a side, this photo has {photo.width} x {photo.height}: use .png or .tif"
        )
    metadata = with_note(photo.metadata) if note else photo.metadata
    strips = _strips(photo, pixels, Label(label, photo.width, photo.height) if label and label.strip() else None)
    first = next(strips)
    strips = chain([first], strips)
    if first.dtype == np.uint16:
        if kind not in DEEP:
            raise SaveError(f"{kind} holds 8 bits per channel: save 16 as .png or .tif")
        encode = partial(_encode_deep, kind, _paint_deep(photo, strips), metadata)
    else:
        canvas, icc = _paint(photo, strips, keeps_alpha=kind != "JPEG")
        encode = partial(_encode, kind, canvas, metadata, icc, quality)
    try:
        return encode()
    except _REFUSED as error:
        remedy = "use .png or .tif"
        if note and _fits(kind, photo.metadata):
            remedy += ", or leave out the note that it was colorized (--no-note)"
        raise SaveError(f"{photo.name} cannot be saved as {kind} ({error}): {remedy}") from error


def _kind(suffix: str) -> str:
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise SaveError(f"{suffix or 'no suffix'} is not a format for pictures: use {', '.join(FORMATS)}")
    return kind


def _strips(photo: Photo, pixels: Pixels, label: Label | None) -> Iterator[np.ndarray]:
    """The picture from top to bottom, labeled: (rows, W, 3), all uint8 or all uint16."""
    kinds = (np.uint8, np.uint16)
    for start, stop in photo.strips():
        rgb = pixels(start, stop) if callable(pixels) else pixels[start:stop]
        expected = (stop - start, photo.width, 3)
        if rgb.shape != expected or rgb.dtype not in kinds:
            raise ValueError(
                f"rows {start} to {stop} are {rgb.dtype} {rgb.shape}, not uint8 {expected}, nor uint16 throughout"
            )
        kinds = (rgb.dtype,)
        yield label.paint(rgb, start) if label else rgb


def _paint(photo: Photo, strips: Iterable[np.ndarray], keeps_alpha: bool) -> tuple[Image.Image, bytes]:
    """The picture in the color space it is saved in, and the profile to embed."""
    transform, icc = from_srgb(photo.metadata.icc)
    has_alpha = photo.alpha is not None and keeps_alpha
    canvas = Image.new("RGBA" if has_alpha else "RGB", (photo.width, photo.height))
    for (start, stop), rgb in zip(photo.strips(), strips, strict=True):
        if photo.alpha is not None and not has_alpha:
            rgb = _on_white(rgb, photo.alpha[start:stop, :, None])
        strip = Image.fromarray(np.ascontiguousarray(rgb))
        strip = transform(strip) if transform else strip
        if has_alpha:
            strip.putalpha(Image.fromarray(np.ascontiguousarray(photo.alpha[start:stop])))
        canvas.paste(strip, (0, start))
    return canvas, icc


def _encode(kind: str, canvas: Image.Image, metadata: Metadata, icc: bytes, quality: int) -> bytes:
    if kind == "TIFF":
        tops = range(0, canvas.height, _ROWS)
        strips = (canvas.crop((0, top, canvas.width, min(top + _ROWS, canvas.height))) for top in tops)
        return tiff(map(np.asarray, strips), _tags(metadata, icc))
    file = io.BytesIO()
    canvas.save(file, kind, **_options(kind, metadata, icc, quality))
    return file.getvalue()


def _fits(kind: str, metadata: Metadata) -> bool:
    """Whether a picture of a format has room for these metadata."""
    try:
        _encode(kind, Image.new("RGB", (1, 1)), metadata, b"", QUALITY)
    except _REFUSED:
        return False
    return True


def _paint_deep(photo: Photo, strips: Iterable[np.ndarray]) -> np.ndarray:
    """(H, W, 3) or, with transparency, (H, W, 4) uint16, in sRGB."""
    canvas = np.empty((photo.height, photo.width, 3 if photo.alpha is None else 4), np.uint16)
    for (start, stop), rgb in zip(photo.strips(), strips, strict=True):
        canvas[start:stop, :, :3] = rgb
        if photo.alpha is not None:
            canvas[start:stop, :, 3] = photo.alpha[start:stop].astype(np.uint16) * 257
    return canvas


def _encode_deep(kind: str, canvas: np.ndarray, metadata: Metadata) -> bytes:
    # Stays in sRGB: LittleCMS, as Pillow offers it, converts 8 bits only.
    icc = srgb_profile(metadata.icc)
    if kind == "TIFF":
        strips = (canvas[top : top + _ROWS] for top in range(0, len(canvas), _ROWS))
        return tiff(strips, _tags(metadata, icc))
    return png16(canvas, icc=icc, exif=metadata.exif, xmp=metadata.xmp, dpi=metadata.dpi, texts=metadata.texts)


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return ((rgb * alpha.astype(np.uint16) + 255 * (255 - alpha.astype(np.uint16)) + 127) // 255).astype(np.uint8)


def _tags(metadata: Metadata, icc: bytes) -> Exif:
    """All metadata as a TIFF has them."""
    exif = parse_exif(metadata.exif)
    for tag, block in ((_XMP_TAG, metadata.xmp), (IPTC_TAG, metadata.iptc), (_ICC_TAG, icc)):
        if block:
            exif.tags[tag] = BYTE if tag == _XMP_TAG else UNDEFINED, block
    if metadata.dpi:
        exif.tags |= {tag: exif.rational(value) for tag, value in zip(_RESOLUTION, metadata.dpi, strict=True)}
        exif.tags[_UNIT] = exif.shorts(_INCH)
    return exif


def _options(kind: str, metadata: Metadata, icc: bytes, quality: int) -> dict:
    """What Pillow is told beside the pixels; empty blocks are not mentioned."""
    options = {"icc_profile": icc, "exif": metadata.exif, "xmp": metadata.xmp, "dpi": metadata.dpi}
    if kind == "PNG" and (metadata.xmp or metadata.texts):
        info = PngInfo()
        if metadata.xmp:
            info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
        for keyword, text in metadata.texts:
            info.add_itxt(keyword, text)
        options["pnginfo"] = info
    if kind == "JPEG":
        if metadata.dpi and round(max(metadata.dpi)) > _MOST_JPEG_DPI:
            options["dpi"] = None
        options |= {"comment": metadata.comment, "extra": metadata.iptc and photoshop_segment(metadata.iptc)}
    options = {key: value for key, value in options.items() if value}
    match kind:
        case "JPEG":
            options |= {"quality": quality, "subsampling": "4:4:4"}
        case "WEBP":
            options |= {"quality": quality, "exact": True}  # exact: colors under full transparency stay
            if metadata.lossless:
                options |= {"lossless": True, "quality": _LOSSLESS_EFFORT}
    return options
