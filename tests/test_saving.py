"""Saving: full size, transparency, profile and metadata kept; whole or not at all."""

import io
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import SaveError
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
