"""From a system's name to weights: given, shipped, or trained here on as many samples as all others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adacolvit.errors import DataError, RecipeError, UsageError
from adacolvit.evaluation.methods import BASELINES, at_budget, split_budget
from adacolvit.files import make_folder, write_file
from adacolvit.model.registry import find
from adacolvit.weights import list_models, load_weights

from .budgets import budget, with_budget
from .paper import System

RECIPE = Path(__file__).with_name("recipe.toml")


@dataclass(frozen=True)
class Trained:
    """Weights of a network; of a baseline, its name alone."""

    network: str
    weights: str = ""  # name in the manifest, or path
    digest: str = ""  # first 12 digits of the file's SHA-256, and the budget where one is named
    samples: int | None = None  # seen in training; None: not known


def parse(text: str) -> Trained:
    """``NETWORK=FILE``, ``NETWORK=FILE@BUDGET`` or either with ``@SAMPLES`` seen in training behind it.

    A budget is written with a point (0.4), samples without. Raises UsageError, RecipeError, WeightsError.
    """
    network, equals, rest = text.partition("=")
    path, _, samples = rest.rpartition("@") if rest.rpartition("@")[2].isdecimal() else (rest, "", "")
    if not equals or not path:
        raise UsageError(f"{text!r} names no weights: write NETWORK=FILE, or NETWORK=FILE@SAMPLES seen in training")
    file, budget = split_budget(path)
    config, weights = find(network), load_weights(file, rivals=True)
    for name in ("width", "depth"):
        wanted, is_there = getattr(config, name, None), getattr(weights.config, name, None)
        if wanted != is_there:
            raise RecipeError(f"{path} has {name} {is_there}, a {network} has {name} {wanted}: give the weights of one")
    return Trained(network, path, at_budget(weights.sha256[:12], budget), int(samples) if samples else None)


def shipped() -> list[Trained]:
    """What comes with the package."""
    return [Trained(model.name, model.name, model.sha256[:12]) for model in list_models()]


def resolve(wanted: Sequence[System], given: Sequence[Trained], train) -> tuple[list[Trained], list[System]]:
    """Weights of each system, and the systems without any.

    given: looked in first, then what is shipped. train: system -> weights, or None to train nothing; where
    there is one, shipped weights are left alone, since they have seen more samples than the others would.
    """
    found, missing = [], []
    for system in wanted:
        own = [trained for trained in given if trained.network == system.network]
        if not own and system.network in BASELINES:
            own = [Trained(system.network)]
        elif not own and train:
            own = [train(system)]
        elif not own:
            own = [trained for trained in shipped() if trained.network == system.network]
        found += own
        if not own:
            missing.append(system)
    return found, missing


def recipe_for(system: System, samples: int, photos: Sequence[str], teacher: str = ""):
    """The recipe that trains any network of the comparison: the same stages, batches, hints and rates for all.

    teacher: weights of the system's teacher. The network starts from fresh weights: beginning from a dense checkpoint
    would give some systems more training than others.
    """
    from adacolvit.training.recipe import in_proportion, load_recipe

    layers, patches = budget(find(system.network), system.gmacs)
    config = with_budget(find(system.network), layers, patches)
    recipe = load_recipe(str(RECIPE), model=config, name=system.network, train=tuple(photos))
    if samples < len(recipe.stages):
        raise RecipeError(f"{samples} samples are fewer than the recipe has stages: give {len(recipe.stages)} or more")
    counts = in_proportion(samples, [stage.samples for stage in recipe.stages])
    stages = tuple(
        replace(stage, samples=count, batch=min(stage.batch, count), layers=layers, patches=patches)
        for count, stage in zip(counts, recipe.stages, strict=True)
    )
    return replace(recipe, stages=stages, teacher=teacher)


def train(
    system: System, samples: int, photos: Sequence[str], folder: Path, cache: Path, reporter, parts: int = 1
) -> Trained:
    """Train a network, or go on with it, or take it from an earlier call with as many samples.

    folder: for the runs. cache: for decoded photos. reporter: see :mod:`adacolvit.training.command`. parts: pieces of a
    step, as of :func:`adacolvit.training.loop.train`. Raises DataError where the earlier call had other photos.
    """
    from adacolvit.training.loop import train as run

    cost = f"-{system.gmacs}g" if system.gmacs else ""
    out = folder / f"{system.network}{cost}-{samples}"
    weights, learnt_from = out / "weights.safetensors", out / "photos.json"
    here = [[Path(source).name, _size(Path(source))] for source in photos]
    if learnt_from.exists() and json.loads(learnt_from.read_text()) != here:
        raise DataError(f"{out} was trained on other photos than {', '.join(photos)}: choose another --work")
    make_folder(out)
    write_file(learnt_from, json.dumps(here).encode())
    if not weights.exists():
        before = (samples, photos, folder, cache, reporter, parts)
        teacher = train(system.teacher, *before).weights if system.teacher else ""
        recipe = recipe_for(system, samples, photos, teacher)
        resume = (out / "last.pt").exists()
        run(recipe, out, cache, resume=resume, every=10_000, reporter=reporter, parts=parts)
    return Trained(system.network, str(weights), load_weights(weights, rivals=True).sha256[:12], samples)


def _size(source: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(path.stat().st_size for path in (source, *source.rglob("*")) if path.is_file())
