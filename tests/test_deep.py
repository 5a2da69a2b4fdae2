"""16 bits per channel, the visible label, and the note in the metadata."""

import io
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import tifffile
from PIL import Image

from adacolvit import label
from adacolvit.color.lab import lab_to_srgb, srgb_to_lightness
from adacolvit.colorizer import Colorizer
from adacolvit.deep import png16
from adacolvit.errors import PhotoTooLarge, SaveError
from adacolvit.photo import open_photo
from adacolvit.runtime.upsample import compose
from adacolvit.saving import picture_bytes, picture_depth

from .pictures import encoded, gamma_profile
from .test_saving import XMP, exif_block

RAMP = np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16)  # 37 levels of 16 bits between neighbors


def deep_pixels(channels=3):
    """Color in which neighbors differ by less than an 8-bit level."""
    return np.stack([np.roll(RAMP, shift, axis=1) for shift in range(channels)], axis=-1)


def read_png16(data: bytes) -> np.ndarray:
    """(H, W, C) uint16, by Pillow: its decoder gives the high bytes, or told the other byte order, the low ones."""
    halves = []
    for order in "BL":
        image = Image.open(io.BytesIO(data))
        ((codec, box, offset, raw),) = image.tile
        image.tile = [(codec, box, offset, raw.removesuffix("B") + order)]
        halves.append(np.asarray(image).astype(np.uint16))
    return halves[0] * 256 + halves[1]


COLORED = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def tiff(pixels, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric="rgb", **options)
    return file.getvalue()


COLOR_FILES = {
    "png": lambda: png16(COLORED),
    "png with transparency": lambda: png16(np.dstack([COLORED, RAMP])),
    "tiff": lambda: tiff(COLORED),
    "tiff, high byte first": lambda: tiff(COLORED, byteorder=">"),
    "tiff, compressed": lambda: tiff(COLORED, compression="zlib", predictor=2),
    "tiff, compressed, high byte first": lambda: tiff(COLORED, compression="zlib", byteorder=">"),
    "tiff in tiles": lambda: tiff(COLORED, compression="zlib", tile=(16, 16)),
    "tiff with transparency": lambda: tiff(np.dstack([COLORED, RAMP]), extrasamples=["unassalpha"]),
}


@pytest.mark.parametrize("kind", COLOR_FILES)
def test_color_of_sixteen_bits_gives_its_whole_lightness(kind):
    photo = open_photo(COLOR_FILES[kind]())
    exact = srgb_to_lightness(COLORED / 65535)
    assert photo.deep and picture_depth(photo, ".png") == 16
    assert np.abs(photo.lightness_rows(0, 40) - exact).max() < 1e-3
    assert np.array_equal(photo.rgb, COLORED >> 8)


@pytest.mark.parametrize("orientation", [3, 6])
def test_sixteen_bits_are_turned_upright(orientation):
    photo = open_photo(png16(deep_pixels(), exif=exif_block(orientation=orientation)))
    upright = np.rot90(deep_pixels(), {3: 2, 6: -1}[orientation])
    assert np.abs(photo.lightness_rows(0, photo.height) - srgb_to_lightness(upright / 65535)).max() < 1e-3


def test_a_profile_acts_on_sixteen_bits():
    """Against LittleCMS on 8 bits, and finer than that."""
    smooth = np.stack([np.linspace(20000 + 900 * i, 24000 + 900 * i, 2400) for i in range(3)], axis=-1)
    pixels = smooth.reshape(40, 60, 3).astype(np.uint16)
    icc = gamma_profile(3)
    deep, shallow = open_photo(png16(pixels, icc=icc)), open_photo(png8(pixels, icc))
    exact = deep.lightness_rows(0, 40).ravel()
    assert deep.deep and not shallow.deep
    assert np.abs(exact - shallow.lightness_rows(0, 40).ravel()).max() < 0.8  # a level of 8 bits is 0.4 of L
    assert len(np.unique(shallow.stored_lightness)) < 60 < 1500 < len(np.unique(deep.stored_lightness))
    assert (np.diff(exact) > -1e-3).all()


def png8(pixels: np.ndarray, icc: bytes) -> bytes:
    return encoded((pixels >> 8).astype(np.uint8), "PNG", icc_profile=icc)


