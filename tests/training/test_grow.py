"""A larger network begins with a smaller one, and computes the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.model.positions import sine_positions
from adacolvit.training.command import Reporter
from adacolvit.training.grow import deepen, grow, pulls, widen
from adacolvit.training.loop import train
from adacolvit.training.loss import color_loss
from adacolvit.training.recipe import load_recipe
from adacolvit.weights import load_weights, write_weights

SHALLOW, DEEP, WIDE = ModelConfig(32, 2, 2), ModelConfig(32, 4, 2), ModelConfig(96, 2, 6)


@pytest.fixture
def shallow():
    torch.manual_seed(1)
    network = ColorizationViT(SHALLOW).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn_like(p) * 0.1)
        network.blocks[1].decide_layers.bias.copy_(torch.tensor([3.0, -9.0]))  # its FFN never runs
    return network


@pytest.fixture
def deep(shallow, batch):
    network = ColorizationViT(DEEP)
    grow(network, shallow.state_dict(), batch, layers=5 / 8)
    return network


@torch.no_grad()
def test_it_computes_what_the_shallower_one_does(shallow, deep, batch):
    one, other = shallow(batch.x, "masked"), deep(batch.x, "masked")
    assert torch.equal(one["ab"], other["ab"])
    assert torch.equal(one["decisions"].layers, other["decisions"].layers[:, ::2])
    assert torch.equal(one["decisions"].patches, other["decisions"].patches[:, ::2])


@torch.no_grad()
def test_as_many_layers_run_as_are_wanted_those_that_are_pulled_at_hardest(shallow, deep, batch):
    layers = deep(batch.x, "masked")["decisions"].layers
    assert (layers == layers[0]).all()
    assert layers[0, ::2].flatten().tolist() == [1, 1, 1, 0]
    assert layers.mean().item() == pytest.approx(5 / 8)
    with torch.enable_grad():
        pulled = pulls(deep, batch)
    # Attention and FFN cost differently, so those of one kind are compared.
    for kind in range(2):
        new = layers[0, 1::2, kind]
        if 0 < new.sum() < len(new):
            assert pulled[1::2, kind][new == 1].min() > pulled[1::2, kind][new == 0].max()
    assert 0 < layers[0, 1::2].sum() < 4


def test_a_pull_is_the_slope_of_the_loss(deep, batch):
    """Against a finite difference along the gradient, in one layer."""
    deep.double()
    batch = type(batch)(batch.x.double(), batch.target.double())
    every = Decisions(torch.ones(len(batch.x), 4, 2, dtype=torch.float64), None)

    def loss() -> torch.Tensor:
        return color_loss(deep(batch.x, "masked", forced=every)["ab"], batch.target)

    parts = [p for name, p in deep.blocks[1].ffn.named_parameters() if name.startswith("out_")]
    slopes = torch.autograd.grad(loss(), parts)
    step = 1e-6
    with torch.no_grad():
        before = loss()
        for part, slope in zip(parts, slopes, strict=True):
            part -= step * slope
        after = loss()
        for part, slope in zip(parts, slopes, strict=True):
            part += step * slope
    assert ((before - after) / step).item() == pytest.approx(pulls(deep, batch)[1, 1].item(), rel=1e-3)


def test_three_times_as_deep(shallow, batch):
    deep = ColorizationViT(ModelConfig(32, 6, 2)).eval()
    deep.load_state_dict(deepen(shallow.state_dict(), 6))
    with torch.no_grad():
        assert torch.equal(shallow(batch.x, "masked")["ab"], deep(batch.x, "masked")["ab"])


@pytest.fixture
def positions_of_32(monkeypatch):
    """Every channel made of one has its wavelength, where really it has a neighboring one."""
    monkeypatch.setattr(
        "adacolvit.model.network.sine_positions",
        lambda rows, columns, width, origin: sine_positions(rows, columns, 32, origin).repeat(width // 32, 1),
    )


@pytest.mark.parametrize("budget", [None, 0.4])
@torch.no_grad()
def test_a_wider_one_computes_what_the_narrower_does(shallow, batch, positions_of_32, budget):
    knots = {"budget_knots": 4 if budget else 0}
    narrow = ColorizationViT(replace(SHALLOW, **knots)).eval()
    narrow.load_state_dict(shallow.state_dict(), strict=False)
    for name, p in narrow.named_parameters():
        if name.startswith("budget_"):
            p.normal_()
    wide = ColorizationViT(replace(WIDE, **knots)).eval()
    grow(wide, narrow.state_dict(), batch, layers=0.0)
    for mode, x in ("dense", batch.x), ("masked", batch.x), ("gathered", batch.x[:1]):
        one, other = narrow(x, mode, budget=budget), wide(x, mode, budget=budget)
        assert torch.allclose(one["ab"], other["ab"], atol=1e-5), mode
        if mode != "dense":
            assert torch.equal(one["decisions"].layers, other["decisions"].layers)
            assert torch.equal(one["decisions"].patches, other["decisions"].patches)


@torch.no_grad()
def test_a_wider_one_paints_with_the_same_pictures(batch, positions_of_32):
    torch.manual_seed(2)
    narrow = ColorizationViT(replace(SHALLOW, head_rank=12)).eval()
    narrow.pictures.weight.normal_()
    wide = ColorizationViT(replace(WIDE, head_rank=12)).eval()
    grow(wide, narrow.state_dict(), batch, layers=0.0)
    assert torch.equal(wide.pictures.weight, narrow.pictures.weight)
    one, other = narrow(batch.x, "dense")["ab"], wide(batch.x, "dense")["ab"]
    assert one.std() > 0.01 and torch.allclose(one, other, atol=1e-5)


@torch.no_grad()
def test_with_its_own_positions_it_computes_nearly_the_same(shallow, batch):
    wide = ColorizationViT(WIDE).eval()
    wide.load_state_dict(widen(shallow.state_dict(), 96, 16))
    one, other = shallow(batch.x, "dense")["ab"], wide(batch.x, "dense")["ab"]
    assert (one - other).square().mean() < 0.05 * one.var()


def test_copies_learn_different_things(shallow, batch):
    wide = ColorizationViT(WIDE)
    wide.load_state_dict(widen(shallow.state_dict(), 96, 16))
    color_loss(wide(batch.x, "dense")["ab"], batch.target).backward()
    block = wide.blocks[0]
    copies = {
        "channels": block.ffn.out_base.weight.grad.unflatten(0, (32, 3)),
        "hidden units": block.ffn.in_base.weight.grad.unflatten(0, (-1, 3)),
        "heads": block.attention.qkv_base.weight.grad.unflatten(0, (3, 2, 3, -1)).transpose(1, 2).flatten(0, 1),
    }
    for what, slopes in copies.items():
        one, other = slopes.unbind(1)[:2]
        assert torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), 0) < 0.99, what


def test_wider_and_deeper_at_once(shallow, batch, positions_of_32):
    both = ColorizationViT(ModelConfig(96, 4, 6))
    grow(both, shallow.state_dict(), batch, layers=5 / 8)
    with torch.no_grad():
        one, other = shallow(batch.x, "masked"), both(batch.x, "masked")
        assert torch.allclose(one["ab"], other["ab"], atol=1e-5)
        assert other["decisions"].layers.mean().item() == pytest.approx(5 / 8)


def test_networks_that_cannot_grow(shallow, batch):
    values = shallow.state_dict()
    with pytest.raises(RecipeError, match="cannot grow from one of 2"):
        deepen(values, 5)
    with pytest.raises(RecipeError, match="cannot grow from one of 2"):
        deepen(values, 2)
    for width in 16, 32, 80:
        with pytest.raises(RecipeError, match=f"width {width} cannot grow from one of 32"):
            widen(values, width, 16)
    for other in ModelConfig(32, 4, 4, groups=4), ModelConfig(64, 4, 4, groups=4), ModelConfig(32, 2, 2, head_kernel=1):
        with pytest.raises(RecipeError, match="another network"):
            grow(ColorizationViT(other), values, batch, 0.5)


def test_a_recipe_grows_and_trains(shallow, shard, tmp_path):
    weights = tmp_path / "shallow.safetensors"
    write_weights(weights, SHALLOW, {name: value.numpy() for name, value in shallow.state_dict().items()})
    recipe = tmp_path / "grown.toml"
    recipe.write_text(
        'gates = "grown"\n[model]\nwidth = 32\ndepth = 4\nheads = 2\n'
        '[[stages]]\nsamples = 16\nsize = 32\nbatch = 8\nmode = "masked"\nlayers = 0.625\nanneal = 0.0\n'
    )
    settings = {"resume": False, "every": 8, "reporter": Reporter()}
    with pytest.raises(RecipeError, match="give --init"):
        train(load_recipe(str(recipe), train=(str(shard),)), tmp_path / "none", tmp_path / "cache", **settings)
    grown = load_recipe(str(recipe), train=(str(shard),), init=str(weights))
    trained = load_weights(train(grown, tmp_path / "run", tmp_path / "cache", **settings))
    begun = load_weights(tmp_path / "run" / "start.safetensors")
    assert begun.config == trained.config == DEEP
    assert not begun.tensors["blocks.1.ffn.out_base.weight"].any()
    expected = shallow.state_dict()["blocks.1.ffn.out_base.weight"].numpy().astype(np.float16)
    np.testing.assert_array_equal(begun.tensors["blocks.2.ffn.out_base.weight"], expected)
    assert np.abs(trained.tensors["blocks.1.ffn.out_base.weight"]).max() > 0  # what added nothing has learned
