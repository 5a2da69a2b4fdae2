"""Changed photos: what moves, what stays, and the same in NumPy and torch."""

import numpy as np
import pytest
import torch

from adacolvit.hints.encoder import decode_ab, denormalize_lightness
from adacolvit.hints.frame import square_frame
from adacolvit.hints.sampling import cell_means
from adacolvit.training.augment import WINDOW, curved, faded, mixed, recolored, windows
from adacolvit.training.data import make_batch
from adacolvit.training.recipe import Stage
from adacolvit.training.resident import ResidentPhotos


@pytest.fixture(params=["by the processor", "on the device"])
def batch(request, cache):
    """stage -> a batch of the same six crops, whatever the stage changes about them."""
    frame, chosen = square_frame(1, 1, 48), np.arange(6)
    if request.param == "on the device":
        resident = ResidentPhotos(cache, torch.device("cpu"))
        return lambda stage: resident.batch(stage, frame, chosen, 5)
    return lambda stage: make_batch(cache, stage, frame, chosen, np.random.default_rng(5))


def lab_of(batch) -> torch.Tensor:
    """Lightness and true colors of a batch, (B, H, W, 3)."""
    return torch.cat([denormalize_lightness(batch.x[:, :1]), decode_ab(batch.target)], 1).permute(0, 2, 3, 1)


def test_jitter_turns_and_scales_each_photos_colors_and_leaves_its_lightness(cache):
    plain, moved = (
        make_batch(cache, Stage(samples=1, jitter=j, max_hints=0), square_frame(9, 9, 32), np.arange(4), random)
        for j, random in ((0.0, np.random.default_rng(0)), (0.3, np.random.default_rng(0)))
    )
    assert moved.x[:, 0].equal(plain.x[:, 0])
    before, after = (batch.target.permute(0, 2, 3, 1).numpy() @ np.array([1, 1j]) for batch in (plain, moved))
    ratio = np.log(after / before).reshape(4, -1)  # of each photo one complex number
    assert np.abs(ratio - ratio[:, :1]).max() < 1e-4
    assert np.unique(ratio[:, 0].round(3)).size == 4
    assert 0.02 < np.abs(ratio[:, 0].real).max() < 1 and 0.02 < np.abs(ratio[:, 0].imag).max() < 1


def test_recolored_is_the_same_in_numpy_and_torch():
    rng = np.random.default_rng(0)
    ab, by = (rng.normal(0, 1, shape).astype(np.float32) for shape in ((3, 4, 5, 2), (2, 3)))
    found = recolored(ab, by)
    assert np.allclose(found[1, 2, 3] @ [1, 1j], ab[1, 2, 3] @ [1, 1j] * np.exp(by[:, 1] @ [1, 1j]), atol=1e-5)
    assert np.allclose(recolored(*map(torch.from_numpy, (ab, by))).numpy(), found, atol=1e-5)


def test_jitter_moves_the_colors_that_hints_show_and_not_the_lightness(cache):
    photos = ResidentPhotos(cache, torch.device("cpu"))
    frame, chosen = square_frame(1, 1, 32), np.array([3, 0, 1, 2])
    plain, moved = (photos.batch(Stage(samples=1, max_hints=16, jitter=j), frame, chosen, 5) for j in (0.0, 0.3))
    assert moved.target.shape == plain.target.shape
    chroma = [decode_ab(batch.target).square().sum(1).sqrt().flatten(1).mean(1) for batch in (plain, moved)]
    assert (chroma[1] / chroma[0]).log().std() > 0.02
    lab = lab_of(moved)
    rows, columns, sizes, colors = moved.hints
    torch.testing.assert_close(colors, cell_means(lab[..., 1:], rows, columns, sizes), atol=1e-3, rtol=0)


def test_some_photos_fade_by_a_factor_of_their_own_and_keep_lightness_and_hue(batch):
    plain, half, every = (lab_of(batch(Stage(samples=1, fade=f, max_hints=0))) for f in (0.0, 0.5, 1.0))
    factors = []
    for before, some, after in zip(plain, half, every, strict=True):
        assert some[..., 0].equal(before[..., 0]) and after[..., 0].equal(before[..., 0])
        factor = float((after[..., 1:] * before[..., 1:]).sum() / before[..., 1:].square().sum())
        torch.testing.assert_close(after[..., 1:], factor * before[..., 1:], atol=1e-3, rtol=0)
        assert some.equal(before) or some.equal(after)
        factors.append(factor)
    assert len({round(f, 3) for f in factors}) == len(factors)
    assert 0 <= min(factors) < 0.5 < max(factors) < 1
    assert not half.equal(plain) and not half.equal(every)


