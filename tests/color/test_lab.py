"""Lab <-> sRGB against scikit-image, and against itself: NumPy and torch, float32 and float64."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import lab2rgb, rgb2lab

from adacolvit.color import lab

# Every fifth value of each channel with both ends: 140,608 of the 2^24 colors, the grays and the pure colors included.
LEVELS = np.array(sorted({*range(0, 256, 5), 255}))
SRGB = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij"), axis=-1).reshape(-1, 3) / 255


def test_agrees_with_scikit_image():
    ours = lab.srgb_to_lab(SRGB)
    assert ours.dtype == np.float64
    assert np.abs(ours - rgb2lab(SRGB)).max() < 1e-3
    assert np.abs(lab.lab_to_srgb(ours) - lab2rgb(ours)).max() < 1e-5


def test_all_dark_colors_agree_with_scikit_image():
    """Where both transfer curves bend."""
    levels = np.arange(0, 32)
    dark = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1) / 255
    assert np.abs(lab.srgb_to_lab(dark) - rgb2lab(dark)).max() < 1e-3


def test_float32_is_within_2e_4_of_float64():
    ours = lab.srgb_to_lab(SRGB.astype(np.float32))
    assert ours.dtype == np.float32
    assert np.abs(ours - lab.srgb_to_lab(SRGB)).max() < 2e-4


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_round_trip(dtype, tolerance):
    srgb = SRGB.astype(dtype)
    back = lab.lab_to_srgb(lab.srgb_to_lab(srgb))
    assert back.dtype == dtype
    assert np.abs(back - srgb).max() < tolerance


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_round_trip_gives_the_same_byte(channels):
    back = lab.lab_to_srgb(lab.srgb_to_lab(np.array(channels, np.float32) / 255))
    assert np.round(back * 255).astype(int).tolist() == channels


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 3e-4)], ids=["float64", "float32"]
)
def test_torch_agrees_with_numpy(dtype, tolerance):
    srgb = torch.tensor(SRGB, dtype=dtype)
    ours = lab.srgb_to_lab(srgb)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, torch.from_numpy(lab.srgb_to_lab(srgb.numpy())), atol=tolerance, rtol=0)
    torch.testing.assert_close(lab.lab_to_srgb(ours), srgb, atol=1e-5, rtol=0)


def test_lightness_alone_is_the_first_channel():
    assert np.array_equal(lab.srgb_to_lightness(SRGB), lab.srgb_to_lab(SRGB)[..., 0])
    assert np.array_equal(lab.linear_to_lightness(lab.srgb_to_linear(SRGB)), lab.srgb_to_lab(SRGB)[..., 0])


def test_luminance_round_trip():
    lightness = np.linspace(0, 100, 1001)
    assert lab.lightness_to_luminance(0.0 * lightness).max() == pytest.approx(0, abs=1e-15)
    assert lab.lightness_to_luminance(np.array([100.0]))[0] == pytest.approx(1)
    back = lab.luminance_to_lightness(lab.lightness_to_luminance(lightness))
    assert np.abs(back - lightness).max() < 1e-10


def test_linear_light_shows_what_clipping_hides():
    vivid = np.array([50.0, 0.0, -120.0])
    linear = lab.lab_to_linear(vivid)
    assert linear.min() < -0.01 and linear.max() > 1.01
    clipped = lab.lab_to_srgb(vivid)
    assert clipped.min() == 0 and clipped.max() == 1


def test_gradients_are_finite_at_black_and_white():
    srgb = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], requires_grad=True)
    lab.lab_to_srgb(lab.srgb_to_lab(srgb)).sum().backward()
    assert torch.isfinite(srgb.grad).all()
