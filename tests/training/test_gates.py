"""Gates begin where the dense network misses least."""

import pytest
import torch

from adacolvit.model.config import ModelConfig
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.training.data import Batch
from adacolvit.training.gates import layer_losses, patch_gains, predict_gain, set_gates
from adacolvit.training.loss import color_loss, kept


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
