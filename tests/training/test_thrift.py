"""A network's cost spent otherwise: what is folded, routed or runs again, and what that changes."""

from argparse import ArgumentTypeError
from dataclasses import replace

import numpy as np
import pytest
import torch

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions
from adacolvit.model.network import ColorizationViT
from adacolvit.model.registry import build
from adacolvit.training import gates, thrift
from adacolvit.training.checkpoint import start_from, with_whole_head
from adacolvit.training.places import Place
from adacolvit.training.thrift import added, fold, route, run_again, score, with_pictures
from adacolvit.weights import load_weights, write_weights

from .conftest import deciding_network

ATTENTION, FFN = Place(1, 0), Place(1, 1)


@pytest.fixture
def network():
    return deciding_network(ModelConfig(32, 3, 2))


@pytest.fixture(scope="module")
def photos(shard):
    return thrift.read_photos(str(shard), 6)


def run(network, photos) -> dict:
    return network(photos[0].x, "masked")


def test_a_layer_has_a_name():
    assert Place.read("11.ffn") == Place(11, 1)
    assert str(Place.read("0.attention")) == "0.attention"
    for wrong in ("ffn", "1.mlp", "x.ffn", "1"):
        with pytest.raises(ArgumentTypeError, match=r"write 4\.ffn"):
            Place.read(wrong)


@pytest.mark.parametrize("place", [ATTENTION, FFN])
def test_what_is_added_is_what_the_layer_loses_without_its_extra_part(network, photos, place):
    _, layer, _ = place.of(network)
    seen = {}
    hook = layer.register_forward_hook(lambda *call: seen.update(out=call[2]))
    run(network, photos[:1])
    hook.remove()
    tokens, base, extra = added(network, place, photos[:1])
    assert tokens.shape[1] == extra.shape[1] == 32 and base.shape[1] == layer.out_base.in_features
    assert 0 < extra.any(1).float().mean() < 1
    whole = layer.out_base(base) + extra
    assert torch.allclose(whole, seen["out"][:, 1:].flatten(0, 1), atol=1e-5)


@pytest.mark.parametrize("place", [ATTENTION, FFN])
def test_what_an_extra_part_does_linearly_is_folded_without_a_trace(network, photos, place, monkeypatch):
    """All patches get it, and what it adds is made a linear map of what the base part's last matrix sees."""
    monkeypatch.setattr(gates, "RIDGE", 1e-9)
    _, layer, decide = place.of(network)
    decide.weight.zero_()
    decide.bias.fill_(3.0)
    for ours, theirs in (("qkv_extra", "qkv_base"), ("in_extra", "in_base")):
        if hasattr(layer, ours):
            getattr(layer, ours).load_state_dict(getattr(layer, theirs).state_dict())
    before = run(network, photos)
    fold(network, place, photos)
    after = run(network, photos)
    assert not after["decisions"].patches[:, place.block, place.kind].any()
    assert torch.allclose(before["ab"], after["ab"], atol=1e-3)


def test_folding_keeps_more_of_what_an_extra_part_does_than_leaving_it_out(network, photos):
    before = run(network, photos)["ab"]
    decided = run(network, photos)["decisions"]
    decided.patches[:, 1] = 0
    without = network(photos[0].x, "masked", forced=decided)["ab"]
    for place in (ATTENTION, FFN):
        fold(network, place, photos)
    after = run(network, photos)
    assert (after["ab"] - before).square().mean() < 0.7 * (without - before).square().mean()
    assert after["decisions"].kept_patches()[:, 1].sum() == 0


def test_those_patches_get_the_extra_part_to_which_it_adds_most(network, photos):
    network.blocks[1].decide_ffn.weight.zero_()
    network.blocks[1].decide_ffn.bias.fill_(3.0)  # all get it
    *_, extra = added(network, FFN, photos)
    route(network, FFN, 0.25, photos)
    chosen = run(network, photos)["decisions"].patches[:, 1, 1]
    everyone = torch.cat([network(part.x, "masked")["decisions"].patches[:, 1, 1] for part in photos]).flatten() > 0
    assert everyone.float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert 0 < chosen.mean() < 1
    lengths = extra.square().sum(1)
    assert lengths[everyone].mean() > 1.1 * lengths[~everyone].mean()


def test_a_layer_that_never_ran_changes_nothing_as_it_runs_again(network, photos):
    before = run(network, photos)
    assert not before["decisions"].layers[:, 2, 1].any()
    run_again(network, Place(2, 1), ran=False)
    after = run(network, photos)
    assert after["decisions"].layers[:, 2, 1].all()
    assert not after["decisions"].patches[:, 2, 1].any()
    assert torch.equal(before["ab"], after["ab"])


