"""Saving: full size, transparency, profile and metadata kept; whole or not at all."""

import io
import os
import resource
import stat
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, IptcImagePlugin, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import SaveError
from adacolvit.metadata import photoshop_segment
from adacolvit.photo import Photo, open_photo
from adacolvit.saving import FORMATS, picture_bytes, save_picture

from .pictures import ALPHA, COLOR, GRAY, encoded, gamma_profile

XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:creator="Anna Müller"/></x:xmpmeta>'.encode()
RATIONAL = 2.8


def exif_block(orientation=6):
    exif = Image.Exif()
    exif[0x010E] = "Anna, 1923"
    exif[0x0112] = orientation
    exif[0x0132] = "1923:05:01 12:00:00"
    inner = exif.get_ifd(0x8769)
    inner[0x829D] = RATIONAL
    inner[0x927C] = b"maker's note"
    inner[0xA002], inner[0xA003] = 60, 40
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (52.0, 30.0, 15.5)
    return exif.tobytes()


@pytest.fixture(scope="module")
def photo():
    """A gray JPEG with everything a file can say beside its pixels, lying on its side."""
    return open_photo(encoded(GRAY, "JPEG", quality=100, exif=exif_block(), xmp=XMP, dpi=(300, 300)), name="anna.jpg")


@pytest.fixture(scope="module")
def picture(photo):
    """The photo colored: a smooth wash over its own lightness."""
    lab = np.stack([photo.lightness_rows(0, photo.height)] * 3, axis=-1)
    lab[..., 1], lab[..., 2] = np.linspace(-10, 15, photo.width), np.linspace(20, -5, photo.height)[:, None]
    return np.round(255 * lab_to_srgb(lab)).astype(np.uint8)


@pytest.mark.parametrize("suffix", FORMATS)
def test_pixels_and_size(photo, picture, suffix, tmp_path):
    path = save_picture(tmp_path / f"anna{suffix}", photo, picture)
    assert path == tmp_path / f"anna{suffix}"
    with Image.open(path) as image:
        assert image.format == FORMATS[suffix] and image.mode == "RGB" and image.size == (40, 60)
        difference = np.abs(np.asarray(image).astype(int) - picture)
    limit = {"JPEG": (12, 1.5), "WEBP": (40, 4)}.get(FORMATS[suffix], (0, 0))  # largest, mean
    assert difference.max() <= limit[0] and difference.mean() <= limit[1]


@pytest.mark.parametrize("suffix", FORMATS)
def test_metadata_is_kept_and_upright(photo, picture, suffix):
    image = Image.open(io.BytesIO(picture_bytes(photo, picture, suffix)))
    exif = image.getexif()
    assert exif[0x010E] == "Anna, 1923" and exif[0x0132] == "1923:05:01 12:00:00"
    assert exif[0x0112] == 1
    inner = exif.get_ifd(0x8769)
    assert float(inner[0x829D]) == RATIONAL and inner[0x927C] == b"maker's note"
    assert (inner[0xA002], inner[0xA003]) == (40, 60)  # turned with the picture
    assert exif.get_ifd(0x8825)[2] == (52.0, 30.0, 15.5)
    xmp = image.info["xmp"]
    assert "Anna Müller".encode() in xmp and b'tiff:Orientation="1"' in xmp
    if suffix != ".webp":
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(image)), np.asarray(image))
    again = open_photo(picture_bytes(photo, picture, suffix))
    assert (again.width, again.height) == (40, 60)


@pytest.mark.parametrize("source", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_metadata_goes_from_any_format_to_any(source, suffix):
    photo = open_photo(encoded(GRAY, source, exif=exif_block(1)))
    saved = picture_bytes(photo, np.dstack([GRAY] * 3), suffix)
    exif = Image.open(io.BytesIO(saved)).getexif()
    assert exif[0x010E] == "Anna, 1923" and float(exif.get_ifd(0x8769)[0x829D]) == RATIONAL
    assert suffix == ".tif" or not {256, 257, 259, 273, 279} & set(exif)  # how a TIFF was stored is left behind


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_gray_layers_of_an_editor_are_not_taken_over(suffix):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (34377, 37724):  # Photoshop's resources and layers
        tags.tagtype[tag], tags[tag] = 7, bytes(100_000)
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "TIFF", tiffinfo=tags)
    photo = open_photo(file.getvalue())
    saved = picture_bytes(photo, np.dstack([GRAY] * 3), suffix)
    assert not {34377, 37724} & set(Image.open(io.BytesIO(saved)).getexif()) and len(saved) < 100_000


def test_nothing_is_invented(tmp_path):
    plain = open_photo(GRAY)
    for suffix in FORMATS:
        info = Image.open(io.BytesIO(picture_bytes(plain, np.dstack([GRAY] * 3), suffix))).info
        assert not {"exif", "xmp", "icc_profile"} & set(info)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparency_is_kept(suffix):
    photo = open_photo(np.dstack([COLOR, ALPHA]))
    with Image.open(io.BytesIO(picture_bytes(photo, COLOR, suffix))) as image:
        assert image.mode == "RGBA"
        assert np.array_equal(np.asarray(image)[..., 3], ALPHA)
        if suffix != ".webp":
            assert np.array_equal(np.asarray(image)[..., :3], COLOR)


