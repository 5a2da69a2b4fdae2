"""Opening photos: every kind of picture, upright, in sRGB, compact."""

import io
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from skimage.color import rgb2lab

from adacolvit.color.lab import srgb_to_lightness
from adacolvit.errors import HintError, PhotoError
from adacolvit.photo import open_photo

from .pictures import ALPHA, COLOR, GRAY, encoded, gamma_profile, lightness, png

LAB_OF_COLOR = rgb2lab(COLOR)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG", "AVIF", "JPEG2000", "PPM", "TGA"])
def test_gray_files(kind):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}, "AVIF": {"quality": 100}}.get(kind, {})
    photo = open_photo(encoded(GRAY, kind, **options))
    assert (photo.width, photo.height, photo.has_color, photo.name) == (60, 40, False, "photo")
    assert photo.rgb is None and photo.alpha is None
    levels = {"JPEG": 1, "AVIF": 2}.get(kind, 0)  # of 255
    assert np.abs(photo.gray().astype(int) - GRAY).max() <= levels
    assert np.abs(lightness(photo) - rgb2lab(np.stack([GRAY] * 3, axis=-1))[..., 0]).max() < 1e-3 + 0.45 * levels


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_color_files_are_taken_for_their_lightness_and_keep_their_colors(kind):
    photo = open_photo(encoded(COLOR, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert photo.has_color
    assert np.array_equal(photo.rgb, COLOR)
    assert np.abs(lightness(photo) - LAB_OF_COLOR[..., 0]).max() < 2e-3
    assert lightness(photo).dtype == np.float32
    assert photo.color_at(10.9, 20.2) == "#{:02x}{:02x}{:02x}".format(*COLOR[20, 10])
    assert np.abs(srgb_to_lightness(photo.gray()[..., None] / 255 * [1, 1, 1]) - LAB_OF_COLOR[..., 0]).max() < 0.3


def test_every_gray_comes_back_exactly():
    grays = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(open_photo(grays).gray(), grays)
    assert open_photo(grays).color_at(15, 3) == "#3f3f3f"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(np.dstack([COLOR, ALPHA]), "PNG", exif=exif)
    photo = open_photo(data)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert np.array_equal(photo.rgb, upright[..., :3])
    assert np.array_equal(photo.alpha, upright[..., 3])
    assert (photo.height, photo.width) == upright.shape[:2]
    assert np.abs(lightness(photo) - rgb2lab(upright[..., :3])[..., 0]).max() < 2e-3
    again = Image.Exif()
    again.load(photo.metadata.exif)
    assert again[0x0112] == 1


def test_gray_and_deep_files_are_turned_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    for image in (GRAY, GRAY.astype(np.uint16) * 257):
        photo = open_photo(encoded(image, "TIFF", exif=exif))
        assert np.array_equal(photo.gray(), np.rot90(GRAY, -1))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_a_senseless_orientation_is_none(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(open_photo(encoded(GRAY, "PNG", exif=exif)).gray(), GRAY)


def tiff(values: np.ndarray, bits: int, photometric: int) -> bytes:
    """A TIFF of gray values, (H, W), with whole bytes to a row."""
    rows = ((values[..., None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8).reshape(len(values), -1)
    data = values.astype("<u2").tobytes() if bits == 16 else np.packbits(rows, axis=1).tobytes()
    tags = {256: values.shape[1], 257: len(values), 258: bits, 259: 1, 262: photometric, 273: 0, 277: 1}
    tags |= {278: len(values), 279: len(data)}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


@pytest.mark.parametrize("bits, photometric", [(12, 1), (16, 0), (16, 1)])
def test_gray_tiffs_of_any_depth_and_sign(bits, photometric):
    share = np.array([[0.0, 0.25, 0.5, 1.0]])
    values = np.round((share if photometric else 1 - share) * (2**bits - 1)).astype(np.int64)
    photo = open_photo(tiff(values, bits, photometric))
    wanted = srgb_to_lightness(np.repeat(share[..., None], 3, axis=-1).astype(np.float32))
    assert np.abs(lightness(photo) - wanted).max() < 0.05


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_value_of_16_bits_is_a_whole_one(channels):
    values = np.array([[0x1234, 0x3434, 0x1212, 0x1235]])
    values = values if channels == 1 else np.repeat(values[..., None], 3, axis=-1)
    photo = open_photo(png(values, (0x1234,) * channels))
    assert photo.alpha.tolist() == [[0, 255, 255, 255]]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_gray_of_few_bits_is_found(bits):
    values = np.arange(2**bits)[None]
    photo = open_photo(png(values, (1,), bits))
    assert photo.alpha.tolist() == [[255, 0, *[255] * (2**bits - 2)]]


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 3)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_white_of_any_float_is_white(shape, dtype):
    assert lightness(open_photo(np.ones(shape, dtype))) == pytest.approx(100, abs=0.01)


def test_linear_light_that_calls_itself_srgb_is_not_taken_for_it():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert b"sRGB" in icc or "sRGB".encode("utf-16-be") in icc
    linear = icc.replace(struct.pack(">i", round(2.4 * 65536)), struct.pack(">i", 65536))
    assert linear != icc
    same, other = (open_photo(encoded(COLOR, "PNG", icc_profile=profile)) for profile in (icc, linear))
    assert np.array_equal(same.rgb, COLOR)
    assert lightness(other).mean() > lightness(same).mean() + 3


def test_damaged_exif_does_no_harm():
    photo = open_photo(encoded(GRAY, "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(range(200))))
    assert np.array_equal(photo.gray(), GRAY)


def test_transparency_of_every_kind_is_kept():
    rgba = np.dstack([COLOR, ALPHA])
    assert np.array_equal(open_photo(encoded(rgba, "PNG")).alpha, ALPHA)
    gray_alpha = open_photo(encoded(Image.fromarray(np.dstack([GRAY, ALPHA])), "PNG"))
    assert np.array_equal(gray_alpha.alpha, ALPHA) and np.array_equal(gray_alpha.gray(), GRAY)
    keyed = open_photo(encoded(GRAY, "PNG", transparency=int(GRAY[0, 0])))
    assert np.array_equal(keyed.alpha == 0, GRAY[0, 0] == GRAY)
    palette = Image.fromarray(GRAY // 16, "L").convert("P")
    photo = open_photo(encoded(palette, "PNG", transparency=bytes(range(0, 256, 16))))
    assert np.array_equal(photo.alpha, GRAY // 16 * 16)


def test_palette_and_bilevel():
    palette = Image.fromarray(GRAY // 64, "L")
    palette.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    photo = open_photo(encoded(palette, "PNG"))
    assert photo.has_color
    assert np.array_equal(photo.rgb, np.asarray(palette.convert("RGB")))
    bilevel = Image.fromarray(GRAY > 100)
    assert bilevel.mode == "1"
    assert np.array_equal(open_photo(encoded(bilevel, "TIFF")).gray(), np.where(GRAY > 100, 255, 0))


def test_cmyk():
    cmyk = Image.fromarray(COLOR).convert("CMYK")
    photo = open_photo(encoded(cmyk, "TIFF"))
    assert np.array_equal(photo.rgb, np.asarray(cmyk.convert("RGB")))
    jpeg = open_photo(encoded(cmyk, "JPEG", quality=100))
    assert np.abs(jpeg.rgb.astype(int) - photo.rgb).max() < 12  # not inverted


def test_lab_tiff():
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    muted = COLOR // 2 + 64
    data = encoded(ImageCms.applyTransform(Image.fromarray(muted), to_lab), "TIFF")
    assert np.abs(open_photo(data).rgb.astype(int) - muted).mean() < 1  # Lab of 8 bits is coarser than sRGB


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_gray_keeps_its_depth(kind):
    deep = (np.arange(2400).reshape(40, 60) * 27).astype(np.uint16)
    photo = open_photo(encoded(deep, kind))
    assert np.abs(lightness(photo) - srgb_to_lightness(deep[..., None] / 65535 * [1, 1, 1])).max() < 1e-3
    assert len(np.unique(photo.stored_lightness)) > 2000


@pytest.mark.parametrize("full", [1, 255, 65535])
def test_float_gray(full):
    photo = open_photo(encoded(GRAY.astype(np.float32) / GRAY.max() * full, "TIFF"))
    expected = srgb_to_lightness(GRAY[..., None] / GRAY.max() * [1, 1, 1])
    assert np.abs(lightness(photo) - expected).max() < 1e-3


def test_float_that_is_no_number():
    broken = GRAY.astype(np.float32) / 255
    broken[3, 4] = np.nan
    with pytest.raises(PhotoError, match=r"scan\.tif holds pixels that are not numbers"):
        open_photo(encoded(broken, "TIFF"), name="scan.tif")


def test_rgb_profiles_are_honored():
    photo = open_photo(encoded(COLOR, "PNG", icc_profile=gamma_profile(3)))
    expected = 255 * np.clip(1.055 * (COLOR[..., ::-1] / 255.0) ** (1 / 2.4) - 0.055, 0, 1)
    bright = COLOR[..., ::-1] > 20
    assert np.abs(photo.rgb - expected)[bright].max() < 2.5


@pytest.mark.parametrize("deep", [False, True])
def test_gray_profiles_are_honored(deep):
    image = GRAY.astype(np.uint16) * 257 if deep else GRAY
    photo = open_photo(encoded(image, "PNG", icc_profile=gamma_profile(1)))
    expected = 255 * np.clip(1.055 * (GRAY / 255.0) ** (1 / 2.4) - 0.055, 0, 1)
    assert not photo.has_color
    assert np.abs(photo.gray()[GRAY > 20] - expected[GRAY > 20]).max() < 1.5


@pytest.mark.parametrize("icc", [b"nonsense", gamma_profile(1)], ids=["damaged", "of gray"])
def test_unfit_profiles_are_ignored(icc):
    assert np.array_equal(open_photo(encoded(COLOR, "PNG", icc_profile=icc)).rgb, COLOR)


def test_srgb_profiles_change_nothing():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(open_photo(encoded(COLOR, "PNG", icc_profile=icc)).rgb, COLOR)


@pytest.mark.parametrize("spread", [8, 9])
def test_a_pixel_is_colored_where_its_channels_differ_by_more_than_noise(spread):
    levels = np.full((20, 30, 3), 90, np.uint8)
    levels[7, 11] = 90, 90 + spread // 2, 90 - (spread - spread // 2)
    assert open_photo(levels).has_color == (spread > 8)


def test_jpeg_noise_on_gray_is_no_color():
    rgb = np.stack([GRAY, GRAY + 3, GRAY - 4], axis=-1)
    assert not open_photo(rgb).has_color
    rgb[7, 7] = 255, 0, 0
    photo = open_photo(rgb)
    assert photo.has_color and photo.color_at(7, 7) == "#ff0000"


def test_sources(tmp_path):
    data = encoded(COLOR, "PNG")
    path = tmp_path / "Großmutter.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        photos = [open_photo(source) for source in (path, str(path), file)]
    assert [photo.name for photo in photos] == ["Großmutter.png"] * 3
    image = Image.fromarray(COLOR)
    photos += [
        open_photo(source) for source in (data, bytearray(data), memoryview(data), io.BytesIO(data), image, COLOR)
    ]
    assert all(np.array_equal(photo.rgb, COLOR) for photo in photos)
    assert np.array_equal(np.asarray(image), COLOR)  # the caller's image is still open
    assert open_photo(data, name="a/b.jpg").name == "b.jpg"


@pytest.mark.parametrize("array", [GRAY / 255, (GRAY / 255).astype(np.float32), GRAY.astype(np.uint16) * 257])
def test_arrays_of_other_types(array):
    assert np.array_equal(open_photo(array).gray(), GRAY)
    assert np.array_equal(open_photo(array[::2, ::-1]).gray(), GRAY[::2, ::-1])


def test_arrays_of_floats_in_color():
    assert np.array_equal(open_photo(np.dstack([COLOR, ALPHA]) / 255).rgb, COLOR)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.int64),
        np.zeros((4, 4, 3), np.uint16),
        np.full((4, 4), 1.5),
        np.full((4, 4, 3), np.nan),
    ],
    ids=str,
)
def test_arrays_that_are_no_photo(array):
    with pytest.raises(PhotoError, match="an array"):
        open_photo(array)


def test_network_lightness_is_that_of_the_resized_picture():
    small = np.asarray(Image.fromarray(COLOR).resize((32, 16), Image.Resampling.BILINEAR))
    ours = open_photo(COLOR).network_lightness(16, 32)
    assert ours.shape == (16, 32) and ours.dtype == np.float32
    assert np.abs(ours - rgb2lab(small)[..., 0]).max() < 1e-3
    small = np.asarray(Image.fromarray(GRAY).resize((224, 112), Image.Resampling.BILINEAR))
    ours = open_photo(GRAY).network_lightness(112, 224)
    assert np.abs(ours - rgb2lab(np.stack([small] * 3, axis=-1))[..., 0]).max() < 1e-3


def test_display_gray_is_scaled_down_only():
    photo = open_photo(GRAY)
    assert photo.gray(30).shape == (20, 30)
    assert photo.gray(1000).shape == photo.gray(60).shape == (40, 60)
    assert open_photo(np.full((1, 500), 77, np.uint8)).gray(10).tolist() == [[77] * 10]


def test_a_part_of_the_display_gray_is_a_part_of_the_whole():
    photo = open_photo(GRAY)
    assert np.array_equal(photo.gray_part(7, 3, 20, 11), GRAY[3:14, 7:27])
    shrunk = photo.gray_part(4, 8, 56, 32, shrink=8)
    means = GRAY[8:40, 4:60].astype(float).reshape(4, 8, 7, 8).mean((1, 3))
    assert shrunk.shape == (4, 7) and np.abs(shrunk - means).max() <= 0.5
    edge = photo.gray_part(56, 32, 4, 8, shrink=8)  # at the edge a texel stands for the pixels that are there
    assert edge.shape == (1, 1) and abs(edge.item() - GRAY[32:, 56:].mean()) <= 0.5


@pytest.mark.parametrize("part", [(-1, 0, 5, 5), (0, 0, 61, 5), (0, 36, 5, 5), (0, 0, 0, 5), (0, 0, 5, 5, 0)])
def test_a_part_beyond_the_photo_is_refused(part):
    with pytest.raises(PhotoError, match="60 x 40"):
        open_photo(GRAY).gray_part(*part)


@pytest.mark.parametrize("place", [(-1, 0), (60, 0), (0, 40), (float("nan"), 0)])
def test_a_color_outside_is_refused(place):
    with pytest.raises(HintError, match="outside the photo, which is 60 x 40 px"):
        open_photo(GRAY).color_at(*place)


def test_strips_cover_every_row_once():
    photo = open_photo(GRAY)
    assert list(photo.strips(600)) == [(0, 10), (10, 20), (20, 30), (30, 40)]
    assert list(photo.strips(1500)) == [(0, 25), (25, 40)]
    assert len(list(photo.strips(1))) == 40
    whole = lightness(photo)
    assert np.array_equal(np.concatenate([photo.lightness_rows(*strip) for strip in photo.strips(700)]), whole)


def test_strips_of_a_large_file_join_without_a_seam():
    large = np.tile(GRAY, (15, 22))  # 600 x 1,320 px: four strips
    assert np.array_equal(open_photo(encoded(large, "BMP")).gray(), large)


@pytest.mark.parametrize("shape", [(1, 1), (50, 20000), (20000, 50)])
def test_extreme_shapes(shape):
    photo = open_photo(encoded(np.full(shape, 128, np.uint8), "PNG"))
    assert (photo.height, photo.width) == shape
    assert np.abs(photo.network_lightness(80, 640) - lightness(photo)[0, 0]).max() < 1e-3


MEASURE = """
import json, resource, sys
from adacolvit.photo import open_photo
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
open_photo(sys.argv[1])
before = peak()
photo = open_photo(sys.argv[2])
held = sum(a.nbytes for a in (photo.stored_lightness, photo.rgb, photo.alpha) if a is not None)
print(json.dumps([held / (photo.width * photo.height), (peak() - before) / (photo.width * photo.height)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts kB on Linux only")
@pytest.mark.parametrize(("channels", "held", "peak"), [(1, 2, 3), (3, 5, 9)], ids=["gray", "color"])
def test_bytes_per_pixel(tmp_path, channels, held, peak):
    """12 megapixels in a process of their own: what a Photo holds, and the most that opening takes."""
    shape = (3000, 4000, channels)[: 2 if channels == 1 else 3]
    picture = np.zeros(shape, np.uint8)
    picture[:, :, ...] = np.arange(4000 * channels).reshape(shape[1:]) % 251
    Image.fromarray(picture).save(tmp_path / "large.tif")
    Image.fromarray(picture[:600, :2000]).save(tmp_path / "small.tif")
    run = [sys.executable, "-c", MEASURE, str(tmp_path / "small.tif"), str(tmp_path / "large.tif")]
    found_held, found_peak = json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout)
    assert found_held == held
    assert found_peak < peak + 1  # the strip in work and the file's buffers