@pytest.mark.parametrize("source", [io.BytesIO, bytes, bytearray])
def test_any_source_is_read_in_depth(source, tmp_path):
    assert open_photo(source(png16(deep_pixels()))).deep
    (tmp_path / "scan.png").write_bytes(png16(deep_pixels()))
    assert open_photo(tmp_path / "scan.png").deep
    with Image.open(tmp_path / "scan.png") as opened:  # Pillow's own picture has lost it
        assert not open_photo(opened).deep


def test_too_large_a_photo_of_sixteen_bits_is_refused():
    with pytest.raises(PhotoTooLarge, match=r"more than 0\.001 megapixels"):
        open_photo(png16(deep_pixels()), max_pixels=1000)


@pytest.fixture
def photo():
    file = io.BytesIO()
    Image.fromarray(RAMP).save(file, "TIFF", exif=exif_block(orientation=1), dpi=(300, 300))
    return open_photo(file.getvalue(), name="scan.tif")


def test_sixteen_bits_are_written_as_they_are(photo):
    pixels = deep_pixels()
    assert photo.deep
    assert np.array_equal(read_png16(picture_bytes(photo, pixels, ".png")), pixels)
    assert np.array_equal(tifffile.imread(io.BytesIO(picture_bytes(photo, pixels, ".tif"))), pixels)