def test_jpeg_is_laid_on_white():
    alpha = np.zeros((40, 60), np.uint8)
    alpha[:, 30:] = 255
    flat = np.broadcast_to(np.array([10, 20, 30], np.uint8), (40, 60, 3))
    saved = np.asarray(Image.open(io.BytesIO(picture_bytes(open_photo(np.dstack([flat, alpha])), flat, ".jpg"))))
    assert np.abs(saved[:, :24].astype(int) - 255).max() <= 2
    assert np.abs(saved[:, 40:].astype(int) - [10, 20, 30]).max() <= 2


def test_an_rgb_profile_is_kept_and_the_colors_look_the_same():
    icc = gamma_profile(3)
    photo = open_photo(encoded(COLOR, "PNG", icc_profile=icc))
    saved = picture_bytes(photo, photo.rgb, ".png")
    image = Image.open(io.BytesIO(saved))
    assert image.info["icc_profile"] == icc
    assert np.abs(np.asarray(image).astype(int) - COLOR)[photo.rgb > 20].max() <= 2  # back in the photo's own space
    assert np.abs(open_photo(saved).rgb.astype(int) - photo.rgb)[photo.rgb > 60].max() <= 3


def test_an_srgb_profile_is_kept_as_it_is():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.open(io.BytesIO(picture_bytes(open_photo(encoded(COLOR, "PNG", icc_profile=icc)), COLOR, ".png")))
    assert image.info["icc_profile"] == icc and np.array_equal(np.asarray(image), COLOR)


@pytest.mark.parametrize("icc", [gamma_profile(1), b"nonsense"], ids=["gray", "damaged"])
def test_a_profile_that_cannot_hold_color_gives_way_to_srgb(icc):
    saved = picture_bytes(open_photo(encoded(GRAY, "PNG", icc_profile=icc)), COLOR, ".png")
    image = Image.open(io.BytesIO(saved))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert profile.profile.profile_description.startswith("sRGB")
    assert np.array_equal(np.asarray(image), COLOR)


