"""Networks without the channels that their layers hardly use."""

from dataclasses import replace

import pytest
import torch

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT
from adacolvit.model.registry import build
from adacolvit.training import slim, thrift
from adacolvit.training.grow import grow
from adacolvit.training.recipe import load_recipe
from adacolvit.training.run import with_widths
from adacolvit.training.slim import Heard, compact, drop_units, slim_heads, slim_network
from adacolvit.training.thrift import score
from adacolvit.weights import load_weights, write_weights

from .conftest import deciding_network

CONFIG = ModelConfig(64, 3, 2)


@pytest.fixture
def network():
    return deciding_network(CONFIG)


@pytest.fixture(scope="module")
def photos(shard):
    return thrift.read_photos(str(shard), 6)


def slimmed(network, photos, tolerance: float) -> ColorizationViT:
    for _ in slim_network(network, photos, tolerance):
        pass
    return compact(network)


def heard(network, block: int, kind: int, photos, tolerance: float) -> Heard:
    """What a layer gets as the network stands."""
    seen = []
    norm, _, decide = tuple(network.blocks[block].sublayers())[kind]
    hook = norm.register_forward_hook(lambda _, given, x: seen.append((given[0], x)))
    for part in photos:
        network(part.x, "masked")
    hook.remove()
    z, x = map(torch.cat, zip(*seen, strict=True))
    keep = torch.nn.functional.pad((decide(z[:, 1:]).squeeze(-1) >= 0).float(), (1, 0), value=1.0)
    return Heard(x, keep, tolerance * z[:, 1:].flatten(0, 1).var(0).sum().item())


def colors(network, photos) -> torch.Tensor:
    return network(photos[0].x, "masked")["ab"]


def low_rank(weight: torch.Tensor, heads: int, rank: int) -> torch.Tensor:
    """Rows of every head that lie in a space of ``rank`` dimensions."""
    each = weight.unflatten(0, (heads, -1))
    return (torch.randn(heads, each.shape[1], rank) @ torch.randn(heads, rank, each.shape[2]) * 0.1).flatten(0, 1)


def test_what_is_not_used_goes_without_a_trace(network, photos, monkeypatch):
    """Queries and values of few dimensions, and hidden units that are copies or add nothing."""
    monkeypatch.setattr(slim, "PRIOR", 1e-9)
    attention, ffn = network.blocks[1].attention, network.blocks[1].ffn
    rows = attention.qkv_base.weight.shape[0] // 3
    for part, rank in ((slice(rows), 4), (slice(2 * rows, None), 8)):
        attention.qkv_base.weight[part] = low_rank(attention.qkv_base.weight[part], 2, rank)
        attention.qkv_base.bias[part] = 0
    ffn.in_base.weight[64:] = ffn.in_base.weight[:64]
    ffn.in_base.bias[64:] = ffn.in_base.bias[:64]
    ffn.out_extra.weight[:, ::2] = 0
    before = colors(network, photos)
    smaller = slimmed(network, photos, 1e-7)
    base, extra = smaller.config.widths(1)
    assert (base.keys, base.values) == (4, 8) and 0 < base.hidden <= 64
    assert 0 < extra.hidden <= 64
    assert torch.allclose(colors(smaller, photos), before, atol=2e-4)
    assert before.std() > 0.01
    result = smaller(photos[0].x[:1], "gathered")
    assert torch.allclose(result["ab"], before[:1], atol=2e-4)


def test_a_layer_changes_by_no_more_than_it_may(network, photos):
    tolerance, shares = 2e-3, []
    for block, kind in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0)):
        _, layer, decide = tuple(network.blocks[block].sublayers())[kind]
        now = heard(network, block, kind, photos, tolerance)
        before = layer(now.x, now.keep)
        slim.slim(layer, decide, now)
        change = (layer(now.x, now.keep) - before)[:, 1:].flatten(0, 1)
        shares.append(change.square().mean(0).sum().item() / now.bound)
    # Of the base and of the extra part each, whose changes may add up.
    assert 0.1 < max(shares) < 2.5
    assert compact(network).config.slim != (CONFIG.usual_widths,) * 3


def test_heads_that_are_only_turned_attend_as_before(network, photos):
    attention = network.blocks[0].attention
    before = colors(network, photos)
    weight = attention.qkv_base.weight.clone()
    slim_heads(attention, "base", heard(network, 0, 0, photos, 1e-12))
    assert not torch.allclose(attention.qkv_base.weight, weight, atol=1e-2)
    assert compact(network).config.widths(0)[0][:2] == (16, 16)
    assert torch.allclose(colors(network, photos), before, atol=1e-4)


