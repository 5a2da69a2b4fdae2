"""Recipes are read strictly, and the shipped ones are whole."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from adacolvit.cli import main
from adacolvit.errors import RecipeError, UsageError
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions
from adacolvit.model.registry import RIVALS, find
from adacolvit.reproduce.budgets import budget
from adacolvit.training import optimizer
from adacolvit.training.loss import budget_at, budget_loss, kept
from adacolvit.training.optimizer import orthogonalize, rate
from adacolvit.training.recipe import Optimizer, Recipe, Stage, load_recipe, shipped
from adacolvit.weights import load_weights


@pytest.mark.parametrize("name", shipped())
def test_shipped_recipes_load(name):
    recipe = load_recipe(name)
    assert recipe.name == name and recipe.samples > 0
    assert recipe.after in ("", *shipped()) and (recipe.after or recipe.gates == "kept")


def test_the_shipped_weights_are_trained_on_as_they_are():
    assert load_recipe("tiny-on").model == replace(load_weights("tiny").config, slim=())  # they bring their widths


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = 'huge'", "known are"),
        ("[[stages]]\nsamples = 5\nsise = 3", "sise"),
        ("model = 'tiny'", "no .*stages"),
        ("[[stages]]\nsize = 32", "incomplete"),
        ("a = = 3", "not valid TOML"),
        ("gates = 'mesured'\n[[stages]]\nsamples = 5", "known are kept, open, measured"),
        ("[[stages]]\nsamples = 5\nrefined = 2.0", "share in 0..1"),
        ("[[stages]]\nsamples = 5\nlog = -0.5", "share in 0..1"),
        ("[[stages]]\nsamples = 5\nmix = 1.5", "share in 0..1"),
        ("[[stages]]\nsamples = 5\nfade = 1.5", "share in 0..1"),
        ("[[stages]]\nsamples = 5\ncurve = -0.1", "curve .*0 or more"),
        ("[[stages]]\nsamples = 0", "1 or more"),
        ("short_side = 8\n[[stages]]\nsamples = 5", "16 pixels or more"),
        ("[[stages]]\nsamples = 5\nsize = 100", "multiple of 16"),
        ("[optimizer]\ndecay = 'cubic'\n[[stages]]\nsamples = 5", "linear, cosine"),
        ("[[stages]]\nsamples = 5\nmode = 'maskd'", "dense, masked"),
        ("[model]\nwidth = 30\nheads = 4\n[[stages]]\nsamples = 5", "divided"),
    ],
)
def test_a_bad_recipe_is_named(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(Exception, match=message) as caught:
        load_recipe(str(path))
    assert caught.type.__module__ == "adacolvit.errors"


def test_a_recipe_may_say_what_it_has_otherwise_than_another(tmp_path, monkeypatch, capsys):
    path = tmp_path / "own" / "wider.toml"
    path.parent.mkdir()
    path.write_text("like = '../base.toml'\nseed = 3\n[[stages]]\n[[stages]]\nlayers = 0.9\n[[stages]]\nsamples = 7")
    (tmp_path / "base.toml").write_text(
        "like = 'tiny-mixed'\nname = 'base'\ngates = 'measured'\n[optimizer]\nlr = 0.25\n[[stages]]\nsize = 32"
    )
    recipe, first = load_recipe(str(path)), load_recipe("tiny-mixed")
    assert recipe.name == "wider" and recipe.seed == 3 and recipe.gates == "measured"
    assert recipe.after == first.after and recipe.model == first.model
    assert recipe.optimizer == replace(first.optimizer, lr=0.25)
    assert recipe.stages[:2] == (replace(first.stages[0], size=32), replace(first.stages[1], layers=0.9))
    assert recipe.stages[2] == Stage(samples=7)
    assert main(["train", str(path), "--show", "--seed", "5"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads(json.dumps(replace(recipe, seed=5).to_dict()))


def test_a_recipe_that_is_like_another_has_its_own_model(tmp_path):
    stage = "[[stages]]\nbudgets = [0.3, 1.0]\n"
    (tmp_path / "any.toml").write_text(f"like = 'tiny-mixed'\n[model]\nbudget_knots = 3\n{stage}{stage}")
    assert load_recipe(str(tmp_path / "any.toml")).model.budget_knots == 3


def test_a_teacher_has_a_share_of_the_loss(tmp_path):
    (tmp_path / "own.toml").write_text("like = 'tiny-again'\ntaught = 1.5")
    with pytest.raises(RecipeError, match=r"taught 1\.5: give the teacher's share"):
        load_recipe(str(tmp_path / "own.toml"))


def test_recipes_that_are_like_nothing(tmp_path):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text("like = 'other.toml'")
    for like, message in (("'one.toml'", "like itself"), ("'nothing.toml'", "check the path"), ("3", "like 3: give")):
        other.write_text(f"like = {like}")
        with pytest.raises(RecipeError, match=message):
            load_recipe(str(one))
    other.write_text("like = 'nothing-like-it'")
    with pytest.raises(UsageError, match="tiny-stem"):
        load_recipe(str(one))


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UsageError, match="tiny-stem"):
        load_recipe("nothing-like-it")
    with pytest.raises(RecipeError, match="check the path"):
        load_recipe("nothing-like-it.toml")


@pytest.mark.parametrize("samples", [4_000_000, 100_000, 1])
def test_a_run_may_last_as_long_as_wanted(samples):
    recipe = load_recipe("tiny-longer-end")
    lasting = load_recipe("tiny-longer-end", samples)
    longest = max(stage.batch for stage in recipe.stages)
    assert len(lasting.stages) == len(recipe.stages) and lasting.optimizer == recipe.optimizer
    for before, stage in zip(recipe.stages, lasting.stages, strict=True):
        assert stage.samples % stage.batch == 0
        assert abs(stage.samples - samples * before.samples / recipe.samples) <= longest


def test_the_recipe_for_imagenet_costs_what_it_says():
    recipe = load_recipe("imagenet")
    (stage,), config, patches = recipe.stages, recipe.model, 196
    bare = cost(config, patches, np.zeros((config.depth, 2), bool))
    whole = cost(config, patches, kept=np.full((config.depth, 2), round(stage.patches * patches)))
    assert (bare + stage.layers * (whole - bare)) / 1e9 == pytest.approx(0.78, abs=0.002)


@pytest.mark.parametrize("select", ["patches", "layers"])
def test_the_ablations_on_imagenet_cost_what_the_papers_do(select):
    (stage,) = load_recipe("imagenet-masked").stages
    layers, patches = budget(find(f"tiny-{select}"), 0.95)
    assert getattr(stage, select) == pytest.approx({"patches": patches, "layers": layers}[select], abs=1e-4)


@pytest.mark.parametrize("name", [name for name, config in RIVALS.items() if config.decides])
def test_networks_that_decide_are_not_trained_without_decisions(name):
    assert load_recipe("imagenet-masked", model=find(name)).gates == "kept"
    with pytest.raises(RecipeError, match="learn nothing: take a recipe with a masked stage"):
        load_recipe("imagenet-dense", model=find(name))


@pytest.mark.parametrize("name", ["icolorit-t", "swinir-s", "tiny"])
def test_other_networks_may_be_trained_dense(name):
    assert load_recipe("imagenet-dense", model=find(name)).model == find(name)


def test_stages_follow_each_other(recipe_file):
    recipe = load_recipe(recipe_file)
    assert recipe.stage_at(0)[0].mode == "dense"
    stage, done, before = recipe.stage_at(40)
    assert stage.mode == "masked" and done == 0.25 and before.mode == "dense"


@pytest.mark.parametrize(
    ("stages", "one"),
    [
        ([{}, {"jitter": 0.1}], True),
        ([{}, {"size": 64}], False),
        ([{}, {"batch": 8}], False),
        ([{}, {"vary": 0.5}], False),
    ],
)
def test_a_recipe_knows_whether_its_batches_are_all_of_one_size(stages, one):
    stages = tuple(Stage(samples=1, **values) for values in stages)
    assert Recipe("made", find("tiny"), stages).one_size == one


def test_rate_warms_up_holds_and_falls_to_zero():
    settings = Optimizer(warmup=100, decay_from=0.5)
    assert rate(settings, 0, 1000) == pytest.approx(0.01)
    assert rate(settings, 300, 1000) == 1.0
    assert rate(settings, 750, 1000) == pytest.approx(0.5)
    assert rate(settings, 1000, 1000) == 0.0
    cosine = Optimizer(warmup=100, decay_from=0.5, decay="cosine")
    assert [rate(cosine, sample, 1000) for sample in (300, 500, 750, 1000)] == pytest.approx([1, 1, 0.5, 0])
    assert rate(cosine, 600, 1000) == pytest.approx((1 + math.cos(math.radians(36))) / 2)
    assert rate(Optimizer(decay_from=1.0), 999_999, 1_000_000) == 1.0


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("shape", [(3, 8, 20), (2, 20, 8)])
def test_orthogonalize_evens_out_singular_values(shape, bf16, monkeypatch):
    monkeypatch.setattr(optimizer, "multiplies_bf16", lambda device: bf16)
    torch.manual_seed(0)
    result = orthogonalize(torch.randn(shape))
    values = torch.linalg.svdvals(result)
    assert result.dtype == torch.float32
    assert values.min() > 0.6 and values.max() < 1.3


def test_budget_counts_patches_of_kept_layers_only():
    layers = torch.tensor([[[1.0, 0.0]]])
    patches = torch.tensor([[[[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]]])
    decisions = Decisions(layers, patches)
    assert [v.item() for v in kept(decisions)] == [0.25, 0.5]
    assert budget_loss(decisions, (0.25, 0.5)).item() == 0.0
    assert budget_loss(decisions, (0.35, 0.7)).item() == pytest.approx(0.1**2 + 0.2**2)


def test_budget_comes_down_from_one():
    stage = Stage(samples=10, patches=0.4, layers=0.8, anneal=0.5)
    assert budget_at(stage, 0.0, None) == (1.0, 1.0)
    assert budget_at(stage, 0.25, None) == pytest.approx((0.7, 0.9))
    assert budget_at(stage, 0.9, None) == pytest.approx((0.4, 0.8))
    assert budget_at(stage, 0.0, stage) == pytest.approx((0.4, 0.8))
