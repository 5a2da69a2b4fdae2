"""Picture files to Pillow images: the one place where bytes of unknown origin are decoded."""

import io
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from adacolvit.errors import PhotoError, PhotoTooLarge
from adacolvit.metadata import LOSSLESS, MOST_BLOCK, ORIENTATION, is_lossless_webp, orientation_of, read_exif
from adacolvit.tiff import Exif

MAX_PIXELS = 300_000_000  # a 17,000 x 17,000 px scan; opening it takes up to 9 bytes per pixel

# What Pillow reads without starting another program (EPS would run Ghostscript) and that holds photos.
_FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000"),
    *("PPM", "TGA", "PSD", "PCX", "SGI", "ICO"),
)
# Raw files of cameras that are TIFFs in form: what would be read of them is a preview, often of 160 x 120 px.
_RAW = {".3fr", ".arw", ".cr2", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".nef", ".nrw", ".pef", ".srw"}
_DNG_VERSION, _SUBFILE_TYPE, _PREVIEW = 50706, 254, 1  # tags of TIFF; a bit of the latter
# Of how Pillow unpacks color of 16 bits: in which order it takes the two bytes to be, and the other order.
_ORDERS = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
_DEEP_COLOR = tuple(f"{mode};16" for mode in ("RGB", "RGBA"))
_GRAY_STEPS = {"L;2": 85, "L;4": 17}  # of Pillow's names for grays of few bits: levels of 255 from one to the next
_lock = threading.Lock()


@contextmanager
def _limit(max_pixels: int):
    """Let Pillow refuse more pixels than ``max_pixels`` before it allocates them, and otherwise keep quiet.

    Nor is a profile or a text for which a PNG has room called damage. Pillow's limits and the warning filters belong to
    the whole process, so one thread decodes at a time.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as a damaged EXIF block, which does not keep a photo from being colored
        before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS = max_pixels / 2  # Pillow raises at twice its limit
        PngImagePlugin.MAX_TEXT_CHUNK = MOST_BLOCK
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before


def decode(source, name: str, max_pixels: int = MAX_PIXELS, side: int | None = None) -> tuple[Image.Image, Exif]:
    """Read a picture, all of it, as its file holds it: orientation and color profile are not applied yet.

    Returns the picture and its EXIF.

    source: a path, the bytes of a file, a file object open for reading bytes, or a Pillow image.
    name: what messages call it. max_pixels: width x height allowed, checked before pixels are decoded.
    side: where a smaller picture will do, with sides this long or longer: a JPEG is then read several times as fast.
    Of several frames or pages, the first. Raises PhotoError; PhotoTooLarge, which is one, for too many pixels.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        if not len(source):
            raise PhotoError(f"{name} is empty, it has 0 bytes: get a fresh copy of the photo")
        source = io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        source = Path(source)
        if os.path.isfile(source) and not os.path.getsize(source):
            raise PhotoError(f"{name} is empty, it has 0 bytes: get a fresh copy of the photo")
    elif not isinstance(source, Image.Image) and not hasattr(source, "read"):
        raise PhotoError(
            f"{name} was given as {type(source).__name__}: give a path, the bytes of a file, a file object, a Pillow "
            "image or an array"
        )
    with _limit(max_pixels), _told(name, max_pixels), ExitStack() as on_failure:
        image = source if isinstance(source, Image.Image) else on_failure.enter_context(_open(source, name))
        if image.width * image.height > max_pixels:
            raise Image.DecompressionBombError
        exif = read_exif(image)
        if side is not None:
            image.draft(None, (side, side))
        image.load()
        on_failure.pop_all()
    return image, exif


