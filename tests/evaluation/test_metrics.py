"""Metrics against scikit-image's."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from adacolvit.evaluation.metrics import mean_difference, psnr, ssim


@pytest.fixture(params=[(224, 224), (48, 30)])
def pictures(request):
    rng = np.random.default_rng(3)
    truth = rng.random((*request.param, 3))
    return np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1), truth


def test_psnr(pictures):
    assert psnr(*pictures) == pytest.approx(peak_signal_noise_ratio(pictures[1], pictures[0], data_range=1), abs=1e-9)


def test_psnr_is_capped_at_50_db(pictures):
    truth = pictures[1]
    assert psnr(truth, truth) == 50
    assert psnr(truth + 0.00316, truth) == 50  # a mean squared error just below 1e-5
    assert psnr(truth + 0.00317, truth) < 50


def test_ssim(pictures):
    rgb, truth = pictures
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    assert ssim(rgb, truth) == pytest.approx(structural_similarity(rgb, truth, channel_axis=2, **options), abs=1e-9)
    assert ssim(rgb.astype(np.float32), truth) == pytest.approx(ssim(rgb, truth), abs=1e-6)


def test_mean_difference():
    rng = np.random.default_rng(4)
    lab, truth = (rng.uniform((0, -90, -90), (100, 90, 90), (40, 30, 3)) for _ in range(2))
    assert mean_difference(lab, truth) == pytest.approx(deltaE_ciede2000(lab, truth).mean(), rel=1e-9)
