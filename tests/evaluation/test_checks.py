"""Checks on colors made to have, or not to have, the fault that each one looks for."""

import math

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000

from adacolvit.evaluation.checks import chroma, hint_error, seam

RNG = np.random.default_rng(5)


def test_noise_has_no_seams():
    assert seam(RNG.normal(0, 20, (224, 160, 2))) == pytest.approx(1, abs=0.05)


def test_patches_of_different_color_show_as_seams():
    smooth = np.stack(np.meshgrid(np.linspace(0, 40, 96), np.linspace(-30, 30, 64)), -1)
    patches = RNG.normal(0, 10, (4, 6, 2)).repeat(16, 0).repeat(16, 1)
    assert seam(smooth) == pytest.approx(1, abs=1e-6)
    assert seam(smooth + patches) > 5
    shifted = np.roll(smooth + patches, 8, (0, 1))  # the same steps, away from the borders
    assert seam(shifted) < 1


def test_a_flat_color_has_no_defined_seam():
    assert math.isnan(seam(np.full((32, 32, 2), 7.0)))


def test_chroma():
    assert chroma(np.broadcast_to([3.0, -4.0], (20, 30, 2))) == pytest.approx(5)
    assert chroma(np.zeros((4, 4, 2))) == 0


def test_hint_error_is_the_median_difference_under_the_hints():
    lab = RNG.uniform((0, -60, -60), (100, 60, 60), (48, 48, 3))
    rows, columns, sizes = np.array([0, 20, 46]), np.array([46, 20, 0]), np.array([2, 2, 2])
    cells = np.stack([lab[r : r + 2, c : c + 2].mean((0, 1)) for r, c in zip(rows, columns, strict=True)])
    assert hint_error(lab, rows, columns, sizes, cells[:, 1:]) == pytest.approx(0, abs=1e-9)
    asked = cells[:, 1:] + RNG.normal(0, 20, (3, 2))
    expected = np.median(deltaE_ciede2000(cells, np.concatenate([cells[:, :1], asked], 1)))
    assert expected > 1
    assert hint_error(lab, rows, columns, sizes, asked) == pytest.approx(expected)
    assert math.isnan(hint_error(lab, rows[:0], columns[:0], sizes[:0], asked[:0]))