def decode_low_bytes(source, name: str, max_pixels: int = MAX_PIXELS) -> Image.Image | None:
    """The lower bytes of a picture in color of 16 bits per channel, of which :func:`decode` gives the upper ones.

    source, name, max_pixels: as there. Pillow reads such a picture by taking one of each two bytes: told that they
    stand in the other order, it takes the other one. None where there are no lower bytes, or where they cannot be had:
    a Pillow image, a pipe or a file object that cannot be read twice, colors multiplied by their transparency, or kept
    in planes.
    Raises PhotoError.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        source = io.BytesIO(source)
    elif isinstance(source, Image.Image) or (hasattr(source, "read") and not _is_seekable(source)):
        return None
    elif isinstance(source, str | os.PathLike) and not os.path.isfile(source):
        return None  # a pipe
    with _limit(max_pixels), _told(name, max_pixels), ExitStack() as on_failure:
        image = on_failure.enter_context(_open(source, name))
        swapped = [_swapped(tile) for tile in image.tile]
        if not swapped or None in swapped:
            return None
        image.tile = swapped
        image.load()
        on_failure.pop_all()
    return image


def _is_seekable(file) -> bool:
    return hasattr(file, "seekable") and file.seekable()


def _open(source, name: str) -> Image.Image:
    """A picture of which only the head was read. Raises PhotoError for a camera's raw file, and as Pillow does."""
    image = Image.open(source, formats=_FORMATS)
    if image.format == "TIFF" and (Path(name).suffix.lower() in _RAW or _is_preview(image.tag_v2)):
        with image:  # closes what Pillow opened, and no file of the caller's
            raise _no_picture(name)
    if image.format == "WEBP":
        image.fp.seek(0)
        image.info[LOSSLESS] = is_lossless_webp(image.fp)
    if not isinstance(image.info.get("xmp", b""), bytes | str):
        del image.info["xmp"]  # of a damaged TIFF: numbers, in which Pillow would look for an orientation
    bits = image.tile[0].args if image.format == "PNG" and image.tile else None
    if bits in _GRAY_STEPS and "transparency" in image.info:
        image.info["transparency"] *= _GRAY_STEPS[bits]  # Pillow spreads the grays, but not the one that is transparent
    return image


def _is_preview(tags: Mapping) -> bool:
    """Whether the tags of a TIFF's first picture are those of the preview in a DNG, which may have any name."""
    return _DNG_VERSION in tags and bool(tags.get(_SUBFILE_TYPE, 0) & _PREVIEW)


def _swapped(tile):
    """One of Pillow's descriptions of where pixels lie, with the order of bytes turned round; None for other pixels."""
    order, *rest = [tile.args] if isinstance(tile.args, str) else tile.args or [""]
    if not isinstance(order, str) or not order.startswith(_DEEP_COLOR) or order[-1] not in _ORDERS:
        return None
    other = order[:-1] + _ORDERS[order[-1]]
    return tile._replace(args=(other, *rest) if rest else other)


@contextmanager
def _told(name: str, max_pixels: int):
    """Whatever goes wrong while Pillow reads, in a sentence: PhotoError."""
    try:
        yield
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(
            f"{name} has more than {max_pixels / 1e6:g} megapixels, the limit that protects the memory: "
            "open a smaller copy (a program that trusts its photos may raise max_pixels)"
        ) from error
    except MemoryError as error:
        raise PhotoTooLarge(f"{name} does not fit into this computer's memory: scale it down") from error
    except UnidentifiedImageError as error:
        raise _no_picture(name) from error
    except OSError as error:
        if error.errno is not None:  # from the file system: not found, a folder, no permission
            raise PhotoError(f"cannot open {name}: {error.strerror}. Check the path and its permissions") from error
        raise _damaged(name, error) from error
    except Exception as error:  # damaged files make Pillow's many parsers fail in any way there is
        raise _damaged(name, error) from error


def upright_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height of a picture after EXIF orientation, from its file's head alone. Raises PhotoError."""
    with _limit(MAX_PIXELS), _told(name, MAX_PIXELS), _open(io.BytesIO(data), name) as image:
        if image.format == "PNG" and _is_behind_pixels(data, image.tile[0].offset - 8):
            image.load()
        # Of a TIFF whose tags say how it stands, Pillow gives the upright size.
        turned = orientation_of(image) >= 5 and ORIENTATION not in getattr(image, "tag_v2", ())
        return image.size[::-1] if turned else image.size


def _is_behind_pixels(data: bytes, at: int) -> bool:
    """Whether what may say how a PNG's rows lie comes after its first chunk of pixels, which begins at ``at``."""
    while len(data) >= at + 8:
        if data.startswith(b"eXIf", at + 4) or data.startswith((b"Raw profile type exif", b"XML:com.adobe"), at + 8):
            return True
        at += 12 + int.from_bytes(data[at : at + 4])
    return False


def _no_picture(name: str) -> PhotoError:
    return PhotoError(
        f"{name} is not a picture that can be read: give a JPEG, PNG, WebP, TIFF or BMP (HEIC and raw files "
        "have to be converted first)"
    )


def _damaged(name: str, error: Exception) -> PhotoError:
    return PhotoError(f"{name} is damaged or cut short ({error}): get a fresh copy of the photo")
