"""Colored pictures to files: at full size, with the photo's transparency, color profile and metadata."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from adacolvit.color.profile import from_srgb
from adacolvit.errors import SaveError
from adacolvit.files import write_file
from adacolvit.photo import Photo

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
_LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383}  # pixels, by the formats' own definition
_XMP_TAG = 700  # of TIFF

Pixels = np.ndarray | Callable[[int, int], np.ndarray]


def save_picture(path: str | os.PathLike, photo: Photo, pixels: Pixels, *, quality: int = 95) -> Path:
    """Write a colored picture; the suffix of ``path`` chooses the format. Returns the path.

    Arguments and errors as :func:`picture_bytes`. Written beside and renamed: nothing is ever left half-written.
    """
    path = Path(path)
    write_file(path, picture_bytes(photo, pixels, path.suffix, quality=quality))
    return path


def picture_bytes(photo: Photo, pixels: Pixels, suffix: str, *, quality: int = 95) -> bytes:
    """The file of a colored picture.

    photo: what was colored; gives transparency (JPEG has none: the picture is laid on white), color profile (see
        :func:`adacolvit.color.profile.from_srgb`), EXIF, XMP and resolution.
    pixels: (H, W, 3) uint8 sRGB of the photo's size; or a function of (start, stop) that gives these rows of it, called
        strip by strip from the top, for photos of any size.
    suffix: ".png", ".jpg", ".webp" or ".tiff"; see ``FORMATS``. quality: 1..100, of JPEG (4:4:4) and WebP.
    Takes 4 bytes per pixel and the file's own size. Raises SaveError.
    """
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise SaveError(f"{suffix or 'no suffix'} is not a format for pictures: use {', '.join(FORMATS)}")
    if not 1 <= quality <= 100:
        raise SaveError(f"quality {quality} is out of range: use 1 to 100, 95 is usual")
    longest = _LONGEST_SIDE.get(kind)
    if longest and max(photo.width, photo.height) > longest:
        raise SaveError(
            f"{kind} holds at most {longest} px a side, this photo has {photo.width} x {photo.height}: use .png or .tif"
        )
    canvas, icc = _paint(photo, pixels, keeps_alpha=kind != "JPEG")
    file = io.BytesIO()
    try:
        canvas.save(file, kind, **_options(kind, photo, icc, quality))
    except (OSError, ValueError) as error:  # such as EXIF of more than the 64 kB that JPEG allows
        raise SaveError(f"{photo.name} cannot be saved as {kind} ({error}): use .png or .tif") from error
    return file.getvalue()


def _paint(photo: Photo, pixels: Pixels, keeps_alpha: bool) -> tuple[Image.Image, bytes]:
    """The picture in the color space it is saved in, and the profile to embed."""
    transform, icc = from_srgb(photo.metadata.icc)
    has_alpha = photo.alpha is not None and keeps_alpha
    canvas = Image.new("RGBA" if has_alpha else "RGB", (photo.width, photo.height))
    for start, stop in photo.strips():
        rgb = pixels(start, stop) if callable(pixels) else pixels[start:stop]
        expected = (stop - start, photo.width, 3)
        if rgb.shape != expected or rgb.dtype != np.uint8:
            raise ValueError(f"rows {start} to {stop} are {rgb.dtype} {rgb.shape}, not uint8 {expected}")
        if photo.alpha is not None and not has_alpha:
            rgb = _on_white(rgb, photo.alpha[start:stop, :, None])
        strip = Image.fromarray(np.ascontiguousarray(rgb))
        strip = transform(strip) if transform else strip
        if has_alpha:
            strip.putalpha(Image.fromarray(np.ascontiguousarray(photo.alpha[start:stop])))
        canvas.paste(strip, (0, start))
    return canvas, icc


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return ((rgb * alpha.astype(np.uint16) + 255 * (255 - alpha.astype(np.uint16)) + 127) // 255).astype(np.uint8)


def _options(kind: str, photo: Photo, icc: bytes, quality: int) -> dict:
    """What Pillow is told beside the pixels; empty blocks are not mentioned."""
    metadata = photo.metadata
    options = {"icc_profile": icc, "exif": metadata.exif, "xmp": metadata.xmp, "dpi": metadata.dpi}
    if kind == "PNG" and metadata.xmp:
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
        options["pnginfo"] = info
    if kind == "TIFF" and (metadata.exif or metadata.xmp):
        exif = Image.Exif()
        exif.load(metadata.exif)
        if metadata.xmp:
            exif[_XMP_TAG] = metadata.xmp
        options["exif"] = exif
    options = {key: value for key, value in options.items() if value}
    match kind:
        case "JPEG":
            options |= {"quality": quality, "subsampling": "4:4:4"}
        case "WEBP":
            options |= {"quality": quality, "exact": True}  # exact: colors under full transparency stay
        case "TIFF":
            options |= {"compression": "raw"}  # libtiff, which would compress, takes no EXIF
    return options
