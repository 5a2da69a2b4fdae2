"""One network for any budget: where its decisions begin, and that training holds them to what is asked."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from adacolvit.errors import RecipeError
from adacolvit.model.budget import TABLES, knots
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost, layer_macs
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.training.budgets import cheapest_layers, layers_for, scaled_shares, set_budgets, set_budgets_around
from adacolvit.training.command import Reporter
from adacolvit.training.gates import layer_losses, watched
from adacolvit.training.loop import train
from adacolvit.training.loss import color_loss, executed_share
from adacolvit.training.recipe import Recipe, Stage, load_recipe
from adacolvit.weights import load_weights, write_weights

CONFIG = ModelConfig(32, 6, 2, head_kernel=1, budget_knots=4, least_budget=0.5, budget=0.75)
SKIPPED = (1, 0), (3, 1), (4, 1)  # layers that the network of one budget leaves out


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


@pytest.fixture
def deciding(network, batch):
    """A network that decides for one budget: of 12 layers it skips three, of one it uses no extra part."""
    torch.manual_seed(2)
    with torch.no_grad():
        with watched(network) as seen:
            network(batch.x, "dense")
        decisions = [decide for block in network.blocks for _, _, decide in block.sublayers()]
        for decide, z in zip(decisions, seen, strict=True):
            torch.nn.init.normal_(decide.weight)
            decide.bias.copy_(-(z @ decide.weight.T).median())
        for block, layer in SKIPPED:
            network.blocks[block].decide_layers.bias[layer] = -3
        network.blocks[2].decide_attention.bias.fill_(-6e4)
    return network


@torch.no_grad()
def test_budgets_lie_around_the_one_that_a_network_was_trained_for(deciding, batch):
    before = deciding(batch.x, "masked")
    own = executed_share(before["decisions"], CONFIG).item()
    set_budgets_around(deciding, batch)
    for budget in knots(CONFIG):
        assert share_at(deciding, batch, float(budget)) == pytest.approx(budget, abs=0.04)
    layers = [deciding(batch.x, "masked", budget=float(b))["decisions"].layers[0] for b in knots(CONFIG)]
    assert all((less <= more).all() for less, more in pairwise(layers))
    nearest = int(np.abs(knots(CONFIG) - own).argmin())
    assert abs(layers[nearest].sum() - 9) <= 1
    assert layers[-1].all()


@torch.no_grad()
def test_what_runs_beside_the_decisions_of_before_changes_nothing_at_first(deciding, batch):
    unused = deciding.blocks[2].attention.out_extra.weight
    learnt = unused.clone()
    unused.zero_()  # the policy token alone had the use of it
    before = deciding(batch.x, "masked")
    unused.copy_(learnt)
    layers, patches = before["decisions"].layers, before["decisions"].patches
    set_budgets_around(deciding, batch)
    everywhere = patches.clone()
    everywhere[:, 2, 0] = 1
    for block, layer in SKIPPED:
        everywhere[:, block, layer] = 1
    after = deciding(batch.x, "masked", forced=Decisions(torch.ones_like(layers), everywhere))
    torch.testing.assert_close(after["ab"], before["ab"])
    assert all(not block.decide_layers.weight.any() for block in deciding.blocks)


def test_a_recipe_begins_around_weights_of_one_budget(deciding, shard, tmp_path):
    one = replace(CONFIG, budget_knots=0)
    weights = tmp_path / "one.safetensors"
    values = {name: p.numpy() for name, p in deciding.state_dict().items() if name not in TABLES}
    write_weights(weights, one, values)
    recipe = tmp_path / "around.toml"
    recipe.write_text(
        'gates = "around"\n[model]\nwidth = 32\ndepth = 6\nheads = 2\nhead_kernel = 1\n'
        "budget_knots = 4\nleast_budget = 0.5\nbudget = 0.75\n"
        '[[stages]]\nsamples = 8\nsize = 64\nbatch = 8\nmode = "masked"\nbudgets = [0.5, 1.0]\n'
    )
    settings = {"resume": False, "every": 8, "reporter": Reporter()}
    made = load_recipe(str(recipe), train=(str(shard),), init=str(weights))
    trained = load_weights(train(made, tmp_path / "run", tmp_path / "cache", **settings))
    begun = load_weights(tmp_path / "run" / "start.safetensors")
    assert begun.config == trained.config == CONFIG
    assert (begun.tensors["budget_layers"][-1] > 0).all() and (begun.tensors["budget_layers"][0] < 0).any()
    again, runs = "blocks.1.attention.out_base.weight", "blocks.2.ffn.out_base.weight"
    assert not begun.tensors[again].any()
    np.testing.assert_array_equal(begun.tensors[runs], values[runs].astype(np.float16))
    assert np.abs(trained.tensors[again]).max() > 0


@pytest.mark.parametrize("budget", [0.3, 0.45, 0.6, 0.8])
def test_shares_move_together_up_to_a_budget(budget):
    shares = np.linspace(0, 1, 12).reshape(6, 2)
    runs = np.ones((6, 2), bool)
    runs[5] = False
    moved = scaled_shares(CONFIG, 100, runs, shares, budget)
    spent = cost(CONFIG, 100, runs, (moved * 100).round().astype(int)) / cost(CONFIG, 100)
    least = cost(CONFIG, 100, runs, np.zeros((6, 2), int)) / cost(CONFIG, 100)
    most = cost(CONFIG, 100, runs) / cost(CONFIG, 100)
    assert spent == pytest.approx(np.clip(budget, least, most), abs=0.01)
    assert (np.diff(moved.flatten()) >= 0).all()
    assert (moved >= 0).all() and (moved <= 1).all()


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
    with pytest.raises(RecipeError, match="needs budget_knots"):
        Recipe("r", ModelConfig(), (Stage(10, mode="masked"),), gates="around")
