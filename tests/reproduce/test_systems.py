"""Which weights a system gets, and the recipe that trains all of them alike."""

from dataclasses import replace

import numpy as np
import pytest

from adacolvit.errors import RecipeError, UsageError, WeightsError
from adacolvit.model.cost import cost
from adacolvit.model.registry import NETWORKS, find
from adacolvit.reproduce import paper
from adacolvit.reproduce.budgets import LAYERS, PATCHES, budget, with_budget
from adacolvit.reproduce.experiment import NAMES, load
from adacolvit.reproduce.paper import ADACOLVIT_T, DYNAMICVIT, ICOLORIT_T, LEVIN, TWIN, System
from adacolvit.reproduce.systems import Trained, parse, recipe_for, resolve
from adacolvit.weights import list_models

SYSTEMS = {system for name in NAMES for system in load(name).systems}


@pytest.mark.parametrize(
    ("network", "gmacs"),
    [("tiny", 0.78), ("tiny-d24", 1.18), ("tiny-g4", 0.75), ("tiny-g8", 0.74), ("tiny-patches", 0.95)],
)
def test_a_budget_costs_what_is_wanted(network, gmacs):
    """Many photos with layers and patches drawn by chance at the budget's means cost that on average."""
    config = getattr(find(network), "backbone", find(network))
    layers, patches = budget(find(network), gmacs)
    assert layers == (1 if network == "tiny-patches" else LAYERS)
    rng, spent = np.random.default_rng(3), []
    for _ in range(300):
        kept = np.full((config.depth, 2), round(patches * PATCHES))
        spent.append(cost(config, PATCHES, rng.random((config.depth, 2)) < layers, kept))
    assert np.mean(spent) / 1e9 == pytest.approx(gmacs, rel=0.02)


def test_layers_alone_and_chance():
    layers, patches = budget(find("tiny-layers"), 0.95)
    assert patches == 1 and 0.4 < layers < 0.7
    random = find("tiny-random")
    layers, patches = budget(random, 0.95)
    drawn = with_budget(random, layers, patches)
    assert (drawn.layers, drawn.patches) == (layers, patches) != (random.layers, random.patches)
    assert with_budget(find("tiny"), layers, patches) == find("tiny")


def test_costs_that_cannot_be():
    for network, gmacs in (("tiny-patches", 0.78), ("tiny", 0.2), ("tiny", 2.0), ("tiny-layers", 0.1)):
        with pytest.raises(RecipeError, match=f"cannot cost {gmacs} GMACs"):
            budget(find(network), gmacs)
    assert budget(find("icolorit-t"), None) == budget(find("uformer-s"), None) == (1, 1)


def test_every_system_of_the_paper_is_in_the_registry():
    systems = {value for value in vars(paper).values() if isinstance(value, System)}
    assert systems == SYSTEMS, "none is left without a table or figure"
    assert {system.network for system in systems} <= NETWORKS.keys() | {"levin", "nearest", "gray"}


@pytest.mark.parametrize("samples", [3, 1000, 123_457])
def test_all_are_trained_alike(samples):
    alike = set()
    for system in sorted(SYSTEMS, key=str):
        if system.network in ("levin", "nearest", "gray"):
            continue
        recipe = recipe_for(system, samples, ["photos.tar"])
        assert recipe.samples == samples and recipe.name == system.network and recipe.train == ("photos.tar",)
        stages = tuple(replace(stage, layers=1.0, patches=1.0) for stage in recipe.stages)
        alike.add((stages, recipe.optimizer, recipe.seed, recipe.init))
    assert len(alike) == 1 and next(iter(alike))[-1] == ""
    with pytest.raises(RecipeError, match="1 samples are fewer than the recipe has stages"):
        recipe_for(ADACOLVIT_T, 1, [])


def test_a_teacher_is_in_the_recipe():
    assert DYNAMICVIT.teacher == TWIN
    assert recipe_for(DYNAMICVIT, 100, [], "twin.safetensors").teacher == "twin.safetensors"
    assert recipe_for(TWIN, 100, []).teacher == ""


def test_weights_are_given_by_network():
    (shipped,) = [model for model in list_models() if model.name == "tiny"]
    assert parse("tiny=tiny") == Trained("tiny", "tiny", shipped.sha256[:12])
    assert parse("tiny=tiny@81600").samples == 81_600
    at_budget = parse("tiny=tiny@0.4@81600")
    assert at_budget == Trained("tiny", "tiny@0.4", shipped.sha256[:12] + "@0.4", 81_600)
    for text, error, words in (
        ("tiny", UsageError, "write NETWORK=FILE"),
        ("enormous=tiny", UsageError, "no network named 'enormous'"),
        ("tiny=missing.safetensors", WeightsError, "cannot read"),
        ("icolorit-s=tiny", RecipeError, "has width 192, a icolorit-s has width 384"),
        ("tiny-d24=tiny", RecipeError, "has depth 12, a tiny-d24 has depth 24"),
    ):
        with pytest.raises(error, match=words):
            parse(text)


def test_given_weights_come_before_shipped_ones_and_both_budgets_count():
    two = [Trained("tiny", "a", "1"), Trained("tiny", "b", "2")]
    found, missing = resolve([ADACOLVIT_T, ICOLORIT_T, LEVIN], two, None)
    assert found == [*two, Trained("levin")] and missing == [ICOLORIT_T]
    found, missing = resolve([ADACOLVIT_T, ICOLORIT_T], [], None)
    assert [t.weights for t in found] == ["tiny"] and missing == [ICOLORIT_T]


def test_where_networks_are_trained_the_shipped_one_is_left_alone():
    trained = []

    def train(system):
        trained.append(system)
        return Trained(system.network, "fresh", "0", 100)

    found, missing = resolve([ADACOLVIT_T, ICOLORIT_T, LEVIN], [Trained("icolorit-t", "mine", "1")], train)
    assert trained == [ADACOLVIT_T] and not missing
    assert [t.weights for t in found] == ["fresh", "mine", ""]
