"""Files: what they say of themselves, damaged ones, and everything that is no photo."""

import io
import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from adacolvit.decode import _RAW, upright_size
from adacolvit.errors import PhotoError, PhotoTooLarge
from adacolvit.photo import Photo, open_photo
from adacolvit.photosets import UNREADABLE

from .pictures import COLOR, GRAY, encoded


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_is_known_from_the_head_of_a_file(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(COLOR, kind, exif=exif)
    photo = open_photo(data)
    assert upright_size(data, "a") == (photo.width, photo.height)


def test_a_name_that_no_file_can_have_is_told():
    with pytest.raises(PhotoError, match="name too long"):
        open_photo(f"{'x' * 300}.png")


@pytest.mark.parametrize("said_by", ["eXIf", "zTXt", "iTXt"])
def test_the_size_of_a_png_is_known_wherever_it_says_how_it_stands(said_by):
    texts = PngImagePlugin.PngInfo()
    exif = Image.Exif()
    exif[0x0112] = 6
    if said_by == "zTXt":
        texts.add_text("Raw profile type exif", f"\nexif\n{len(exif.tobytes())}\n{exif.tobytes().hex()}", zip=True)
    elif said_by == "iTXt":
        texts.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    data = encoded(COLOR, "PNG", pnginfo=texts, exif=exif if said_by == "eXIf" else None)
    start = data.index(said_by.encode()) - 4
    end = start + 12 + int.from_bytes(data[start : start + 4])
    behind = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    for file in (data, behind):
        photo = open_photo(file)
        assert upright_size(file, "a") == (photo.width, photo.height) == COLOR.shape[:2]


def test_the_size_of_a_png_is_known_without_its_pixels():
    data = encoded(COLOR, "PNG")
    spoilt = bytearray(data)
    at = data.index(b"IDAT") + 4
    spoilt[at : at + 20] = bytes(20)
    assert upright_size(bytes(spoilt), "a") == COLOR.shape[1::-1]
    with pytest.raises(PhotoError, match="damaged"):
        open_photo(bytes(spoilt))


def test_a_head_that_does_not_fit_in_memory_is_no_damage(monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(Image, "open", full)
    with pytest.raises(PhotoTooLarge, match="does not fit into this computer's memory"):
        upright_size(b"a photo", "a")


@pytest.mark.parametrize("kind", ["profile", "text", "international text"])
def test_a_png_with_a_long_compressed_block_is_whole(kind):
    long = b"A" * 3 * 2**20
    texts = PngImagePlugin.PngInfo()
    if kind == "text":
        texts.add_text("Comment", long.decode(), zip=True)
    elif kind == "international text":
        texts.add_itxt("Comment", long.decode(), zip=True)
    options = {"icc_profile": long} if kind == "profile" else {"pnginfo": texts}
    before = PngImagePlugin.MAX_TEXT_CHUNK
    photo = open_photo(encoded(GRAY, "PNG", **options))
    assert np.array_equal(photo.gray(), GRAY) and before == PngImagePlugin.MAX_TEXT_CHUNK
    assert kind == "profile" or photo.metadata.texts == (("Comment", long.decode()),)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_callers_file_stays_open(kind):
    file = io.BytesIO(encoded(GRAY, kind))
    open_photo(file)
    assert not file.closed
    with pytest.raises(PhotoError):
        open_photo(file, name="raw.nef" if kind == "TIFF" else "small", max_pixels=1)
    assert not file.closed


def test_a_file_needs_no_more_than_read():
    class Source:
        def __init__(self, data: bytes):
            self.read = io.BytesIO(data).read

    assert np.array_equal(open_photo(Source(encoded(GRAY, "PNG"))).gray(), GRAY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_a_tiff_may_say_in_xmp_alone_how_it_stands(orientation, compression):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[700], tags[700] = 1, f'<rdf:Description tiff:Orientation="{orientation}"/>'.encode()
    data = encoded(GRAY, "TIFF", tiffinfo=tags, compression=compression)
    photo = open_photo(data)
    assert upright_size(data, "a") == (photo.width, photo.height)
    assert (photo.width < photo.height) == (orientation >= 5)


def test_a_photo_may_come_through_a_pipe(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    data = encoded(COLOR, "PNG")
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    photo = open_photo(pipe)
    writer.join()
    assert np.array_equal(photo.rgb, COLOR)


def test_only_the_first_frame_is_taken():
    frames = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert np.array_equal(open_photo(data).gray(), GRAY)


def test_what_is_no_photo(tmp_path):
    with pytest.raises(PhotoError, match="empty, it has 0 bytes"):
        open_photo(b"")
    for nothing in (None, 7, [1, 2]):
        with pytest.raises(PhotoError, match=f"was given as {type(nothing).__name__}: give a path"):
            open_photo(nothing)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoError, match=r"^empty\.jpg is empty"):
        open_photo(tmp_path / "empty.jpg")
    with pytest.raises(PhotoError, match=r"^notes\.txt is not a picture that can be read: give a JPEG"):
        open_photo(b"dear diary", name="notes.txt")
    with pytest.raises(PhotoError, match=r"cannot open none\.jpg: No such file"):
        open_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match=r"cannot open .*: Is a directory"):
        open_photo(tmp_path)
    with pytest.raises(PhotoError, match="not a picture"):  # Ghostscript is never started
        open_photo(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_truncated_files(kind, part):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    data = encoded(noise, kind)
    with pytest.raises(PhotoError, match=r"^scan is (damaged or cut short|not a picture)"):
        open_photo(data[: int(len(data) * part)], name="scan")


def test_flipped_bytes_never_raise_anything_else():
    rng = np.random.default_rng(1)
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF"):
        data = encoded(COLOR, kind)
        for _ in range(40):
            broken = bytearray(data)
            for place in rng.integers(0, len(data), 5):
                broken[place] = rng.integers(0, 256)
            try:
                photo = open_photo(bytes(broken), max_pixels=10**6)
            except PhotoError:
                continue
            assert isinstance(photo, Photo)


def bomb(width, height):
    """A PNG of that size, as black as it is small."""
    data = bytearray(encoded(np.zeros((1, 1), np.uint8), "PNG"))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def test_bombs_are_refused_before_they_are_decoded():
    with pytest.raises(PhotoTooLarge, match=r"^scan has more than 300 megapixels.*open a smaller copy.*max_pixels"):
        open_photo(bomb(40_000, 40_000), name="scan")
    with pytest.raises(PhotoTooLarge, match=r"more than 0\.002 megapixels"):
        open_photo(GRAY, max_pixels=2399 - 399)
    assert open_photo(GRAY, max_pixels=2400).width == 60
    with pytest.raises(PhotoError, match="damaged"):  # within the limit, and it lies about its size
        open_photo(bomb(200, 200))


def test_the_limit_of_pillow_itself_is_left_as_it_was():
    before = Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(4) as pool:
        photos = list(pool.map(open_photo, [encoded(GRAY, "PNG")] * 16))
    assert all(np.array_equal(photo.gray(), GRAY) for photo in photos)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(("name", "dng"), [("a.dng", True), ("a.tif", True), ("a.NEF", False)])
def test_the_preview_in_a_raw_file_is_not_taken_for_the_photo(name, dng, tmp_path):
    """Many raw files are TIFFs in form, and begin with a small picture."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    if dng:
        tags.tagtype[50706], tags[50706] = 1, b"\1\4\0\0"
    data = encoded(COLOR, "TIFF", tiffinfo=tags)
    (tmp_path / name).write_bytes(data)
    for opening in (
        lambda: open_photo(data, name=name), lambda: open_photo(tmp_path / name), lambda: upright_size(data, name),
    ):  # fmt: skip
        with pytest.raises(PhotoError, match="raw files have to be converted first"):
            opening()
    assert open_photo(encoded(COLOR, "TIFF"), name="a.tif").width == 60
    assert open_photo(encoded(COLOR, "PNG"), name="a.nef").width == 60  # named in error
    assert _RAW <= UNREADABLE
