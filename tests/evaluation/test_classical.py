"""Classical baselines against brute force, and on a picture whose solution is known."""

import numpy as np
import pytest

from adacolvit.evaluation.classical import Gray, Nearest
from adacolvit.evaluation.levin import FLAT, LEAK, SHARP, Levin, affinity, elimination_order

NONE = np.zeros(0, np.int64)


def hints(*places, size=2):
    """Hints from (row, column, a, b)."""
    table = np.array(places, np.float64)
    rows, columns = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return rows, columns, np.full(len(places), size), table[:, 2:].astype(np.float32)


def random_problem(height, width, count, seed=0):
    rng = np.random.default_rng(seed)
    lightness = rng.uniform(0, 100, (height, width)).astype(np.float32)
    cells = rng.choice(height // 2 * (width // 2), count, replace=False)
    places = np.stack([cells // (width // 2) * 2, cells % (width // 2) * 2], 1)
    return lightness, hints(*np.concatenate([places, rng.uniform(-80, 80, (count, 2))], 1))


@pytest.mark.parametrize("method", [Gray(), Nearest(), Levin()], ids=lambda m: m.name)
def test_without_hints_a_photo_stays_gray(method):
    lightness = np.full((32, 48), 50, np.float32)
    ab, macs = method.predict(lightness, NONE, NONE, NONE, np.zeros((0, 2), np.float32))
    assert ab.shape == (32, 48, 2) and ab.dtype == np.float32 and not ab.any() and macs is None


@pytest.mark.parametrize("method", [Nearest(), Levin()], ids=lambda m: m.name)
def test_one_hint_colors_everything(method):
    lightness, one = random_problem(32, 48, 1)
    ab, _ = method.predict(lightness, *one)
    assert np.abs(ab - one[3][0]).max() < 1e-3


def test_nearest_is_the_nearest():
    lightness, (rows, columns, sizes, colors) = random_problem(24, 40, 9)
    ab, _ = Nearest().predict(lightness, rows, columns, sizes, colors)
    for y in range(24):
        for x in range(40):
            distances = [np.hypot(y - (r + 0.5), x - (c + 0.5)) for r, c in zip(rows, columns, strict=True)]
            near = [color for color, d in zip(colors, distances, strict=True) if d <= min(distances) + 1e-9]
            assert any((ab[y, x] == color).all() for color in near)


def test_levin_stops_at_a_sharp_edge():
    """Two flat halves, one hint in each: every pixel takes its own half's color."""
    lightness = np.full((64, 96), 20, np.float32)
    bright = np.arange(96) >= (40 + np.arange(64) // 8)[:, None]  # the edge is a staircase
    lightness[bright] = 80
    left, right = (30.0, -50.0), (-20.0, 60.0)
    ab, _ = Levin().predict(lightness, *hints((10, 4, *left), (50, 90, *right)))
    assert np.abs(ab - np.where(bright[..., None], right, left)).max() < 0.05


def test_levin_gives_an_island_without_hints_the_color_around_it():
    lightness = np.full((48, 48), 20, np.float32)
    lightness[10:30, 10:30] = 90
    ab, _ = Levin().predict(lightness, *hints((40, 40, 30.0, -50.0)))
    assert np.abs(ab - (30, -50)).max() < 0.01


def test_levin_blends_evenly_over_a_flat_photo():
    lightness = np.full((16, 96), 50, np.float32)
    column = [(r, 0, 0.0, 80.0) for r in range(0, 16, 2)] + [(r, 94, 40.0, -40.0) for r in range(0, 16, 2)]
    ab, _ = Levin().predict(lightness, *hints(*column))
    share = np.clip((np.arange(96) - 1) / 93, 0, 1)[:, None]  # from the last hinted column to the first one
    assert np.abs(ab - (np.array([0, 80]) * (1 - share) + np.array([40, -40]) * share)).max() < 1e-3


def test_levin_solves_its_system():
    """Against a dense solution of the equations, written pixel by pixel."""
    lightness, (rows, columns, sizes, colors) = random_problem(16, 22, 4)
    gray = lightness.astype(np.float64) / 100
    color, system = np.zeros((16, 22, 2)), np.zeros((16 * 22, 16 * 22))
    hinted = np.zeros((16, 22), bool)
    for r, c, value in zip(rows, columns, colors, strict=True):
        color[r : r + 2, c : c + 2], hinted[r : r + 2, c : c + 2] = value, True
    for r in range(16):
        for c in range(22):
            window = [(y, x) for y in range(r - 1, r + 2) for x in range(c - 1, c + 2) if 0 <= y < 16 and 0 <= x < 22]
            variance = max(SHARP * np.var([gray[p] for p in window]), FLAT)
            system[r * 22 + c, r * 22 + c] = 1
            if not hinted[r, c]:
                window.remove((r, c))
                weights = np.array([max(np.exp(-((gray[r, c] - gray[p]) ** 2) / (2 * variance)), LEAK) for p in window])
                for (y, x), weight in zip(window, weights / weights.sum(), strict=True):
                    system[r * 22 + c, y * 22 + x] = -weight
    expected = np.linalg.solve(system, color.reshape(-1, 2)).reshape(16, 22, 2)
    levin = Levin()
    levin.predict(np.full((32, 32), 9, np.float32), *hints((4, 4, 9, 9)))  # another photo before must not matter
    ab, _ = levin.predict(lightness, rows, columns, sizes, colors)
    assert np.abs(ab - expected).max() < 1e-3
    assert (ab[hinted] == color[hinted].astype(np.float32)).all(), "hints are kept exactly"


def test_weights_are_those_of_a_mean():
    weights = affinity(random_problem(12, 18, 1)[0] / 100)
    assert weights.sum(axis=1) == pytest.approx(np.ones(12 * 18))
    assert weights.min() >= 0 and not weights.diagonal().any()
    assert sorted(set(np.diff(weights.indptr))) == [3, 5, 8], "corners, borders, the rest"


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 1), (17, 40), (64, 64)])
def test_the_elimination_order_names_every_pixel_once(height, width):
    assert sorted(elimination_order(height, width)) == list(range(height * width))
