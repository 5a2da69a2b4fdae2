"""The color loss, and its share that looks at each photo's own error."""

import math

import numpy as np
import pytest
import torch

from adacolvit.training.loss import LOG_FLOOR, LOG_SCALE, color_loss


@pytest.fixture
def pictures():
    """Predicted and true a/110, b/110 of four photos, the first a hundred times nearer to its truth than the last."""
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(4, 2, 16, 16)) * np.array([0.01, 0.05, 0.2, 1.0]).reshape(4, 1, 1, 1)
    target = torch.from_numpy(rng.uniform(-0.5, 0.5, errors.shape))
    return target + torch.from_numpy(errors), target


def test_huber_is_nearly_the_mean_of_absolute_errors(pictures):
    ab, target = pictures
    assert color_loss(ab, target).item() == pytest.approx(0.01 * (ab - target).abs().mean().item(), rel=0.1)


def test_each_photo_counts_by_its_logarithm(pictures):
    ab, target = pictures
    errors = [np.mean((a - t).numpy() ** 2) for a, t in zip(ab, target, strict=True)]
    wanted = LOG_SCALE * np.mean([math.log(error + LOG_FLOOR) for error in errors])
    assert color_loss(ab, target, log=1.0).item() == pytest.approx(wanted)
    halved = target + (ab - target) / torch.tensor([1.0, 1, 2, 1]).view(4, 1, 1, 1)
    gain = color_loss(ab, target, log=1.0) - color_loss(halved, target, log=1.0)
    assert gain.item() == pytest.approx(LOG_SCALE * math.log(4) / 4, rel=0.01)  # whatever its error was


def test_a_share_mixes_the_two(pictures):
    huber, log, mixed = (color_loss(*pictures, log=share).item() for share in (0.0, 1.0, 0.25))
    assert mixed == pytest.approx(0.75 * huber + 0.25 * log)


def test_a_perfect_photo_has_a_finite_gradient():
    ab = torch.zeros(1, 2, 16, 16, requires_grad=True)
    color_loss(ab, torch.zeros(1, 2, 16, 16), log=1.0).backward()
    assert ab.grad.abs().max() == 0