def test_transparency_is_kept_in_sixteen_bits():
    gray = np.full((40, 60), 90, np.uint8)
    alpha = np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))
    photo = open_photo(Image.merge("LA", [Image.fromarray(gray), Image.fromarray(alpha)]))
    expected = np.concatenate([deep_pixels(), alpha.astype(np.uint16)[..., None] * 257], axis=-1)
    assert np.array_equal(read_png16(picture_bytes(photo, deep_pixels(), ".png")), expected)
    assert np.array_equal(tifffile.imread(io.BytesIO(picture_bytes(photo, deep_pixels(), ".tif"))), expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_keep_metadata(suffix):
    photo = open_photo(encoded(np.asarray(RAMP // 257, np.uint8), "JPEG", exif=exif_block(), xmp=XMP, dpi=(300, 300)))
    pixels = np.zeros((photo.height, photo.width, 3), np.uint16)
    image = Image.open(io.BytesIO(picture_bytes(photo, pixels, suffix)))
    exif = image.getexif()
    assert exif[0x010E] == "Anna, 1923" and exif[0x0112] == 1
    assert float(exif.get_ifd(0x8769)[0x829D]) == 2.8 and exif.get_ifd(0x8825)[2] == (52.0, 30.0, 15.5)
    assert "Anna Müller".encode() in image.info["xmp"]
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert np.asarray(image).shape[:2] == (photo.height, photo.width)


def test_the_depth_is_the_photos_where_the_format_has_it(photo):
    shallow = open_photo(Image.fromarray(np.full((4, 4), 90, np.uint8)))
    assert [picture_depth(photo, suffix) for suffix in (".png", ".tiff", ".jpg", ".webp")] == [16, 16, 8, 8]
    assert picture_depth(shallow, ".png") == 8 and picture_depth(shallow, ".png", 16) == 16
    assert picture_depth(photo, ".png", 8) == 8
    with pytest.raises(SaveError, match=r"JPEG holds 8 bits.*\.png"):
        picture_depth(photo, ".jpg", 16)


def test_composing_in_sixteen_bits_is_exact():
    rng = np.random.default_rng(0)
    lightness = rng.uniform(5, 95, (40, 60)).astype(np.float32)
    planes = np.zeros((4, 32, 48), np.float32)
    planes[2:] = rng.uniform(-3, 3, (2, 1, 1))
    lab = np.stack([lightness, *np.broadcast_to(planes[2:, :1, :1], (2, 40, 60))], axis=-1)
    exact = lab_to_srgb(lab.astype(np.float64)) * 65535
    inside = ((exact >= 0) & (exact <= 65535)).all(-1)
    got = compose(lightness, planes, 0, 40, 16)
    assert got.dtype == np.uint16 and np.abs(got[inside] - exact[inside]).max() < 1.5
    assert np.abs(compose(lightness, planes, 0, 40) * 257.0 - got).max() <= 257


def test_adjusting_scales_chroma_and_nothing_else(small_weights):
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(Image.fromarray((RAMP // 257).astype(np.uint8)))
    result = colorizer.colorize([(30, 20, "#7b4a2d")])
    gray = result.adjusted(strength=0).image
    assert (gray.max(-1).astype(int) - gray.min(-1) <= 1).all()
    assert np.array_equal(result.adjusted(saturation=2, strength=0.5).image, result.image)
    half = result.adjusted(saturation=0.5)
    assert np.allclose(half.ab, result.ab / 2) and np.allclose(half.planes, result.planes / 2)
    assert result.adjusted().cost is result.cost


def test_the_label_is_in_the_corner_and_only_there():
    photo = open_photo(Image.fromarray(np.full((600, 800), 200, np.uint8)))
    pixels = np.full((600, 800, 3), 200, np.uint8)
    plain, labeled = (
        np.asarray(Image.open(io.BytesIO(picture_bytes(photo, pixels, ".png", label=text)))).astype(int)
        for text in (None, "Colorized")
    )
    assert np.array_equal(plain, pixels)
    rows, columns = np.nonzero((labeled != plain).any(-1))
    assert rows.min() > 560 and columns.min() > 680
    assert labeled.max() > 240 and labeled.min() < 130  # light letters on their shadow, readable on any ground
    deep = picture_bytes(photo, pixels.astype(np.uint16) * 257, ".png", label="Colorized")
    assert np.abs(read_png16(deep) / 257 - labeled).max() < 1


def test_a_label_is_set_in_a_font_that_has_its_letters(monkeypatch):
    """Pillow's own font knows English alone, and draws a box for every other letter."""
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    monkeypatch.setattr(label, "FONTS", ("not here.ttf", str(font)))
    gray = np.full((60, 400, 3), 120, np.uint8)
    pictures = [label.Label(text, 400, 60).paint(gray, 0) for text in ("Élise", "Љубав", "Élise \u2116 5")]
    assert all((picture != gray).any() for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 3
    monkeypatch.setattr(label, "FONTS", ())
    assert (label.Label("Elise", 400, 60).paint(gray, 0) != gray).any()
    with pytest.raises(SaveError, match="has É № of the label: install one"):
        label.Label("Élise № 5", 400, 60)


@pytest.mark.parametrize("size", [(1, 1), (30, 4), (9, 300)])
def test_a_label_too_large_for_its_picture_is_cut_off(size):
    photo = open_photo(Image.new("L", size, 100))
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    image = Image.open(io.BytesIO(picture_bytes(photo, pixels, ".png", label="Colorized by hand and machine")))
    assert image.size == size


def noted_file(photo, suffix: str) -> bytes:
    return picture_bytes(photo, np.zeros((photo.height, photo.width, 3), np.uint8), suffix, note=True)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_the_note_says_so_beside_what_was_there(suffix):
    photo = open_photo(encoded(np.asarray(RAMP // 257, np.uint8), "JPEG", exif=exif_block(), xmp=None))
    bare = open_photo(Image.fromarray(np.full((8, 8), 90, np.uint8)))
    for which in (photo, bare):
        pixels = np.zeros((which.height, which.width, 3), np.uint8)
        silent = Image.open(io.BytesIO(picture_bytes(which, pixels, suffix)))
        assert 0x0131 not in silent.getexif() and not silent.info.get("xmp")
        noted = Image.open(io.BytesIO(noted_file(which, suffix)))
        assert "colorized" in noted.getexif()[0x0131]
        xmp = ElementTree.fromstring(noted.info["xmp"])
        assert any("compositeWithTrainedAlgorithmicMedia" in value for e in xmp.iter() for value in e.attrib.values())
    assert Image.open(io.BytesIO(noted_file(photo, suffix))).getexif()[0x010E] == "Anna, 1923"


def test_a_kind_of_source_that_is_stated_stays():
    own = XMP.replace(b"tiff:Orientation", b'Iptc4xmpExt:DigitalSourceType="print" tiff:Orientation')
    photo = open_photo(encoded(np.asarray(RAMP // 257, np.uint8), "JPEG", xmp=own))
    pixels = np.zeros((photo.height, photo.width, 3), np.uint8)
    xmp = Image.open(io.BytesIO(picture_bytes(photo, pixels, ".png", note=True))).info["xmp"]
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    assert b'DigitalSourceType="print"' in xmp and b"trainedAlgorithmic" not in xmp
