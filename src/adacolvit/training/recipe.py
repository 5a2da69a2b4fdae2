"""A recipe: everything that decides what a training run computes, read from a TOML file."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from itertools import zip_longest
from pathlib import Path

from adacolvit.errors import RecipeError, UsageError
from adacolvit.hints.frame import PATCH
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import NETWORKS, NetworkConfig, config_from

GATES = ("kept", "open", "measured", "around", "grown")
DECAYS = ("linear", "cosine")
MODES = ("dense", "masked")  # of the network's, those that take batches
PRECISIONS = ("auto", "fp32", "bf16")  # of a run's products, not of its recipe; weights, sums and updates are float32
SHORT_SIDE = 256  # of the photos, in pixels; most crops of 8 to 100 % of such a photo have to be enlarged for 224 px
LONG = 80  # characters: values of which more would have to be shown are not
_RECIPES = resources.files(__package__) / "recipes"


@dataclass(frozen=True)
class Optimizer:
    """Muon for the blocks' matrices, AdamW for the rest; linear warm-up, constant, decay to zero."""

    matrix_lr: float = 0.02  # Muon's; its updates are orthogonal, so this is a step in spectral norm
    lr: float = 2e-3  # AdamW's
    fresh: tuple[str, ...] = ()  # layers such as "6.ffn" that have still to learn what the others know
    fresh_lr: float = 0.02  # Muon's for their matrices
    gate_lr: float = 5e-5  # AdamW's for decision networks: on raw tokens, 2e-3 moves a logit by whole units per step
    muon: bool = True  # False: AdamW for everything
    weight_decay: float = 0.05
    warmup: int = 5_000  # samples
    decay_from: float = 0.5  # fraction of the run after which the rate falls; 1.0: never
    decay: str = "linear"  # how it falls: "linear", or "cosine", half a wave
    clip: float = 1.0  # global gradient norm
    ema: float = 0.998  # per step

    def __post_init__(self) -> None:
        if self.decay not in DECAYS:
            raise RecipeError(f"an optimizer has decay {self.decay!r}: known are {', '.join(DECAYS)}")


