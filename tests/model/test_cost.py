"""The published sums, and an independent counter."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from adacolvit.model.config import VARIANTS, ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT

PATCHES = 196  # of 224 x 224


@pytest.mark.parametrize(
    ("name", "gmacs"),
    [
        ("dense-tiny", 1.429),
        ("dense-small", 4.940),
        ("dense-base", 18.20),
        ("dense-tiny-d6", 0.821),
        ("dense-tiny-d24", 2.647),
        ("dense-small-d6", 2.682),
        ("dense-small-d24", 9.456),
    ],
)
def test_dense_sums_are_the_published_ones(name, gmacs):
    assert cost(VARIANTS[name], PATCHES) / 1e9 == pytest.approx(gmacs, rel=5e-4)


@pytest.mark.parametrize(("name", "gmacs"), [("tiny", 0.828), ("tiny-g4", 0.523), ("tiny-g8", 0.371)])
def test_floor_with_no_patch_informative(name, gmacs):
    kept = np.zeros((12, 2), int)
    assert cost(VARIANTS[name], PATCHES, kept=kept) / 1e9 == pytest.approx(gmacs, abs=5e-4)


SLIM = (((4, 12, 100), (1, 16, 0)), ((16, 3, 128), (0, 0, 40)), ((1, 1, 1), (16, 16, 128)))


@pytest.mark.parametrize(("groups", "rank", "slim"), [(1, 0, ()), (2, 0, ()), (4, 0, ()), (2, 24, ()), (2, 0, SLIM)])
def test_agrees_with_a_counter_of_executed_products(groups, rank, slim):
    """torch counts what really ran; it has no custom kernel to miss here, since attention is written out."""
    config = ModelConfig(64, 3, 2, groups=groups, adaptive=groups > 1, head_rank=rank, slim=slim)
    network = ColorizationViT(config).eval()
    rng = np.random.default_rng(groups)
    layers = torch.from_numpy(rng.integers(0, 2, (1, 3, 2)).astype(np.float32))
    patches = torch.from_numpy(rng.integers(0, 2, (1, 3, 2, 12)).astype(np.float32))
    forced = Decisions(layers, patches)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = network(torch.zeros(1, 4, 48, 64), "gathered", forced=forced)
    counted = counter.get_total_flops() / 2
    if config.adaptive:
        expected = cost(config, 12, out["decisions"].layers[0], out["decisions"].kept_patches()[0])
        # Forced decisions are not computed: take the decision networks' share out again.
        expected -= 64 * (2 * 3 + int(layers.sum()) * 12)
    else:
        expected = cost(config, 12)
    assert counted == expected


def test_a_skipped_layer_costs_nothing():
    config = VARIANTS["tiny"]
    none = cost(config, PATCHES, layers=np.zeros((12, 2), bool))
    assert none == PATCHES * (1024 * 192 + 9 * 192 * 512) + 192 * 2 * 12


def test_a_head_of_few_pictures_costs_a_fraction():
    whole, few = (cost(ModelConfig(head_rank=rank), PATCHES) for rank in (0, 64))
    assert whole - few == PATCHES * (9 * 192 * 512 - 64 * (9 * 192 + 512))
