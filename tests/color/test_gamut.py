"""The gamut: what fit and nearest promise, by brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adacolvit.color.gamut import STEPS, fit, in_gamut, nearest, outline
from adacolvit.color.lab import lab_to_linear, srgb_to_lab

lightnesses = st.floats(0, 100)
opponents = st.floats(-128, 128)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_every_srgb_color_is_inside(rgb):
    assert in_gamut(srgb_to_lab(np.array(rgb)))
    assert in_gamut(srgb_to_lab(np.array(rgb, np.float32)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_grays_are_inside(dtype):
    grays = np.zeros((1001, 3), dtype)
    grays[:, 0] = np.linspace(0, 100, 1001)
    assert in_gamut(grays).all()


def test_known_colors_outside():
    assert not in_gamut(np.array([[50.0, 100.0, 0.0], [50.0, 0.0, -120.0], [99.0, 0.0, 60.0], [1.0, 20.0, 0.0]])).any()


@given(lightnesses, opponents, opponents)
def test_fit_keeps_lightness_and_hue_and_loses_little_chroma(lightness, a, b):
    wanted = np.array([lightness, a, b])
    fitted = fit(wanted)
    assert in_gamut(fitted)
    if in_gamut(wanted):
        assert np.array_equal(fitted, wanted)
        return
    assert fitted[0] == lightness
    t = np.hypot(*fitted[1:]) / np.hypot(a, b)
    assert 0 <= t < 1
    assert fitted[1:] == pytest.approx(t * wanted[1:], abs=1e-9)
    # One step further out is not displayable: no more chroma was given away than the halvings cost.
    assert not in_gamut(np.array([lightness, *(t + 0.5**STEPS) * wanted[1:]]))


def test_fit_changes_only_what_is_outside():
    rng = np.random.default_rng(1)
    lab = np.stack([rng.uniform(0, 100, (40, 30)), *rng.uniform(-60, 60, (2, 40, 30))], axis=-1).astype(np.float32)
    before = lab.copy()
    fitted = fit(lab)
    inside = in_gamut(lab)
    assert 0 < inside.sum() < inside.size
    assert fitted.dtype == np.float32
    assert np.array_equal(fitted[inside], lab[inside])
    assert in_gamut(fitted).all()
    assert np.array_equal(lab, before)


def test_torch_agrees_with_numpy():
    rng = np.random.default_rng(2)
    lab = np.stack([rng.uniform(0, 100, 5000), *rng.uniform(-110, 110, (2, 5000))], axis=-1)
    assert np.array_equal(in_gamut(torch.from_numpy(lab)).numpy(), in_gamut(lab))
    np.testing.assert_allclose(fit(torch.from_numpy(lab)).numpy(), fit(lab), atol=1e-9)


@pytest.mark.parametrize("lightness", [3.0, 30.0, 55.0, 90.0, 99.5])
def test_nearest_is_nearest_by_brute_force(lightness):
    a, b = np.meshgrid(np.arange(-110, 110.1, 0.5), np.arange(-110, 110.1, 0.5))
    mask = in_gamut(np.stack([np.full_like(a, lightness), a, b], axis=-1))
    displayable = np.stack([a[mask], b[mask]], axis=-1)
    rng = np.random.default_rng(3)
    for wanted in rng.uniform(-110, 110, (40, 2)):
        found = nearest(lightness, wanted)
        assert in_gamut(np.array([lightness, *found]))
        closest = np.hypot(*(displayable - wanted).T).min()
        assert np.hypot(*(np.array(found) - wanted)) <= closest + 0.1


def test_nearest_leaves_a_displayable_color_alone():
    assert nearest(50.0, (12.5, -7.25)) == (12.5, -7.25)
    assert type(nearest(50.0, (100, 0))[0]) is float


@pytest.mark.parametrize("lightness", [0.0, 100.0])
def test_black_and_white_have_no_chroma(lightness):
    assert np.hypot(*outline(lightness).T).max() < 2  # what the tolerance lets through
    assert np.hypot(*nearest(lightness, (80.0, 80.0))) < 2


def test_outline_is_the_border():
    border = outline(60.0)
    lab = np.concatenate([np.full((len(border), 1), 60.0), border], axis=1)
    assert in_gamut(lab).all()
    assert not in_gamut(lab * [1, 1.001, 1.001]).any()


def test_in_gamut_is_what_srgb_can_show():
    a, b = np.meshgrid(np.linspace(-100, 100, 41), np.linspace(-100, 100, 41))
    lab = np.stack([np.full_like(a, 70.0), a, b], axis=-1)
    mask, linear = in_gamut(lab), lab_to_linear(lab)
    assert mask.shape == a.shape
    assert np.array_equal(mask, (linear.min(-1) >= -1e-4) & (linear.max(-1) <= 1 + 1e-4))
    assert mask[20, 20] and not mask[0, 0]
