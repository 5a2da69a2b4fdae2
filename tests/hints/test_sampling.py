"""Random hints: where they lie, and that their color is exactly the mean under them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from adacolvit.hints.encoder import NO_HINT, encode
from adacolvit.hints.sampling import cell_means, sample_places


@given(st.integers(0, 2**32), st.sampled_from([(224, 224), (64, 112)]), st.sampled_from([(2, 2), (2, 7), (7, 7)]))
def test_cell_means_are_exact(seed, shape, sizes):
    rng = np.random.default_rng(seed)
    counts = [0, 2, 9]
    ab = rng.uniform(-110, 110, (3, *shape, 2))
    rows, columns, side = sample_places(rng, counts, *shape, sizes)
    means = cell_means(ab, rows, columns, side)
    for i, count in enumerate(counts):
        assert np.all(side[i, count:] == NO_HINT) and not means[i, count:].any()
        for k in range(count):
            r, c, n = rows[i, k], columns[i, k], side[i, k]
            assert sizes[0] <= n <= sizes[1] and r + n <= shape[0] and c + n <= shape[1]
            assert means[i, k] == pytest.approx(ab[i, r : r + n, c : c + n].mean((0, 1)), abs=1e-10)


def test_the_network_sees_the_means():
    rng = np.random.default_rng(1)
    ab = rng.uniform(-110, 110, (2, 64, 64, 2)).astype(np.float32)
    rows, columns, side = sample_places(rng, [1, 1], 64, 64, (2, 7))
    means = cell_means(ab, rows, columns, side)
    x = encode(np.zeros((2, 64, 64), np.float32), rows, columns, side, means)
    for i in range(2):
        under = x[i, 3] == 1
        assert under.sum() == side[i, 0] ** 2
        assert x[i, 1:3, under] * 110 == pytest.approx(np.tile(ab[i, under].mean(0), (under.sum(), 1)), abs=1e-3)


def test_torch_gives_the_same_means():
    rng = np.random.default_rng(2)
    ab = rng.uniform(-110, 110, (3, 64, 64, 2)).astype(np.float32)
    places = sample_places(rng, [4, 0, 8], 64, 64, (2, 7))
    ours = cell_means(torch.from_numpy(ab), *(torch.from_numpy(p) for p in places))
    assert ours.numpy() == pytest.approx(cell_means(ab, *places), abs=1e-4)


class Counted(TorchDispatchMode):
    """Counts what a device is told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


def test_many_overlapping_hints_are_shown_at_once_and_the_later_one_wins():
    rng, calls = np.random.default_rng(5), []
    ab = rng.uniform(-110, 110, (3, 32, 32, 2)).astype(np.float32)
    lightness = rng.uniform(0, 100, (3, 32, 32)).astype(np.float32)
    for most in (2, 128):
        places = sample_places(rng, [0, most // 2, most], 32, 32, (2, 7))
        means = cell_means(ab, *places).astype(np.float32)
        with Counted() as counted:
            cell_means(*map(torch.from_numpy, (ab, *places)))
            x = encode(*map(torch.from_numpy, (lightness, *places, means)))
        assert np.array_equal(x.numpy(), encode(lightness, *places, means))
        calls.append(counted.calls)
    assert calls[0] == calls[1] < 100


def test_places_are_without_replacement_and_cover_the_whole_input():
    rng = np.random.default_rng(3)
    rows, columns, _ = sample_places(rng, [32 * 32], 64, 64)
    assert len({*zip(rows[0].tolist(), columns[0].tolist(), strict=True)}) == 32 * 32
    assert set(rows[0]) == set(columns[0]) == set(range(0, 64, 2))


def test_places_are_uniform():
    """Each quarter of the input gets a quarter of the hints: 3 standard deviations of 4,000 draws are 2 %."""
    rng = np.random.default_rng(4)
    rows, columns, _ = sample_places(rng, [10] * 400, 224, 224)
    assert np.mean((rows < 112) & (columns < 112)) == pytest.approx(0.25, abs=0.021)
    assert np.mean((rows >= 112) & (columns < 112)) == pytest.approx(0.25, abs=0.021)


def test_the_same_seed_gives_the_same_places():
    first, second = (sample_places(np.random.default_rng(7), [3, 5], 64, 64, (2, 7)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