def test_strips_give_the_same_file(photo, picture):
    large = open_photo(np.tile(GRAY, (20, 15)))  # 800 x 900 px: three strips
    whole = np.dstack([large.gray(), 255 - large.gray(), large.gray() // 2])
    calls = []

    def rows(start, stop):
        calls.append((start, stop))
        return whole[start:stop]

    assert picture_bytes(large, rows, ".png") == picture_bytes(large, whole, ".png")
    assert calls == list(large.strips()) and len(calls) == 3


@pytest.mark.parametrize("wrong", [COLOR[:, :-1], COLOR[:-1], COLOR.astype(np.float32), COLOR[..., :2]])
def test_pixels_of_another_photo_are_a_mistake_of_the_caller(wrong):
    with pytest.raises(ValueError, match="not uint8"):
        picture_bytes(open_photo(GRAY), wrong, ".png")


def test_quality_counts(photo, picture):
    small, large = (picture_bytes(photo, picture, ".jpg", quality=quality) for quality in (30, 95))
    assert len(small) < len(large)
    with Image.open(io.BytesIO(large)) as image:
        assert all(component[1:3] == (1, 1) for component in image.layer)  # 4:4:4: color as sharp as lightness
    with pytest.raises(SaveError, match="quality 0 is out of range"):
        picture_bytes(photo, picture, ".jpg", quality=0)


@pytest.mark.parametrize("name", ["anna.psd", "anna", "anna.heic"])
def test_unknown_suffixes(photo, picture, name, tmp_path):
    with pytest.raises(SaveError, match=r"is not a format for pictures: use \.png, \.jpg"):
        save_picture(tmp_path / name, photo, picture)
    assert list(tmp_path.iterdir()) == []


def test_capitals_and_spaces_in_names(photo, picture, tmp_path):
    path = save_picture(str(tmp_path / "Anna Müller.JPG"), photo, picture)
    assert path.read_bytes().startswith(b"\xff\xd8\xff")


def test_formats_with_a_longest_side():
    wide = open_photo(np.zeros((1, 16384), np.uint8))
    with pytest.raises(SaveError, match=r"WEBP holds at most 16383 px a side, .* 16384 x 1: use \.png"):
        picture_bytes(wide, np.zeros((1, 16384, 3), np.uint8), ".webp")
    assert picture_bytes(wide, np.zeros((1, 16384, 3), np.uint8), ".jpg")


def test_metadata_too_long_for_the_format():
    long = b"<x>" + b"a" * 70_000 + b"</x>"
    photo = open_photo(encoded(GRAY, "WEBP", xmp=long, lossless=True))
    with pytest.raises(SaveError, match=r"cannot be saved as JPEG .*use \.png or \.tif"):
        picture_bytes(photo, COLOR, ".jpg")
    assert Image.open(io.BytesIO(picture_bytes(photo, COLOR, ".png"))).info["xmp"] == long


def test_an_existing_file_is_replaced_whole(photo, picture, tmp_path):
    path = tmp_path / "anna.png"
    path.write_bytes(b"old")
    save_picture(path, photo, picture)
    assert path.read_bytes() == picture_bytes(photo, picture, ".png")
    assert [p.name for p in tmp_path.iterdir()] == ["anna.png"]
    (tmp_path / "usual").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_a_link_is_followed(photo, picture, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "real" / "anna.png")
    save_picture(tmp_path / "link.png", photo, picture)
    assert (tmp_path / "link.png").is_symlink() and (tmp_path / "real" / "anna.png").is_file()


def test_folders_that_cannot_be_written_to(photo, picture, tmp_path):
    with pytest.raises(SaveError, match="does not exist; make it first"):
        save_picture(tmp_path / "none" / "anna.png", photo, picture)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SaveError, match="it is a folder; add a file name"):
        save_picture(tmp_path / "folder.png", photo, picture)
    (tmp_path / "file").touch()
    with pytest.raises(SaveError, match="does not exist; make it first"):
        save_picture(tmp_path / "file" / "anna.png", photo, picture)


AS_A_PERSON = """
import os, pathlib, tempfile
from adacolvit.errors import SaveError
from adacolvit.files import write_file

if os.geteuid() == 0:  # root may write anywhere, so become nobody
    os.setgid(65534)
    os.setuid(65534)
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    path = folder / "anna.png"
    path.write_bytes(b"old")
    path.chmod(0o444)
    for target, mode in ((path, 0o755), (folder / "new.png", 0o555)):
        folder.chmod(mode)
        try:
            write_file(target, b"new")
        except SaveError as error:
            print(str(error).replace(name, "FOLDER"))
    folder.chmod(0o755)
    print(path.read_bytes(), [p.name for p in folder.iterdir()])
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions are other ones elsewhere")
def test_a_read_only_file_and_folder():
    run = subprocess.run([sys.executable, "-c", AS_A_PERSON], capture_output=True, check=True, text=True)
    assert run.stdout.splitlines() == [
        "FOLDER/anna.png is write-protected: choose another name, or allow writing to it",
        "cannot write FOLDER/new.png: the folder FOLDER does not allow it; choose another folder",
        "b'old' ['anna.png']",
    ]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody can write to")
def test_a_file_system_that_nobody_can_write_to(photo, picture):
    with pytest.raises(SaveError, match=r"cannot write /proc/anna\.png: "):
        save_picture("/proc/anna.png", photo, picture)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
def test_a_full_disk_leaves_the_old_file(photo, picture, tmp_path):
    """The kernel refuses to write beyond 100 bytes, as it does when the disk is full."""
    path = tmp_path / "anna.png"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SaveError, match=r"cannot write .*anna\.png: .*; free some space or choose another folder"):
            save_picture(path, photo, picture)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["anna.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_written_to_and_never_replaced(photo, picture, tmp_path):
    (tmp_path / "anna.png").symlink_to("/dev/full")
    with pytest.raises(SaveError, match="No space left on device; free some space"):
        save_picture(tmp_path / "anna.png", photo, picture)
    assert Path("/dev/full").is_char_device()


def test_the_photo_itself_is_not_changed(photo, picture):
    before = photo.stored_lightness.copy()
    picture_bytes(photo, picture, ".png")
    assert isinstance(photo, Photo) and np.array_equal(photo.stored_lightness, before)


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


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_lossless_webp_stays_lossless(extended, frames, picture):
    options = {"exif": exif_block(1)} if extended else {}
    if frames > 1:
        options |= {"save_all": True, "append_images": [Image.fromarray(GRAY[::-1].copy())]}
    for lossless in (True, False):
        photo = open_photo(encoded(GRAY, "WEBP", lossless=lossless, **options))
        assert photo.metadata.lossless == lossless
        saved = np.asarray(Image.open(io.BytesIO(picture_bytes(photo, COLOR, ".webp"))))
        assert np.array_equal(saved, COLOR) == lossless
    assert not open_photo(encoded(GRAY, "PNG")).metadata.lossless


def test_a_note_that_does_not_fit_may_be_left_out():
    xmp = b"<x:xmpmeta><rdf:RDF>" + b" " * 65_400 + b"</rdf:RDF></x:xmpmeta>"
    photo = open_photo(encoded(GRAY, "JPEG", xmp=xmp))
    with pytest.raises(SaveError, match=r"use \.png or \.tif, or leave out the note .*--no-note"):
        picture_bytes(photo, COLOR, ".jpg", note=True)
    assert Image.open(io.BytesIO(picture_bytes(photo, COLOR, ".jpg"))).info["xmp"] == xmp


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
