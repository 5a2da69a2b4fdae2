"""Frames: which grid a photo gets."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adacolvit.hints.frame import PATCH, Frame, fit_frame, square_frame


@given(st.integers(1, 30000), st.integers(1, 30000))
def test_the_fitted_grid_keeps_budget_and_aspect(width, height):
    frame = fit_frame(width, height)
    rows, columns = frame.grid
    assert (frame.width, frame.height) == (columns * PATCH, rows * PATCH)
    assert 140 <= rows * columns <= 196 * 1.03
    aspect = min(max(width / height, 1 / 8), 8)
    assert abs(math.log(columns / rows / aspect)) < 0.12


@pytest.mark.parametrize(
    ("width", "height", "grid"), [(1000, 1000, (14, 14)), (1, 1, (14, 14)), (20000, 50, (5, 40)), (50, 20000, (40, 5))]
)
def test_known_grids(width, height, grid):
    assert fit_frame(width, height).grid == grid


def test_a_turned_photo_gets_the_turned_grid():
    for width, height in ((3000, 2000), (4032, 3024), (1920, 1080), (1234, 567)):
        assert fit_frame(height, width).grid == fit_frame(width, height).grid[::-1]


def test_places_outside_the_photo_are_held_at_its_border():
    frame = Frame(100, 50, 224, 112)
    assert frame.to_network(-5, -5) == (0, 0)
    assert frame.to_network(1000, 1000) == (223, 111)
    assert frame.to_network(0, 0) == (1, 1)
    assert frame.to_network(0.99, 0.99) == (1, 1)


def test_the_square_frame_is_the_papers():
    assert square_frame(4000, 3000) == Frame(4000, 3000, 224, 224)
    assert square_frame(4000, 3000).grid == (14, 14)
