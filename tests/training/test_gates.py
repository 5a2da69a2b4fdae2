"""Gates begin where the dense network misses least."""

import numpy as np
import pytest
import torch

from adacolvit.model.config import ModelConfig
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.training.command import Reporter
from adacolvit.training.data import Batch
from adacolvit.training.gates import layer_losses, patch_gains, predict_gain, set_gates
from adacolvit.training.loop import train
from adacolvit.training.loss import color_loss, kept
from adacolvit.training.recipe import load_recipe
from adacolvit.weights import load_weights, write_weights


@pytest.fixture
def network():
    torch.manual_seed(1)
    network = ColorizationViT(ModelConfig(32, 3, 2)).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn_like(p) * 0.1)
    return network


def test_the_layer_that_is_missed_least_goes_first(network, batch):
    for part in (network.blocks[1].ffn.out_base, network.blocks[1].ffn.out_extra):
        part.weight.data.zero_()
    network.blocks[1].ffn.out_base.bias.data.zero_()
    with torch.no_grad():
        whole = torch.nn.functional.huber_loss(network(batch.x, "dense")["ab"], batch.target, delta=0.01)
    assert layer_losses(network, batch)[1, 1].item() == pytest.approx(whole.item(), rel=1e-5)
    least = int(layer_losses(network, batch).argmin())
    set_gates(network, batch, layers=5 / 6, patches=0.5)
    runs = torch.cat([block.decide_layers.bias for block in network.blocks]) > 0
    assert [i for i, run in enumerate(runs) if not run] == [least]


def test_decisions_start_at_the_budget(network, batch):
    set_gates(network, batch, layers=4 / 6, patches=0.4)
    with torch.no_grad():
        decisions = network(batch.x, "masked")["decisions"]
    patches, layers = (v.item() for v in kept(decisions))
    assert layers == pytest.approx(4 / 6, abs=1e-5)
    assert patches == pytest.approx(0.4, abs=0.12)  # each is set on tokens that saw every patch kept before


def test_gains_are_the_slope_of_the_loss(network, batch):
    """Against a finite difference, in a layer and patch picked by hand."""
    network.double()
    small = Batch(batch.x[:1].double(), batch.target[:1].double())
    _, gains = patch_gains(network, small, torch.ones(3, 2, dtype=torch.float64))
    assert gains.shape == (1, 3, 2, 16)

    def loss(gate: float) -> float:
        patches = torch.ones(1, 3, 2, 16, dtype=torch.float64)
        patches[0, 2, 1, 5] = gate
        forced = Decisions(torch.ones(1, 3, 2, dtype=torch.float64), patches)
        with torch.no_grad():
            return color_loss(network(small.x, "masked", forced=forced)["ab"], small.target).item()

    slope = (loss(1 + 1e-4) - loss(1 - 1e-4)) / 2e-4
    assert gains[0, 2, 1, 5].item() == pytest.approx(-slope, rel=1e-3, abs=1e-9)


def test_a_decision_finds_the_tokens_with_most_to_gain():
    torch.manual_seed(0)
    tokens = torch.randn(4000, 12) * 3 + 5
    gain = tokens[:, 3] + 0.5 * torch.randn(4000)
    weight, bias = predict_gain(tokens, gain, kept=0.3)
    chosen = tokens @ weight + bias >= 0
    assert chosen.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert gain[chosen].mean() > gain[~chosen].mean() + 3


@torch.no_grad()
def test_opened_gates_keep_everything(network, batch):
    before = network(batch.x, "masked")["decisions"]
    assert 0 < before.patches.mean() < 1
    network.open_gates()
    result = network(batch.x, "masked")
    assert result["decisions"].layers.all() and result["decisions"].patches.all()
    assert torch.allclose(network(batch.x, "dense")["ab"], result["ab"], atol=1e-6)


def test_a_twin_begins_with_an_adaptive_networks_weights_and_keeps_everything(network, shard, tmp_path):
    weights = tmp_path / "adaptive.safetensors"
    write_weights(weights, network.config, {name: value.numpy() for name, value in network.state_dict().items()})
    recipe = tmp_path / "twin.toml"
    recipe.write_text(
        'gates = "open"\n[model]\nwidth = 32\ndepth = 3\nheads = 2\n[optimizer]\nlr = 1e-9\nmatrix_lr = 1e-9\n'
        '[[stages]]\nsamples = 8\nsize = 32\nbatch = 8\nmode = "dense"\n'
    )
    run = load_recipe(str(recipe), train=(str(shard),), init=str(weights))
    trained = load_weights(train(run, tmp_path / "run", tmp_path / "cache", resume=False, every=8, reporter=Reporter()))
    for name, value in trained.tensors.items():
        if "decide_" in name:
            assert (value == (3.0 if name.endswith("bias") else 0.0)).all(), name
        else:
            assert np.allclose(value, network.state_dict()[name].numpy(), atol=1e-3), name