@dataclass(frozen=True)
class Stage:
    """One span of a run, at one size and in one mode."""

    samples: int
    size: int = 112  # side of the square crop in pixels, a multiple of 16
    vary: float = 0.0  # fraction of the steps on a grid of another aspect (2:3 to 3:2) and as many tokens
    batch: int = 96  # over all processes
    mode: str = "dense"  # "dense": everything kept; "masked": gates are sampled
    crop: tuple[float, float] = (0.3, 1.0)  # area of the random crop as a fraction of the photo
    fade: float = 0.0  # fraction of the photos whose chroma is lowered, to anything down to none
    jitter: float = 0.0  # how far each photo's colors are moved: of ln chroma and of hue in radians, standard deviation
    curve: float = 0.0  # how far each photo's lightness is bent: of ln gamma, standard deviation
    mix: float = 0.0  # fraction of the photos of which a window shows another one
    max_hints: int = 64  # hint counts are uniform in 0..max_hints, but for ``few`` of the photos
    few: float = 0.3  # fraction of photos with 0..10 hints, where a person starts
    refined: float = 0.0  # share of the color loss that is taken after the product's refinement
    log: float = 0.0  # share of the color loss that is the logarithm of each photo's squared error, see loss.color_loss
    layers: float = 1.0  # beta_2: wanted mean of the layer decisions (Eq. 13)
    patches: float = 1.0  # beta_1: wanted mean of the patch decisions in kept layers
    budgets: tuple[float, float] | tuple[()] = ()  # range that a step draws its budget from; (): the means above
    usual: float = 0.3  # fraction of the steps at the network's own budget instead, where there is a range
    anneal: float = 0.2  # fraction of the stage over which the budget comes down from the previous stage's
    temperature: float = 1.0  # of the Gumbel-sigmoid
    noise: float = 1.0  # of the Gumbel-sigmoid: 1 is the published one, 0 decides as inference does

    def __post_init__(self) -> None:
        if self.samples < 1 or self.batch < 1:
            raise RecipeError(f"a stage has {self.samples} samples in batches of {self.batch}: give 1 or more of each")
        if self.size < PATCH or self.size % PATCH:
            raise RecipeError(f"a stage has size {self.size}: give a multiple of {PATCH}")
        for name in ("refined", "log", "fade", "mix"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"a stage has {name} {getattr(self, name)}: give a share in 0..1")
        for name in ("jitter", "curve"):
            if getattr(self, name) < 0:
                raise RecipeError(f"a stage has {name} {getattr(self, name)}: give 0 or more")
        if self.budgets and not (len(self.budgets) == 2 and 0 < self.budgets[0] < self.budgets[1] <= 1):
            raise RecipeError(f"a stage has budgets {list(self.budgets)}: give two shares, the lower one first")
        if self.mode not in MODES:
            raise RecipeError(f"a stage has mode {self.mode!r}: known are {', '.join(MODES)}")


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    name: str
    model: NetworkConfig
    stages: tuple[Stage, ...]
    optimizer: Optimizer = field(default_factory=Optimizer)
    train: tuple[str, ...] = ()  # tar shards or folders
    validation: str = ""  # tar shard or folder
    # "kept": gates start as ``init`` has them, all open in fresh weights; "open": all open, whatever ``init`` decides;
    # "measured": at the first stage's budget, see gates.set_gates, or for any budget, see budgets; "around": for any
    # budget, around the decisions of ``init``, which was trained for one; "grown": measured, and ``init`` is a smaller
    # network, see grow.grow
    gates: str = "kept"
    init: str = ""  # checkpoint whose weights this run starts from; "": fresh weights
    after: str = ""  # recipe whose weights this one goes on from, by ``init``; "": any, or fresh ones
    teacher: str = ""  # weights of a network whose color is learnt beside the true one, see .teacher; "": none
    taught: float = 0.5  # share of the color loss that is taken against the teacher's color
    short_side: int = SHORT_SIDE  # at which photos are kept at most; larger ones take more memory and time to decode
    seed: int = 0
    budget_weight: float = 1.0  # of the budget terms beside the Huber loss

    def __post_init__(self) -> None:
        if self.gates not in GATES:
            raise RecipeError(f"a recipe has gates {self.gates!r}: known are {', '.join(GATES)}")
        if self.gates != "kept" and not getattr(self.model, "adaptive", False):
            raise RecipeError(
                f"recipe {self.name} wants {self.gates} gates, which an AdaColViT alone has: leave gates out,"
                " or take a recipe without, such as imagenet-masked"
            )
        if not 0 < self.taught <= 1:
            raise RecipeError(f"recipe {self.name} has taught {self.taught}: give the teacher's share, in 0..1")
        if self.short_side < PATCH:
            raise RecipeError(f"a recipe has short_side {self.short_side}: give {PATCH} pixels or more")
        knots = getattr(self.model, "budget_knots", 0)
        if self.gates == "around" and not knots:
            raise RecipeError("gates around those of one budget: the model needs budget_knots")
        if any(bool(stage.budgets) != bool(knots) for stage in self.stages if stage.mode == "masked"):
            raise RecipeError(f"a model with {knots} budget_knots: every masked stage needs budgets if it has some")
        if getattr(self.model, "decides", False) and all(stage.mode != "masked" for stage in self.stages):
            raise RecipeError(
                f"recipe {self.name} has dense stages only, where the decisions of {self.model.family} networks learn"
                " nothing: take a recipe with a masked stage, such as imagenet-masked"
            )

    @property
    def samples(self) -> int:
        """Samples of the whole run."""
        return sum(stage.samples for stage in self.stages)

    def lasting(self, samples: int) -> "Recipe":
        """The same over ``samples``, about: every stage keeps its share of them, in whole batches, at least one."""
        steps = [-(-stage.samples // stage.batch) for stage in self.stages]
        counts = in_proportion(max(len(steps), round(samples * sum(steps) / self.samples)), steps)
        stages = (replace(stage, samples=n * stage.batch) for n, stage in zip(counts, self.stages, strict=True))
        return replace(self, stages=tuple(stages))

    @property
    def one_size(self) -> bool:
        """Whether all batches have as many photos on the same grid."""
        return len({(stage.size, stage.batch) for stage in self.stages}) == 1 and not any(s.vary for s in self.stages)

    def stage_at(self, sample: int) -> tuple[Stage, float, Stage | None]:
        """The stage that ``sample`` falls in, how far it has gone (0..1), and the stage before it."""
        before = None
        for stage in self.stages:
            if sample < stage.samples or stage is self.stages[-1]:
                return stage, min(sample / stage.samples, 1.0), before
            sample -= stage.samples
            before = stage
        raise AssertionError("a recipe has stages")

    def to_dict(self) -> dict:
        """Plain values, as kept in checkpoints."""
        return asdict(self) | {"model": self.model.to_dict()}


def in_proportion(whole: int, parts: Sequence[int]) -> list[int]:
    """``whole``, no less than the number of ``parts``, divided as they are to each other; every share is 1 or more."""
    shares, left, rest = [], whole, sum(parts)
    for after, part in zip(reversed(range(len(parts))), parts, strict=True):
        shares.append(min(max(round(left * part / rest), 1), left - after))
        left, rest = left - shares[-1], rest - part
    return shares


def differences(before: dict, now: dict, where: str = "") -> list[str]:
    """Where two recipes, each as of :meth:`Recipe.to_dict`, differ: "optimizer.lr 0.002 -> 0.004" and the like.

    Entries that the one before lacks are left out: it was written before they were invented, with their defaults.
    """
    found = []
    for name in now.keys() & before.keys():
        old, new, place = before[name], now[name], f"{where}{name}"
        if isinstance(new, dict):
            found += differences(old, new, f"{place}.")
        elif name == "stages":
            for number, stages in enumerate(zip(old, new, strict=False), 1):
                found += differences(*stages, f"stage {number} ")
            if len(old) != len(new):
                found.append(f"stages {len(old)} -> {len(new)}")
        elif old != new:
            values = f"{old} -> {new}"
            found.append(f"{place} {values}" if len(values) <= LONG else place)
    return sorted(found)


def _fill(kind, values: dict, where: str):
    known = {f.name for f in fields(kind)}
    if unknown := set(values) - known:
        raise RecipeError(f"{where} has unknown entries {sorted(unknown)}; known are {sorted(known)}")
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    except TypeError as error:
        raise RecipeError(f"{where} is incomplete: {error}") from error


def shipped() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(p.name[:-5] for p in _RECIPES.iterdir() if p.name.endswith(".toml"))


def _read(name_or_path: str, beside: Path = Path(), readers: tuple[Path, ...] = ()) -> tuple[Path, dict]:
    """The file of a recipe, and its entries over those of the recipe that it is ``like``.

    beside: the folder that a path is relative to. readers: the recipes that this one is read for. Raises UsageError,
    RecipeError.
    """
    path = Path(name_or_path)
    if not path.suffix:
        if name_or_path not in shipped():
            raise UsageError(f"no recipe {name_or_path}: give a .toml file or one of {', '.join(shipped())}")
        path = _RECIPES / f"{name_or_path}.toml"
    path = beside / path
    if path.resolve() in readers:
        raise RecipeError(f"recipe {name_or_path} is like itself: name another one in like, or none")
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise RecipeError(f"there is no recipe {name_or_path}: check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe {name_or_path} is not valid TOML: {error}") from error
    if "like" in values:
        like = values.pop("like")
        if not isinstance(like, str):
            raise RecipeError(f"recipe {name_or_path} is like {like!r}: give the name or path of another one")
        _, other = _read(like, path.parent, (*readers, path.resolve()))
        other.pop("name", None)
        values = _over(other, values)
    return path, values


def _over(other: dict, own: dict) -> dict:
    """Entries of a recipe, table by table and stage by stage, over those of another one."""
    merged = other | own
    for name in other.keys() & own.keys():
        kinds = {type(other[name]), type(own[name])}
        if kinds == {dict}:
            merged[name] = other[name] | own[name]
        elif name == "stages" and kinds == {list}:
            pairs = zip_longest(other[name], own[name], fillvalue={})
            merged[name] = [before | stage for before, stage in pairs]
    return merged


def load_recipe(name_or_path: str, samples: int | None = None, **overrides) -> Recipe:
    """Read a recipe by file path, or by the name of one that comes with the package.

    One with an entry ``like``, the name of another recipe or its path from there, says what it has otherwise: its
    tables hold over that one's, its first [[stages]] over that one's first, and so on.

    samples: how long the run is to be, see :meth:`Recipe.lasting`; None: as the recipe says. ``overrides`` replace
    top-level entries (train, validation, init, teacher, short_side, seed) where they are not None.
    Raises UsageError for a name that is none, RecipeError for a recipe that cannot be used.
    """
    path, values = _read(name_or_path)
    values.setdefault("name", path.name.removesuffix(".toml"))
    model = values.pop("model", "tiny")
    if isinstance(model, str):
        if model not in NETWORKS:
            raise RecipeError(f"recipe {name_or_path} wants model {model!r}; known are {', '.join(NETWORKS)}")
        values["model"] = NETWORKS[model]
    elif "family" in model:
        values["model"] = config_from(model)
    else:
        values["model"] = _fill(ModelConfig, model, f"[model] of {name_or_path}")
    values["stages"] = [_fill(Stage, stage, f"a [[stages]] of {name_or_path}") for stage in values.get("stages", [])]
    values["optimizer"] = _fill(Optimizer, values.get("optimizer", {}), f"[optimizer] of {name_or_path}")
    values |= {k: v for k, v in overrides.items() if v is not None}
    if not values["stages"]:
        raise RecipeError(f"recipe {name_or_path} has no [[stages]]: there is nothing to train")
    recipe = _fill(Recipe, values, f"recipe {name_or_path}")
    return recipe.lasting(samples) if samples else recipe