def test_a_layer_that_ran_for_some_runs_as_it_is(network, photos):
    decided = run(network, photos)["decisions"]
    decided.layers[:, 2, 1] = 1
    forced = network(photos[0].x, "masked", forced=Decisions(decided.layers, None))["ab"]
    run_again(network, Place(2, 1), ran=True)
    assert torch.allclose(run(network, photos)["ab"], forced, atol=1e-6)


def test_a_score_is_of_what_was_decided(network, photos):
    now = score(network, photos)
    assert now.psnr.shape == now.gmacs.shape == (6,)
    assert now.layers()[2].tolist() == [1, 0] and 0 < now.patches()[1, 1] < 1
    np.testing.assert_allclose(now.psnr, score(network, photos, now.decided).psnr, atol=1e-5)
    none = [Decisions(each.layers, torch.zeros_like(each.patches)) for each in now.decided]
    less = score(network, photos, none)
    assert (less.gmacs < now.gmacs).all() and not less.patches().any()
    assert np.abs(less.psnr - now.psnr).min() > 1e-4


def test_what_an_extra_part_is_worth_leaves_the_rest_as_decided(network, photos):
    now = score(network, photos)
    found = {(place, way): then for place, _, way, then in thrift.worth(network, photos, now)}
    assert Place(2, 1) not in {place for place, _ in found}
    for way in ("none gets it", "all get it", "others get it"):
        change = (found[FFN, way].patches() - now.patches()).abs()
        assert change.sum() == change[1, 1]
        assert (change[1, 1] < 1e-6) == (way == "others get it")
    moved = found[FFN, "others get it"].decided[0].patches != now.decided[0].patches
    assert moved[:, 1, 1].any() and np.abs(found[FFN, "others get it"].psnr - now.psnr).max() > 1e-4


@pytest.mark.parametrize("kernel", [1, 3])
def test_as_many_pictures_as_there_are_leave_no_trace(network, photos, kernel):
    """A head that gives patches of seven pictures, about a mean that is none of them, is one of seven."""
    network = ColorizationViT(replace(network.config, head_kernel=kernel)).eval().requires_grad_(False)
    torch.manual_seed(3)
    network.head.weight.copy_((torch.randn(512, 7) @ torch.randn(7, 32 * kernel**2) * 0.1).view_as(network.head.weight))
    network.head.bias.normal_()
    before = run(network, photos)
    for rank in 7, 9:
        painting = with_pictures(network, rank, photos)
        assert painting.config == replace(network.config, head_rank=rank)
        after = run(painting, photos)
        assert torch.allclose(before["ab"], after["ab"], atol=1e-4)
        assert torch.equal(before["decisions"].patches, after["decisions"].patches)
        again = with_whole_head(painting.state_dict())
        assert again.keys() == network.state_dict().keys()
        network.load_state_dict(again)
        assert torch.allclose(before["ab"], run(network, photos)["ab"], atol=1e-4)
    assert before["ab"].std() > 0.1


def test_the_strongest_pictures_are_taken_and_fewer_may_be_taken_later(network, photos):
    network.head.weight.mul_(0.2)
    before = run(network, photos)["ab"]
    lost = [(run(with_pictures(network, rank, photos), photos)["ab"] - before).square().mean() for rank in (2, 4, 16)]
    assert lost == sorted(lost, reverse=True) and 0 < lost[2] < 0.7 * lost[0]
    later = with_pictures(with_pictures(network, 16, photos), 4, photos)
    assert (run(later, photos)["ab"] - before).square().mean() == pytest.approx(lost[1].item(), rel=0.05)
    others = [p for name, p in later.named_parameters() if not name.startswith(("head.", "pictures."))]
    ours = [p for name, p in network.named_parameters() if not name.startswith("head.")]
    assert all(map(torch.equal, others, ours))


def test_a_run_begins_with_pictures_or_with_what_they_add_up_to(network, photos, tmp_path):
    painting = with_pictures(network, 9, photos)
    path = tmp_path / "painting.safetensors"
    values = {name: value.numpy() for name, value in painting.state_dict().items()}
    write_weights(path, painting.config, values, np.float32)
    expected = run(painting, photos)["ab"]
    for config in painting.config, network.config:
        begun = ColorizationViT(config).eval()
        start_from(begun, str(path))
        assert torch.allclose(run(begun, photos)["ab"], expected, atol=1e-4)
    with pytest.raises(RecipeError, match="another network"):
        start_from(ColorizationViT(replace(network.config, head_rank=8)), str(path))


