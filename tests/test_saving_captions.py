"""What archives write beside the pixels is kept in the saved picture, and what is damaged keeps no photo from it."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, IptcImagePlugin, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from adacolvit.metadata import photoshop_segment
from adacolvit.photo import open_photo
from adacolvit.saving import picture_bytes

from .pictures import COLOR, GRAY, encoded


def iptc_records() -> bytes:
    """Caption, credit and copyright, as newspapers' archives have them."""
    fields = {120: "Anna and the cart, 1923", 110: "Städtisches Archiv", 116: "public domain"}
    return b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(text.encode())) + text.encode() for number, text in fields.items()
    )


def with_iptc(kind: str) -> bytes:
    if kind == "TIFF":
        exif = Image.Exif()
        exif[33723] = iptc_records()
        return encoded(GRAY, "TIFF", exif=exif)
    return encoded(GRAY, "JPEG", extra=photoshop_segment(iptc_records()), comment="Box 7, no. 12")


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_captions_of_archives_are_kept(kind, suffix, depth):
    if (suffix, depth) == (".jpg", np.uint16):
        return
    photo = open_photo(with_iptc(kind))
    pixels = np.zeros((photo.height, photo.width, 3), depth)
    saved = Image.open(io.BytesIO(picture_bytes(photo, pixels, suffix, note=True)))
    found = IptcImagePlugin.getiptcinfo(saved)
    assert {found[2, 120], found[2, 110], found[2, 116]} == {
        b"Anna and the cart, 1923", "Städtisches Archiv".encode(), b"public domain",
    }  # fmt: skip
    if kind == "JPEG" and suffix == ".jpg":
        assert saved.info["comment"] == b"Box 7, no. 12"


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_texts_of_a_png_are_kept(depth):
    info = PngInfo()
    info.add_text("Description", "Anna, 1923")
    info.add_itxt("Copyright", "Městský archiv")
    photo = open_photo(encoded(GRAY, "PNG", pnginfo=info))
    pixels = np.zeros((photo.height, photo.width, 3), depth)
    saved = Image.open(io.BytesIO(picture_bytes(photo, pixels, ".png", note=True)))
    saved.load()
    assert saved.text["Description"] == "Anna, 1923" and saved.text["Copyright"] == "Městský archiv"
    assert picture_bytes(photo, pixels.astype(np.uint8), ".jpg")


def photoshop_block(number: int, data: bytes, name: bytes = b"") -> bytes:
    head = b"8BIM" + struct.pack(">H", number) + bytes([len(name)]) + name + b"\0" * ((len(name) + 1) % 2)
    return head + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)


@pytest.mark.parametrize("where", ["numbers", "numbers, high byte first", "photoshop"])
def test_captions_are_found_however_a_tiff_has_them(where):
    records = iptc_records()
    order = ">" if "high" in where else "<"
    if where == "photoshop":
        blocks = photoshop_block(0x0409, b"thumbnail", b"odd") + photoshop_block(0x0404, records, b"even")
        tag = (34377, 1, len(blocks), blocks, True)
    else:
        whole = records + bytes(-len(records) % 4)
        tag = (33723, 4, len(whole) // 4, struct.unpack(f"{order}{len(whole) // 4}I", whole), True)
    file = io.BytesIO()
    tifffile.imwrite(file, GRAY, extratags=[tag], byteorder=order)
    photo = open_photo(file.getvalue())
    assert photo.metadata.iptc == records
    saved = Image.open(io.BytesIO(picture_bytes(photo, np.dstack([GRAY] * 3), ".jpg")))
    assert saved.info["photoshop"] == {0x0404: records}


@pytest.mark.parametrize("damaged", [b"\x1c\x02", b"\x1c\x02\x78\xff\xff", b"caption", b""])
def test_damaged_captions_keep_no_photo_from_being_colored(damaged):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, content in ((33723, damaged), (34377, b"8BIM\x04\x04" + damaged)):
        tags.tagtype[tag], tags[tag] = 7, content
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "TIFF", tiffinfo=tags)
    assert picture_bytes(open_photo(file.getvalue()), np.dstack([GRAY] * 3), ".jpg")


def tiff_with(tag: int, kind: int, count: int, value: int) -> bytes:
    """A gray TIFF, 1 x 1 px, that has one more tag, of a type that does not belong to it."""
    entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    entries += [(277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 1), (tag, kind, count, value)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<I", 10) + b"\x80\0" + struct.pack("<H", len(entries)) + directory + bytes(4)


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [(34675, 4, 1, 7), (34675, 3, 2, 7), (700, 3, 2, 7), (700, 4, 1, 250_000_000), (700, 11, 1, 7)],
)
def test_blocks_of_damaged_files_are_left_out(tag, kind, count, value):
    photo = open_photo(tiff_with(tag, kind, count, value))
    for suffix in (".png", ".jpg", ".tif", ".webp"):
        assert len(picture_bytes(photo, np.zeros((1, 1, 3), np.uint8), suffix, note=True)) < 20_000


def test_a_profile_whose_names_are_no_text_is_no_profile():
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    icc[16:20] = b"\xd2GB "
    photo = open_photo(encoded(COLOR, "PNG", icc_profile=bytes(icc)))
    assert picture_bytes(photo, np.zeros((photo.height, photo.width, 3), np.uint8), ".png")


def test_a_resolution_beyond_what_png_holds_is_left_out():
    photo = open_photo(encoded(GRAY, "TIFF", dpi=(2e8, 2e8)))
    saved = picture_bytes(photo, np.zeros((photo.height, photo.width, 3), np.uint8), ".png")
    assert "dpi" not in Image.open(io.BytesIO(saved)).info


def test_a_resolution_beyond_what_jpeg_holds_is_left_out():
    photo = open_photo(encoded(GRAY, "TIFF", dpi=(65_837, 65_837)))  # 301 in 16 bits
    saved = picture_bytes(photo, np.zeros((photo.height, photo.width, 3), np.uint8), ".jpg")
    assert Image.open(io.BytesIO(saved)).info.get("dpi", (0, 0))[0] not in (300, 301, 302)
    assert Image.open(io.BytesIO(saved)).info["jfif_density"] in ((0, 0), (1, 1))
