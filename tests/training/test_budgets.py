"""One network for any budget: where its decisions begin, and that training holds them to what is asked."""

import numpy as np
import pytest
import torch

from adacolvit.errors import RecipeError
from adacolvit.model.budget import knots
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost, layer_macs
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.training.budgets import cheapest_layers, layers_for, set_budgets
from adacolvit.training.gates import layer_losses
from adacolvit.training.loss import color_loss, executed_share
from adacolvit.training.recipe import Recipe, Stage, load_recipe

CONFIG = ModelConfig(32, 6, 2, head_kernel=1, budget_knots=4, least_budget=0.5, budget=0.75)


@pytest.fixture
def network():
    torch.manual_seed(1)
    network = ColorizationViT(CONFIG).eval()
    with torch.no_grad():
        for name, p in network.named_parameters():
            if "budget" not in name and "decide" not in name:
                p.add_(torch.randn_like(p) * 0.1)
    return network


def share_at(network, batch, budget):
    with torch.no_grad():
        return executed_share(network(batch.x, "masked", budget=budget)["decisions"], CONFIG).item()


def test_every_knot_starts_at_its_budget(network, batch):
    set_budgets(network, batch)
    for budget in knots(CONFIG):
        assert share_at(network, batch, float(budget)) == pytest.approx(budget, abs=0.04)
    assert share_at(network, batch, 1.0) == pytest.approx(1.0)


def test_a_decision_network_that_decides_keeps_its_direction(network, batch):
    deciding = network.blocks[1].decide_ffn
    torch.nn.init.normal_(deciding.weight)
    before = deciding.weight.detach().clone()
    set_budgets(network, batch)
    assert torch.cosine_similarity(before, deciding.weight).item() == pytest.approx(1, abs=1e-5)
    assert all(block.decide_attention.weight.any() for block in network.blocks)


def test_the_layer_that_is_missed_least_for_its_cost_goes_first(network, batch):
    with torch.no_grad():
        whole = color_loss(network(batch.x, "dense")["ab"], batch.target)
    every = np.ones((6, 2), bool)
    price = (layer_losses(network, batch) - whole).numpy() / layer_macs(CONFIG, 16, every, 16 * every)
    order = cheapest_layers(network, batch)
    assert order[0] == divmod(int(price.argmin()), 2)
    assert sorted(order) == [(block, layer) for block in range(6) for layer in range(2)]


@pytest.mark.parametrize("budget", [0.0, 0.2, 0.45, 0.8, 1.0])
def test_layers_and_patches_make_up_a_budget(budget):
    order = [(block, layer) for block in range(6) for layer in range(2)]
    runs, share = layers_for(CONFIG, 100, order, budget)
    spent = cost(CONFIG, 100, runs, np.full((6, 2), round(share * 100))) / cost(CONFIG, 100)
    if runs.any():
        assert spent == pytest.approx(budget, abs=0.01)
        assert share >= 0.1
    else:
        assert spent >= budget


def test_the_executed_share_is_the_cost_and_has_gradients():
    torch.manual_seed(3)
    layers = torch.randint(0, 2, (5, 6, 2)).float().requires_grad_()
    patches = torch.randint(0, 2, (5, 6, 2, 16)).float().requires_grad_()
    share = executed_share(Decisions(layers, patches), CONFIG)
    kept = patches.sum(-1).int().tolist()
    each = [cost(CONFIG, 16, ran, full) for ran, full in zip(layers.detach().numpy(), kept, strict=True)]
    assert share.item() == pytest.approx(np.mean(each) / cost(CONFIG, 16), rel=1e-6)
    share.backward()
    assert (layers.grad > 0).all()
    assert ((patches.grad > 0) == (layers.detach() > 0)[..., None]).all()


@torch.no_grad()
def test_a_compiled_network_holds_for_every_budget(network, batch):
    compiled = torch.compile(network, backend="eager")
    graphs = []
    for budget in (0.5, 0.6, 0.75, 0.9, 1.0):
        found = compiled(batch.x, "masked", budget=budget)["ab"]
        torch.testing.assert_close(found, network(batch.x, "masked", budget=budget)["ab"])
        graphs.append(torch._dynamo.utils.counters["stats"]["unique_graphs"])
    assert graphs[1] == graphs[-1]  # the second shows that the number changes


def test_a_recipe_gives_budgets_to_the_networks_that_take_them():
    recipe = load_recipe("tiny-any")
    assert recipe.model.budget_knots == 15
    assert knots(recipe.model)[5] == pytest.approx(recipe.model.budget)  # what is learned there is not interpolated
    with pytest.raises(RecipeError, match="4 budget_knots"):
        Recipe("r", CONFIG, (Stage(10, mode="masked"),))
    with pytest.raises(RecipeError, match="0 budget_knots"):
        Recipe("r", ModelConfig(), (Stage(10, mode="masked", budgets=(0.3, 1.0)),))
    with pytest.raises(RecipeError, match="two shares"):
        Stage(10, budgets=(0.9, 0.3))
