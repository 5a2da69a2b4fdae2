"""Agreement: the torch-free engine against the torch network's gathered mode, weights and decisions at random."""

import numpy as np
import pytest
import torch

from adacolvit.errors import EngineError, WeightsError
from adacolvit.hints.encoder import AB_SCALE
from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.runtime.engine import Engine
from adacolvit.weights import Weights, load_weights

from ..conftest import random_network

CONFIGS = {
    "g2": ModelConfig(width=64, depth=4, heads=2, groups=2),
    "g4": ModelConfig(width=64, depth=4, heads=2, groups=4),
    "g8": ModelConfig(width=64, depth=3, heads=1, groups=8),
    "linear head": ModelConfig(width=48, depth=3, heads=3, groups=2, head_kernel=1),
    "few pictures": ModelConfig(width=64, depth=3, heads=2, groups=2, head_rank=20),
    "linear head, few pictures": ModelConfig(width=48, depth=3, heads=3, groups=2, head_kernel=1, head_rank=3),
    "slim": ModelConfig(width=64, depth=2, heads=2, slim=(((4, 16, 30), (12, 8, 0)), ((16, 5, 128), (0, 0, 17)))),
    "dense": ModelConfig(width=64, depth=3, heads=2, groups=1, adaptive=False),
    "tiny": ModelConfig(),
}
GRIDS = {
    "g2": [(14, 14), (5, 39), (11, 17), (1, 6), (3, 1)],
    "few pictures": [(14, 14), (1, 6)],
    "tiny": [(14, 14), (12, 16)],
}


def weights(net: ColorizationViT) -> Weights:
    tensors = {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}
    return Weights("random", net.config, tensors, "0" * 64)


def picture(rows: int, columns: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-0.5, 0.5, (4, 16 * rows, 16 * columns)).astype(np.float32)
    x[3] = rng.random(x[3].shape) < 0.01
    x[1:3] *= x[3]
    return x


def compare(net: ColorizationViT, engine: Engine, x: np.ndarray):
    with torch.no_grad():
        expected = net(torch.from_numpy(x)[None], mode="gathered")
    ab, decisions = engine.run(x)
    reference = expected["ab"][0].numpy()
    difference = np.abs(ab / AB_SCALE - reference)
    assert ab.dtype == np.float32 and ab.shape == (2, *x.shape[1:])
    assert difference.max() < 1e-4
    assert reference.std() > 0.01  # a constant would agree too easily
    if expected["decisions"] is not None:
        assert np.array_equal(decisions.layers, expected["decisions"].layers[0].numpy() > 0)
        assert np.array_equal(decisions.patches, expected["decisions"].patches[0].numpy() > 0)
    return decisions


@pytest.mark.parametrize("name", CONFIGS)
def test_engine_agrees_with_torch(name):
    seen_layers, seen_ratio = set(), []
    for seed in range(1 if name == "tiny" else 3):
        net = random_network(CONFIGS[name], seed)
        engine = Engine(weights(net))
        for rows, columns in GRIDS.get(name, [(14, 14), (4, 7)]):
            decisions = compare(net, engine, picture(rows, columns, seed + rows))
            seen_layers |= set(decisions.layers.ravel().tolist())
            seen_ratio.append(decisions.patches[decisions.layers].mean() if decisions.layers.any() else 1)
    if CONFIGS[name].adaptive:
        assert seen_layers == {True, False}  # the test saw layers that ran and layers that were skipped
        assert 0.05 < np.mean(seen_ratio) < 0.95  # and patches of both kinds
    else:
        assert decisions.layers.all() and decisions.patches.all()


@pytest.mark.parametrize(
    ("layer_bias", "patch_bias", "layers", "patches"),
    [(99, -99, True, False), (99, 99, True, True), (-99, 99, False, False)],
    ids=["none kept", "all kept", "all skipped"],
)
def test_extreme_decisions(layer_bias, patch_bias, layers, patches):
    net = random_network(CONFIGS["g2"], 7, layer_bias, patch_bias)
    decisions = compare(net, Engine(weights(net)), picture(6, 9, 7))
    assert (decisions.layers == layers).all() and (decisions.patches == patches).all()


def test_threads_do_not_change_the_picture():
    net = random_network(CONFIGS["g2"], 3)
    x = picture(8, 8, 3)
    one, two = (Engine(weights(net), threads=n).run(x)[0] for n in (None, 2))
    assert np.abs(one - two).max() < 1e-2  # Lab units


def test_weights_that_do_not_match_their_config():
    good = weights(random_network(CONFIGS["g2"], 0))
    missing = {k: v for k, v in good.tensors.items() if k != "blocks.1.ffn.in_extra.weight"}
    with pytest.raises(WeightsError, match=r"blocks\.1\.ffn\.in_extra\.weight is missing, expected"):
        Engine(Weights("w", good.config, missing, ""))
    wrong = {**good.tensors, "head.bias": np.zeros(3, np.float32)}
    with pytest.raises(WeightsError, match=r"head\.bias has shape \(3,\)"):
        Engine(Weights("w", good.config, wrong, ""))


@pytest.mark.parametrize("threads", [-1, 0, 1.5, True, 2**31, 2**32])
def test_a_number_of_threads_that_is_none(small_weights, threads):
    with pytest.raises(EngineError, match="whole number from 1 to"):
        Engine(load_weights(small_weights), threads=threads)