def test_units_go_in_the_order_of_what_they_cost():
    """Against trying each one: leave it out, and fit the others to the sum anew."""
    torch.manual_seed(3)
    units = torch.randn(400, 6, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64)
    last = torch.randn(3, 6, dtype=torch.float64)
    wanted = units @ last.T

    def lost(kept: list[int]) -> float:
        fit = torch.linalg.lstsq(units[:, kept], wanted).solution
        return ((units[:, kept] @ fit - wanted).square().sum() / len(units)).item()

    kept = list(range(6))
    for j, now, matrix in drop_units(units.T @ units / len(units), last):
        prices = {i: lost([k for k in kept if k != i]) for i in kept}
        assert j == min(prices, key=prices.get)
        kept.remove(j)
        assert now == pytest.approx(prices[j], rel=1e-3)
        assert ((units @ matrix.T - wanted).square().sum() / len(units)).item() == pytest.approx(now, rel=1e-3)
    assert len(kept) == 1


def test_layers_that_never_ran_keep_one_channel_and_never_run(network, photos):
    before = colors(network, photos)
    smaller = slimmed(network, photos, 1e-12)
    base, extra = smaller.config.widths(2)
    assert base.hidden == 1 and extra.hidden == 0 and base.keys == 16
    assert torch.allclose(colors(smaller, photos), before, atol=2e-4)
    assert not score(smaller, photos).layers()[2, 1]
    assert not smaller.blocks[2].decide_layers.weight[1].any() and smaller.blocks[2].decide_layers.bias[1] < 0


def test_it_can_be_done_again(network, photos):
    smaller = slimmed(network, photos, 1e-3)
    before = colors(smaller, photos)
    again = compact(smaller)
    assert again.config == smaller.config
    assert torch.allclose(colors(again, photos), before, atol=1e-6)
    once_more = slimmed(smaller, photos, 1e-2).config.slim
    assert sum(map(sum, sum(once_more, ()))) < sum(map(sum, sum(again.config.slim, ())))


def test_the_command_writes_weights_of_fewer_channels(network, shard, tmp_path, capsys):
    given, out = tmp_path / "given.safetensors", tmp_path / "slim.safetensors"
    write_weights(given, CONFIG, {name: value.numpy() for name, value in network.state_dict().items()})
    slim.main([str(given), "--data", str(shard), "--limit", "4", "--tolerance", "0.01", "--out", str(out)])
    written = load_weights(out)
    assert written.config.slim and replace(written.config, slim=()) == CONFIG
    assert sum(t.size for t in written.tensors.values()) < sum(p.numel() for p in network.parameters())
    told = capsys.readouterr().out
    assert "channels that stay" in told and out.name in told.replace("\n", "")


@pytest.mark.parametrize(
    ("config", "more", "told"),
    [
        (ModelConfig(32, 1, 2, groups=1, adaptive=False), [], "is no AdaColViT"),
        (ModelConfig(32, 1, 2, budget_knots=3), [], "takes budgets"),
        (ModelConfig(32, 1, 2), ["--tolerance", "0"], "above 0"),
    ],
)
def test_what_cannot_be_slimmed_is_refused(config, more, told, shard, tmp_path, capsys):
    given = tmp_path / "given.safetensors"
    write_weights(given, config, {name: p.detach().numpy() for name, p in build(config).state_dict().items()})
    with pytest.raises(SystemExit):
        slim.main([str(given), "--data", str(shard), "--out", str(tmp_path / "out.safetensors"), *more])
    assert told in capsys.readouterr().err


def test_a_run_has_the_widths_of_the_weights_it_begins_with(network, photos, tmp_path):
    smaller = slimmed(network, photos, 1e-2)
    path = tmp_path / "slim.safetensors"
    write_weights(path, smaller.config, {name: value.numpy() for name, value in smaller.state_dict().items()})
    recipe = replace(load_recipe("tiny-on"), model=CONFIG)
    assert with_widths(recipe, str(path)).model == smaller.config
    assert with_widths(recipe, "") is recipe
    assert with_widths(replace(recipe, gates="grown"), str(path)).model == CONFIG
    full = tmp_path / "full.safetensors"
    write_weights(full, CONFIG, {name: p.detach().numpy() for name, p in build(CONFIG).state_dict().items()})
    assert with_widths(recipe, str(full)).model == CONFIG


def test_a_slim_network_does_not_grow(network, photos):
    values = slimmed(network, photos, 1e-2).state_dict()
    with pytest.raises(RecipeError, match="another network"):
        grow(ColorizationViT(ModelConfig(128, 3, 4)), values, None, 1.0)
