"""Muon against its formula, which parameter gets which rate and decay, and the averaged weights."""

import numpy as np
import pytest
import torch
from torch import nn

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.training import optimizer
from adacolvit.training.checkpoint import Average
from adacolvit.training.optimizer import Muon, make_optimizers
from adacolvit.training.precision import multiplies_bf16
from adacolvit.training.recipe import Optimizer


def newton_schulz(matrix: np.ndarray) -> np.ndarray:
    """Five steps of Jordan's quintic on the singular values, which is what the iteration does to them."""
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.linalg.norm(s)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ np.diag(s) @ vt


@pytest.mark.parametrize("shape", [(2, 3), (6, 2)])
def test_muon_does_what_its_formula_says(shape, monkeypatch):
    monkeypatch.setattr(optimizer, "multiplies_bf16", lambda device: False)
    rng = np.random.default_rng(0)
    start, *gradients = rng.normal(size=(4, *shape))
    lr, momentum, decay = 0.1, 0.95, 0.5
    p = nn.Parameter(torch.tensor(start))
    muon = Muon([p], lr=lr, momentum=momentum, weight_decay=decay)
    wanted, mean = start.copy(), np.zeros(shape)
    for gradient in gradients:
        p.grad = torch.tensor(gradient)
        muon.step()
        mean = momentum * mean + (1 - momentum) * gradient
        update = newton_schulz((1 - momentum) * gradient + momentum * mean) * max(1, shape[0] / shape[1]) ** 0.5
        wanted = wanted * (1 - lr * decay) - lr * update
        np.testing.assert_allclose(p.detach(), wanted, rtol=1e-5)


def test_every_parameter_has_the_rate_and_decay_of_its_kind():
    network = ColorizationViT(ModelConfig(width=32, depth=1, heads=2, budget_knots=3))
    settings = Optimizer(matrix_lr=0.02, lr=2e-3, gate_lr=5e-5, weight_decay=0.05)
    found = {
        id(p): (type(each), group["lr"], group["weight_decay"])
        for each in make_optimizers(network, settings)
        for group in each.param_groups
        for p in group["params"]
    }
    kinds = {name: found.pop(id(p)) for name, p in network.named_parameters()}
    assert not found  # each has one
    matrix, decayed, plain, gate = (
        (Muon, 0.02, 0.05),
        (torch.optim.AdamW, 2e-3, 0.05),
        (torch.optim.AdamW, 2e-3, 0.0),
        (torch.optim.AdamW, 5e-5, 0.0),
    )
    for name, kind in kinds.items():
        if "decide_" in name:
            assert kind == gate, name
        elif name.endswith("bias") or "norm" in name or "token" in name or name.startswith("budget_"):
            assert kind == plain, name
        elif name.startswith("blocks."):
            assert kind == matrix, name
        else:
            assert kind == decayed, name
    assert set(kinds.values()) == {matrix, decayed, plain, gate}


def test_layers_that_are_fresh_have_a_rate_of_their_own():
    network = ColorizationViT(ModelConfig(width=32, depth=2, heads=2))
    *_, muon, fresh = make_optimizers(network, Optimizer(matrix_lr=0.002, fresh=("1.ffn",), fresh_lr=0.01))
    assert {group["peak"] for group in fresh.param_groups} == {0.01}
    assert {group["peak"] for group in muon.param_groups} == {0.002}
    fast = {id(p) for group in fresh.param_groups for p in group["params"]}
    assert fast == {id(p) for p in network.blocks[1].ffn.parameters() if p.ndim == 2}
    with pytest.raises(RecipeError, match=r"fresh \['12\.ffn'\], not all of the network"):
        make_optimizers(network, Optimizer(fresh=("12.ffn",)))


def test_averaged_weights_follow_as_said():
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(0.0)
    average = Average(network, decay=0.25)
    expected = 0.0
    for step, value in enumerate((4.0, -2.0, 8.0), start=1):
        network.weight.data.fill_(value)
        average.update(network)
        decay = min(0.25, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert average.values["weight"].item() == pytest.approx(expected)


@pytest.mark.parametrize("able", [True, False])
def test_a_gpu_that_only_emulates_bf16_is_not_fast_at_it(monkeypatch, able):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: able or including_emulation)
    assert multiplies_bf16(torch.device("cuda")) == able
