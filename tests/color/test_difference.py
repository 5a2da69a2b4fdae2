"""CIEDE2000 against the published test pairs and scikit-image."""

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000

from adacolvit.color.difference import ciede2000

# Sharma, Wu and Dalal 2005, Table 1: L1 a1 b1  L2 a2 b2  difference
PAIRS = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
TABLE = np.array([line.split() for line in PAIRS.strip().splitlines()], float)


def random_lab(seed, count=20000):
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(0, 100, count), *rng.uniform(-110, 110, (2, count))], axis=-1)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["forth", "back"])
def test_published_pairs(order):
    first, second = (TABLE[:, :3], TABLE[:, 3:6])[order]
    assert len(TABLE) == 34
    assert np.abs(ciede2000(first, second) - TABLE[:, 6]).max() < 6e-5  # the table has four decimals


def test_agrees_with_scikit_image():
    first, second = random_lab(0), random_lab(1)
    np.testing.assert_allclose(ciede2000(first, second), deltaE_ciede2000(first, second), atol=1e-9)


def test_torch_agrees_with_numpy():
    first, second = random_lab(2), random_lab(3)
    ours = ciede2000(torch.from_numpy(first), torch.from_numpy(second))
    np.testing.assert_allclose(ours.numpy(), ciede2000(first, second), atol=1e-9)


def test_float32_is_close():
    first, second = random_lab(4), random_lab(5)
    ours = ciede2000(first.astype(np.float32), second.astype(np.float32))
    assert ours.dtype == np.float32
    assert np.abs(ours - ciede2000(first, second)).max() < 0.01


def test_equal_colors_do_not_differ_and_shapes_broadcast():
    colors = random_lab(6, 60).reshape(6, 10, 3)
    assert np.array_equal(ciede2000(colors, colors), np.zeros((6, 10)))
    assert ciede2000(colors, np.array([50.0, 0.0, 0.0])).shape == (6, 10)