def test_faded_is_the_same_in_numpy_and_torch():
    rng = np.random.default_rng(0)
    ab, draws = rng.normal(0, 1, (3, 4, 5, 2)).astype(np.float32), np.array([[0.1, 0.9, 0.3], [0.2, 0.2, 0.7]])
    found = faded(ab, draws, 0.4)
    assert np.allclose(found, ab * np.array([0.2, 1, 0.7])[:, None, None, None])
    assert np.allclose(faded(torch.from_numpy(ab), torch.from_numpy(draws), 0.4).numpy(), found)


def test_a_curve_bends_each_photos_lightness_and_leaves_its_colors(batch):
    plain, bent = (lab_of(batch(Stage(samples=1, curve=c, max_hints=0))) for c in (0.0, 0.3))
    assert bent[..., 1:].equal(plain[..., 1:])
    gammas = []
    for before, after in zip(plain[..., 0] / 100, bent[..., 0] / 100, strict=True):
        clear = (before > 0.02) & (before < 0.98)
        gamma = after[clear].log() / before[clear].log()
        torch.testing.assert_close(gamma, gamma[:1].expand_as(gamma), atol=0.01, rtol=0)
        gammas.append(round(float(gamma[0]), 3))
    assert len(set(gammas)) == len(gammas) and 0.05 < np.abs(np.log(gammas)).max() < 1.5


def test_a_window_shows_the_next_photo_and_hints_are_of_what_is_seen(batch):
    plain, both = (batch(Stage(samples=1, mix=m, max_hints=40)) for m in (0.0, 1.0))
    alone, seen = lab_of(plain), lab_of(both)
    other = alone.roll(-1, 0)
    from_own, from_other = ((seen - lab).abs().amax(-1) < 1e-4 for lab in (alone, other))
    assert (from_own | from_other).all()
    shares = (from_other & ~from_own).flatten(1).float().mean(1)
    assert (shares > 0.05).all() and (shares <= WINDOW[1] ** 2 + 0.05).all()
    rows, columns, sizes, colors = both.hints
    torch.testing.assert_close(colors.float(), cell_means(seen[..., 1:], rows, columns, sizes), atol=1e-3, rtol=0)


def test_as_many_photos_have_a_window_as_the_share_says():
    draws = np.random.default_rng(0).random((5, 4000))
    top, left, bottom, right = windows(draws, 0.3, 60, 90)
    assert (top >= 0).all() and (left >= 0).all() and (bottom <= 60).all() and (right <= 90).all()
    there = (bottom > top) & (right > left)
    assert 0.27 < there.mean() < 0.33
    for sides in ((bottom - top)[there] / 60, (right - left)[there] / 90):
        assert WINDOW[0] - 1e-9 <= sides.min() < 0.32 and 0.78 < sides.max() <= WINDOW[1] + 1e-9


def test_a_curve_leaves_black_and_white_and_keeps_the_order():
    lightness = np.linspace(0, 100, 11)[None, None].repeat(3, 0)
    bent = curved(lightness, np.array([-0.5, 0.0, 0.5]))
    assert np.allclose(bent[:, 0, [0, -1]], [0, 100]) and (np.diff(bent) > 0).all()
    assert np.allclose(bent[1], lightness[1]) and (bent[0, 0, 1:-1] > bent[1, 0, 1:-1]).all()
    assert (bent[2, 0, 1:-1] < bent[1, 0, 1:-1]).all()


def test_numpy_and_torch_agree():
    rng = np.random.default_rng(1)
    lab = rng.uniform(-1, 1, (3, 8, 12, 3)) * [0, 50, 50] + rng.uniform(0, 100, (3, 8, 12, 3)) * [1, 0, 0]
    by, draws = rng.normal(0, 0.3, (2, 3)), rng.random((5, 3))
    for function, values in (
        (recolored, (lab[..., 1:], by)),
        (curved, (lab[..., 0], by[0])),
        (mixed, (lab, windows(draws, 0.7, 8, 12))),
    ):
        assert np.allclose(function(*map(torch.from_numpy, values)).numpy(), function(*values))
    assert np.allclose(windows(torch.from_numpy(draws), 0.7, 8, 12).numpy(), windows(draws, 0.7, 8, 12))
