"""EXIF from file to file: every value stays the bytes that it was, whatever reads it."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from adacolvit.decode import upright_size
from adacolvit.photo import open_photo
from adacolvit.saving import picture_bytes
from adacolvit.tiff import parse_exif, read_tags, tiff

from .pictures import GRAY, encoded

TEXT, LENS = "Großmutter Anna, Köln".encode() + b"\0", "Jósef's Täglich 50 mm\0".encode("latin-1")
SUFFIXES = [".jpg", ".png", ".webp", ".tif"]


def directory(order: str, tags: dict, at: int) -> bytes:
    """A directory of TIFF: tag -> (type, size of one value, bytes), or the directory that it holds."""
    entries, rest = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        place = struct.pack(order + "L", behind + len(rest))
        if isinstance(value, dict):
            kind, count, data = 4, 1, place
            rest += directory(order, value, behind + len(rest))
        else:
            kind, size, data = value
            count = len(data) // size
            if len(data) > 4:
                rest, data = rest + data + b"\0" * (len(data) % 2), place
        entries += struct.pack(order + "HHL4s", tag, kind, count, data)
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + rest


def block(tags: dict, order: str = ">") -> bytes:
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8) + directory(order, tags, 8)


def tiff_file(tags: dict, order: str) -> bytes:
    """GRAY with these tags."""
    height, width = GRAY.shape
    longs = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: GRAY.size}

    def head() -> bytes:
        return block(tags | {tag: (4, 4, struct.pack(order + "L", value)) for tag, value in longs.items()}, order)

    longs[273] = len(head())
    return head() + GRAY.tobytes()


def file_with(kind: str, tags: dict, order: str = ">") -> bytes:
    if kind == "TIFF":
        return tiff_file(tags, order)
    exif = b"Exif\0\0" + block(tags, order)
    if kind == "PNG as ImageMagick has it":
        text = PngInfo()
        text.add_text("Raw profile type exif", f"\nexif\n{len(exif):8}\n{exif.hex()}\n", zip=True)
        return encoded(GRAY, "PNG", pnginfo=text)
    return encoded(GRAY, kind, exif=exif)


def spoken(order: str) -> dict:
    """Tags in letters beyond ASCII, in the first directory, the photo's own, and that of interoperability."""
    comment = b"UNICODE\0" + "Köln".encode("utf-16-le")
    return {
        0x010E: (2, 1, TEXT),
        0x8769: {
            0x829D: (5, 8, struct.pack(order + "LL", 28, 10)), 0x9286: (7, 1, comment), 0xA434: (2, 1, LENS),
            0xA005: {1: (2, 1, b"R98\0")},
        },
        0x8825: {1: (2, 1, b"N\0"), 0x1B: (7, 1, TEXT)},
        0xC6F3: (2, 1, TEXT),  # one that Pillow does not know
    }  # fmt: skip


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("note", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG as ImageMagick has it", "WEBP", "TIFF"])
@pytest.mark.parametrize(("suffix", "depth"), [*((suffix, np.uint8) for suffix in SUFFIXES), (".tif", np.uint16)])
def test_letters_beyond_ascii_are_kept_from_any_format_to_any(kind, suffix, depth, note, order):
    photo = open_photo(file_with(kind, spoken(order), order))
    saved = picture_bytes(photo, np.zeros((*GRAY.shape, 3), depth), suffix, note=note)
    exif = Image.open(io.BytesIO(saved)).getexif()
    inner = exif.get_ifd(0x8769)
    for found, text in ((exif[0x010E], TEXT), (exif[0xC6F3], TEXT), (inner[0xA434], LENS)):
        assert found.encode("latin-1") + b"\0" == text
    assert inner[0x9286].startswith(b"UNICODE\0K") and float(inner[0x829D]) == 2.8
    assert exif.get_ifd(0x8825)[0x1B] == TEXT and exif.get_ifd(0xA005)[1] == "R98"


UNWRITABLE = {
    "a number as text": {0x011B: (2, 1, b"300\0")},
    "larger than its type": {0x0103: (4, 4, struct.pack(">L", 70_000)), 0x0128: (9, 4, struct.pack(">l", -70_000))},
    "a fraction over nothing": {0x011A: (10, 8, struct.pack(">ll", 1, 0))},
    "a text as numbers": {0x0132: (3, 2, struct.pack(">4H", 1, 2, 3, 4))},
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("tags", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_strange_tag_costs_no_other_one(tags, kind, suffix):
    data = file_with(kind, {0x0112: (3, 2, b"\0\6"), 0x010E: (2, 1, TEXT), **tags})
    photo = open_photo(data)
    assert (photo.width, photo.height) == upright_size(data, "a") == GRAY.shape
    saved = picture_bytes(photo, np.zeros((*GRAY.shape[::-1], 3), np.uint8), suffix)
    exif = Image.open(io.BytesIO(saved)).getexif()
    assert exif[0x0112] == 1 and exif[0x010E].encode("latin-1") + b"\0" == TEXT


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bigtiff_keeps_its_exif(suffix):
    file = io.BytesIO()
    tags = [(0x013B, 2, 0, "Müller".encode(), True), (0xC6F3, 16, 1, 7, True)]  # the latter of a type that EXIF lacks
    tifffile.imwrite(file, GRAY, bigtiff=True, extratags=tags, metadata=None, software=False)
    saved = picture_bytes(open_photo(file.getvalue()), np.dstack([GRAY] * 3), suffix)
    exif = Image.open(io.BytesIO(saved)).getexif()
    assert exif[0x013B].encode("latin-1") == "Müller".encode() and 0xC6F3 not in exif


def test_a_directory_that_is_cut_short_gives_what_is_left():
    whole = block(spoken(">"))
    found = [len(parse_exif(whole[:length]).tags) for length in range(len(whole) + 1)]
    assert found[0] == 0 and found[-1] == 4 and set(found) <= set(range(5))


@pytest.mark.parametrize("place", [4, 8, 2**32 - 1])
def test_a_directory_within_itself_comes_to_an_end(place):
    head = b"MM\0*" + struct.pack(">L", 8)
    entries = struct.pack(">HHHLL", 1, 0x8769, 4, 1, place)
    assert len(read_tags(io.BytesIO(head + entries + bytes(4))).tags) <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(3, 5, 3), (7, 1, 3), (4, 6, 4)])
def test_pixels_of_a_tiff(order, dtype, shape):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    data = tiff([pixels[:2], pixels[2:]], parse_exif(block({0x010E: (2, 1, TEXT)}, order)))
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), pixels)
    if dtype == np.uint8:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
