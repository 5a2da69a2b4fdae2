"""What several rooms' tests share: a small network that was never trained, but does everything a trained one does."""

import os

# Before NumPy and torch are loaded, and for the processes that tests start: products as small as these are slower on
# several threads, and sums come out with another last digit.
os.environ["OMP_NUM_THREADS"] = "1"

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import settings

from adacolvit.hints.frame import PATCH
from adacolvit.model.config import OUT_CHANNELS, ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.runtime.engine import PRECISION
from adacolvit.weights import write_weights

# A slow or busy machine must not fail a test; pytest's own timeout ends what hangs.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Pictures are compared to the last bit but one, also where a processor has faster products of fewer bits, which are
# compared with these in tests/runtime/test_native_precisions.py.
os.environ[PRECISION] = "fp32"

SMALL = ModelConfig(width=64, depth=3, heads=2)


def random_network(config: ModelConfig, seed: int, layer_bias=0.5, patch_bias=0.0) -> ColorizationViT:
    """A network whose every weight is random, decisions included."""
    torch.manual_seed(seed)
    net = ColorizationViT(config).eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.5 if "decide" in name else 0.08))
            if "norm" in name and name.endswith("weight"):
                parameter.add_(1)
            if "decide" in name and name.endswith("bias"):
                parameter.fill_(layer_bias if "layers" in name else patch_bias)
    return net


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory):
    """Path of a weights file of a small random network."""
    return _written(random_network(SMALL, seed=1), tmp_path_factory.mktemp("weights") / "small.safetensors")


@pytest.fixture(scope="session")
def budget_weights(tmp_path_factory):
    """Path of a weights file of a small random network for any budget, which keeps the more the more it may spend."""
    net = random_network(replace(SMALL, budget_knots=4, least_budget=0.4, budget=0.6), seed=1)
    for table in (net.budget_layers, net.budget_patches):
        table.data += torch.linspace(-2, 30, len(table))[:, None, None]
    return _written(net, tmp_path_factory.mktemp("weights") / "any-budget.safetensors")


def _written(net: ColorizationViT, path):
    """A weights file. Its colors are as even inside of patches as a trained network's, and in the range of colors."""
    with torch.no_grad():
        for parameter in net.head.parameters():
            pixels = parameter.view(OUT_CHANNELS, PATCH**2, *parameter.shape[1:])
            pixels.lerp_(pixels[:, :1].clone(), 0.9).mul_(0.12)
    write_weights(path, net.config, {name: t.detach().numpy() for name, t in net.state_dict().items()}, np.float32)
    return path


@pytest.fixture
def table(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