def test_a_budget_names_the_same_decisions_as_shares_of_the_cheaper_network(photos):
    config = ModelConfig(32, 3, 2, budget_knots=3, least_budget=0.6, budget=0.8)
    network = ColorizationViT(config).eval().requires_grad_(False)
    painting = with_pictures(network, 8, photos)
    assert 0 < painting.config.least_budget < 0.6 and painting.config.least_budget < painting.config.budget < 0.8
    before, after = cost(config, 196), cost(painting.config, 196)
    for name in "least_budget", "budget":
        share = (getattr(config, name) * before - (before - after)) / after
        assert getattr(painting.config, name) == pytest.approx(share, abs=0.0051), name  # in whole percents
    places = [(each.budget - each.least_budget) / (1 - each.least_budget) for each in (config, painting.config)]
    assert places[0] == pytest.approx(places[1])  # of the usual one among the knots


@pytest.fixture
def weights(network, tmp_path):
    path = tmp_path / "some.safetensors"
    write_weights(path, network.config, {name: value.numpy() for name, value in network.state_dict().items()})
    return path


def test_the_command_shows_what_extra_parts_are_worth(weights, shard, capsys):
    thrift.main([str(weights), "--data", str(shard), "--limit", "4"])
    shown = capsys.readouterr().out
    assert "some alone, 10 hints" in shown and "what extra parts are worth" in shown
    assert "2.attention" in shown and "2.ffn" not in shown
    assert shown.count("none gets it") == shown.count("others get it") == 5


def test_the_command_writes_what_it_was_asked_for(weights, shard, tmp_path, capsys):
    out = tmp_path / "other.safetensors"
    arguments = "--limit 4 --fold 0.attention 1.ffn --route 0.ffn=0.3 --again 2.ffn --head 9"
    thrift.main([str(weights), "--data", str(shard), "--out", str(out), *arguments.split()])
    shown = capsys.readouterr().out
    assert shown.index("0.attention") < shown.index("0.30 of the patches") < shown.index("runs again")
    assert "layers = 1.0000" in shown and shown.index("runs again") < shown.index("9 pictures")
    assert load_weights(out).config.head_rank == 9
    other = ColorizationViT(load_weights(out).config).eval()
    other.load_state_dict({name: torch.from_numpy(value) for name, value in load_weights(out).tensors.items()})
    decided = other(thrift.read_photos(str(shard), 4)[0].x, "masked")["decisions"]
    assert decided.layers.all()
    shares = decided.patches.mean((0, 3))
    assert shares[0, 0] == shares[1, 1] == shares[2, 1] == 0
    assert 0.2 < shares[0, 1] < 0.4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--fold 0.ffn --route 0.ffn=0.5 --out x", "--fold and --route both have 0.ffn"),
        ("--fold 3.ffn --out x", "some has no layer 3.ffn"),
        ("--fold mlp --out x", "'mlp' is no layer: write 4.ffn or 0.attention"),
        ("--route 0.ffn --out x", "'0.ffn' names no share of the patches: write 4.ffn=0.6"),
        ("--fold 0.ffn", "go with --out"),
        ("--out x", "go with --out"),
        ("--head 9", "go with --out"),
        ("--head 0 --out x", "--head 0: give a number of pictures from 1 to 511"),
    ],
)
def test_what_cannot_be_done_is_said_before_photos_are_read(weights, arguments, message, capsys):
    with pytest.raises(SystemExit):
        thrift.main([str(weights), "--data", "none.tar", *arguments.split()])
    assert message in capsys.readouterr().err


def test_a_layer_that_never_runs_has_nothing_to_fold(weights, shard, capsys):
    with pytest.raises(SystemExit):
        thrift.main([str(weights), "--data", str(shard), "--limit", "2", "--fold", "2.ffn", "--out", "x"])
    assert "2.ffn ran for no photo: name it in --again, too" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ModelConfig(32, 2, 2, groups=1, adaptive=False), "other is no AdaColViT"),
        (ModelConfig(32, 2, 2, budget_knots=3), "other takes budgets, which share their base parts"),
        (ModelConfig(32, 2, 2, slim=(((8, 8, 64), (8, 8, 0)),) * 2), "0.ffn of other has no extra part"),
    ],
)
def test_not_every_network_can_be_changed(config, message, tmp_path, capsys):
    path = tmp_path / "other.safetensors"
    write_weights(path, config, {name: value.numpy() for name, value in build(config).state_dict().items()})
    with pytest.raises(SystemExit):
        thrift.main([str(path), "--data", "none.tar", "--fold", "0.ffn", "--out", "x"])
    assert message in capsys.readouterr().err
