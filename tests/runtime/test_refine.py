"""After the network: no patch borders, edges kept, hints obeyed."""

import numpy as np
import pytest

from adacolvit.evaluation.checks import seam
from adacolvit.runtime.refine import PASSES, obey, refine, smooth


@pytest.fixture
def halves():
    """Two halves of different lightness with noise, (96, 96) L."""
    lightness = np.where(np.arange(96) < 50, 30.0, 75.0)[None].repeat(96, 0)
    return (lightness + np.random.default_rng(0).normal(0, 0.5, (96, 96))).astype(np.float32)


def hints(*places, size=2):
    rows, columns = (np.array([place[i] for place in places], np.int64) for i in (0, 1))
    return (
        rows,
        columns,
        np.full(len(places), size),
        np.array([place[2] for place in places], np.float32).reshape(-1, 2),
    )


def test_patch_borders_on_even_ground_are_smoothed_away():
    blocks = np.random.default_rng(1).normal(0, 20, (2, 6, 6)).astype(np.float32).repeat(16, 1).repeat(16, 2)
    blocks += np.random.default_rng(2).normal(0, 0.5, blocks.shape).astype(np.float32)
    even = np.full((96, 96), 50, np.float32)
    before, after = (seam(ab.transpose(1, 2, 0)) for ab in (blocks, smooth(even, blocks)))
    assert before > 10
    assert after < 1.6


def test_inside_patches_the_color_is_the_networks_own():
    """Detail finer than the filter's blocks: whole in the middle of a patch, none at its border."""
    even, detail = np.full((96, 96), 50, np.float32), np.indices((96, 96)).sum(0) % 2 * 20 - 10
    kept = smooth(even, np.stack([detail, -detail]).astype(np.float32)) / np.stack([detail, -detail])
    middle, border = kept[:, 7::16, 8::16], kept[:, 15::16, 5::16]
    assert middle.min() > 0.98 and middle.max() < 1.001
    assert np.abs(border).max() < 0.01


def test_an_edge_in_lightness_stays_an_edge_in_color(halves):
    ab = np.stack([np.where(halves < 50, 40.0, -30.0), np.where(halves < 50, -10.0, 20.0)]).astype(np.float32)
    assert np.abs(smooth(halves, ab) - ab).mean() < 1.0


def test_constant_color_is_left_alone(halves):
    ab = np.full((2, 96, 96), 12.5, np.float32)
    assert np.abs(smooth(halves, ab) - ab).max() < 1e-3
    assert np.array_equal(obey(halves, ab, *hints()), ab)


def test_a_hint_gets_what_it_asks_and_keeps_to_its_side(halves):
    ab = np.zeros((2, 96, 96), np.float32)
    out = obey(halves, ab, *hints((40, 20, (50, -20))))
    missed = np.prod([shrink / (1 + shrink) for *_, shrink in PASSES])  # by each pass, of what the one before it missed
    assert missed < 0.01
    assert np.allclose(out[:, 40:42, 20:22].mean((1, 2)), np.array([50, -20]) * (1 - missed), rtol=0.01)
    assert np.abs(out[0, 40, 60:]).max() < 2  # across the edge
    assert out[0, 50, 20] > 20  # on its own side
    assert np.all(np.diff(out[0, 41, 22:45]) < 3)  # nothing but fading


def test_one_hint_spreads_by_the_formula():
    """Each pass of a lone hint: ab + w r / (w + shrink), w falling with distance in place and in lightness."""
    asked, place, size = np.array([12.0, -6.0]), (30, 40), 2
    lightness = np.linspace(20, 80, 96, dtype=np.float32)[None].repeat(64, 0)  # from left to right
    out = obey(lightness, np.zeros((2, 64, 96), np.float32), *hints((*place, asked), size=size))
    y, x = np.mgrid[:64, :96]
    apart = (y - place[0] - 0.5) ** 2 + (x - place[1] - 0.5) ** 2
    unlike = (lightness - lightness[0, place[1] : place[1] + size].mean()) ** 2
    expected = np.zeros((64, 96))
    for reach, likeness, shrink in ((0.18, 12, 0.4), (0.06, 7, 0.4), (0.02, 7, 0.1)):
        lacking = 1 - expected[place[0] : place[0] + size, place[1] : place[1] + size].mean()  # of what is asked
        narrowed = 1 + (asked @ asked) * lacking**2 / 30**2
        weight = np.exp(-apart * narrowed / (2 * reach**2 * 64 * 96) - unlike / (2 * likeness**2))
        expected += lacking * weight / (weight + shrink)
    np.testing.assert_allclose(out, asked[:, None, None] * expected, atol=1e-3)


def test_a_large_correction_reaches_less_far():
    even, gray = np.full((96, 96), 50, np.float32), np.zeros((2, 96, 96), np.float32)
    small, large = (obey(even, gray, *hints((47, 47, (asked, 0))))[0, 48] / asked for asked in (5, 80))
    assert np.allclose(small[47:49], large[47:49], atol=0.01)  # where it was asked, both get it
    assert small[70] > 0.5 > 0.2 > large[70] > 0


def test_of_two_hints_at_one_place_the_last_counts(halves):
    ab = np.zeros((2, 96, 96), np.float32)
    both = obey(halves, ab, *hints((40, 20, (50, 0)), (40, 20, (0, 50))))
    assert np.array_equal(both, obey(halves, ab, *hints((40, 20, (0, 50)))))


@pytest.mark.parametrize("shape", [(16, 16), (16, 160), (224, 224)])
def test_any_shape_and_hints_at_the_border(shape):
    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, shape).astype(np.float32)
    ab = rng.normal(0, 30, (2, *shape)).astype(np.float32)
    corners = hints((0, 0, (10, 10)), (shape[0] - 7, shape[1] - 7, (5, 5)), size=7)
    out = refine(lightness, ab, *corners)
    assert out.shape == ab.shape and out.dtype == np.float32 and np.isfinite(out).all()
