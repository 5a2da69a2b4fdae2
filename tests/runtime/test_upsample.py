"""Color at full size: what must hold for any photo, and that it follows edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from adacolvit.color.lab import lab_to_srgb, srgb_to_lab
from adacolvit.runtime.upsample import compose, guide, upsample


def smooth(rng, rows, columns, low, high):
    """Random, without detail finer than a few pixels."""
    values = rng.uniform(low, high, (rows, columns))
    for axis in (0, 1):
        values = (values + np.roll(values, 1, axis) + np.roll(values, 2, axis)) / 3
    return values.astype(np.float32)


@given(st.integers(0, 9999), st.integers(1, 40), st.integers(1, 40), st.floats(0.3, 9), st.floats(0.3, 9))
@settings(max_examples=30, deadline=None)
def test_one_color_stays_that_color(seed, rows, columns, tall, wide):
    rng = np.random.default_rng(seed)
    color = rng.uniform(-60, 60, 2).astype(np.float32)
    ab = np.broadcast_to(color[:, None, None], (2, rows, columns))
    planes = guide(rng.uniform(0, 100, (rows, columns)).astype(np.float32), ab)
    assert planes.shape == (4, rows, columns) and planes.dtype == np.float32
    full = rng.uniform(0, 100, (max(1, int(rows * tall)), max(1, int(columns * wide)))).astype(np.float32)
    assert np.abs(upsample(planes, full, 0, len(full)) - color).max() < 0.05


@given(st.integers(0, 9999), st.integers(1, 300), st.integers(1, 90))
@settings(max_examples=30, deadline=None)
def test_strips_have_no_seams(seed, height, step):
    rng = np.random.default_rng(seed)
    planes = guide(smooth(rng, 32, 48, 0, 100), np.stack([smooth(rng, 32, 48, -60, 60) for _ in range(2)]))
    full = smooth(rng, height, 70, 0, 100)
    whole = upsample(planes, full, 0, height)
    parts = [upsample(planes, full[r : r + step], r, height) for r in range(0, height, step)]
    assert np.abs(np.concatenate(parts) - whole).max() < 0.01


def test_color_of_the_photos_own_size_is_kept():
    """Where nothing is enlarged and nothing needs sharpening, the network's color comes back as it was."""
    rng = np.random.default_rng(0)
    lightness, ab = smooth(rng, 64, 64, 20, 80), np.stack([smooth(rng, 64, 64, -20, 20) for _ in range(2)])
    planes = guide(lightness, ab, sharpen=0)
    assert np.abs(np.moveaxis(upsample(planes, lightness, 0, 64), -1, 0) - ab).max() < 1e-3


def test_color_follows_an_edge_better_than_bilinear():
    """A disc of one color on another, 10 times larger than the network saw it."""
    y, x = np.mgrid[:640, :640]
    inside = ((x - 311) ** 2 + (y - 333) ** 2 < 190**2)[..., None]
    lab = np.where(inside, [70.0, 40.0, -10.0], [35.0, -15.0, 30.0])
    small = lab.reshape(64, 10, 64, 10, 3).mean((1, 3)).astype(np.float32)
    full = lab[..., 0].astype(np.float32)

    def error(**how):
        ab = upsample(guide(small[..., 0], np.moveaxis(small[..., 1:], -1, 0), **how), full, 0, 640)
        return np.abs(ab - lab[..., 1:]).mean()

    assert error() < 0.8 * error(epsilon=np.inf, sharpen=0)


def test_color_is_sharpened_as_the_documents_say():
    """Without a slope, A is 0 and B the color and three quarters of what it differs by from its 3 x 3 mean."""
    rng = np.random.default_rng(4)
    ab = rng.uniform(-60, 60, (2, 12, 9)).astype(np.float32)
    planes = guide(rng.uniform(0, 100, (12, 9)).astype(np.float32), ab, epsilon=np.inf)
    mean = np.stack([uniform_filter(plane, 3, mode="nearest") for plane in ab])
    assert np.abs(planes[:2]).max() == 0
    np.testing.assert_allclose(planes[2:], ab + 0.75 * (ab - mean), atol=1e-4)


def test_composed_picture_is_displayable_and_keeps_the_lightness():
    """Wanted colors far outside the gamut lose chroma, not lightness."""
    rng = np.random.default_rng(1)
    planes = np.zeros((4, 8, 8), np.float32)
    planes[2:] = rng.uniform(-120, 120, (2, 8, 8))
    full = np.linspace(1, 99, 80 * 80, dtype=np.float32).reshape(80, 80)
    picture = compose(full, planes, 0, 80)
    assert picture.shape == (80, 80, 3) and picture.dtype == np.uint8
    assert np.abs(srgb_to_lab(picture / 255)[..., 0] - full).max() < 0.9  # what rounding to bytes costs in the dark


@pytest.mark.parametrize("width", [1, 7, 70000])
def test_table_of_bytes_is_the_srgb_transfer(width):
    rng = np.random.default_rng(2)
    lightness = rng.uniform(0, 100, (2, width)).astype(np.float32)
    planes = np.zeros((4, 1, 1), np.float32)
    expected = lab_to_srgb(np.stack([lightness, 0 * lightness, 0 * lightness], -1).astype(np.float64)) * 255
    assert np.abs(compose(lightness, planes, 0, 2) - expected).max() < 0.53
