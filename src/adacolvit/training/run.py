"""A training run's state, and one step of it."""

import json
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from adacolvit.errors import RecipeError
from adacolvit.files import write_file
from adacolvit.hints.frame import PATCH, square_frame
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import build, config_from
from adacolvit.weights import write_weights

from .budgets import set_budgets, set_budgets_around
from .checkpoint import Average, beginning, load_checkpoint, save_checkpoint, start_from, widths_of
from .compiled import compiled, compiles
from .data import AHEAD, Batch, PhotoCache, make_batch
from .gates import set_gates
from .grow import grow
from .loss import budget_loss, color_losses, executed_share, kept
from .optimizer import make_optimizers, rate, restore, set_rate
from .pace import Leg, Pace
from .plan import GATES, MEASURING, ORIGINS, Planned, random_origin, rng_for
from .recipe import Recipe, differences
from .stream import ShardStream
from .teacher import Teacher

WEIGHTS, START = "weights.safetensors", "start.safetensors"  # at a run's end, and where gates were set at its beginning
RESULTS = ("last.pt", WEIGHTS)  # of a run, by which its folder is known
MEASURED = 64  # photos on which gates are measured


def check_start(recipe: Recipe) -> None:
    """RecipeError where a recipe that is nothing with fresh weights was given none to begin with."""
    if recipe.init:
        return
    if recipe.after:
        raise RecipeError(
            f"recipe {recipe.name} goes on from the weights of {recipe.after}: give them with --init, such as"
            f" runs/{recipe.after}/weights.safetensors"
        )
    if recipe.gates in ("measured", "around", "grown"):
        raise RecipeError(f"recipe {recipe.name} has {recipe.gates} gates: give --init the weights to begin with")


def with_widths(recipe: Recipe, path: str) -> Recipe:
    """The recipe, for weights to begin or to go on with whose layers were slimmed (:mod:`.slim`): as they have them.

    A recipe that says itself how wide layers are, or grows a network, stays as it is.
    """
    model = recipe.model
    if not path or not isinstance(model, ModelConfig) or model.slim or recipe.gates == "grown":
        return recipe
    slim = widths_of(path)
    return recipe if len(slim) != model.depth else replace(recipe, model=replace(model, slim=slim))


class Run:
    """A training run's state: network, optimizers, average, and how far it is."""

    def __init__(
        self, fabric: Fabric, recipe: Recipe, out: Path, resume: bool, photos: PhotoCache | ShardStream, parts: int = 1
    ) -> None:
        self.fabric, self.recipe, self.out, self.parts = fabric, recipe, out, parts
        self.sample = self.step = 0
        self.norms: list[Tensor] = []  # of the gradients since the last check
        self.changed: list[str] = []  # what the recipe says otherwise than that of the checkpoint
        self.photos = self.photos_before = ""  # how they reach the network, and how when the checkpoint was written
        torch.manual_seed(recipe.seed)
        self.network = build(recipe.model)
        if recipe.init and not resume and recipe.gates != "grown":
            start_from(self.network, recipe.init)
        self.teacher = Teacher(recipe, fabric) if recipe.teacher else None
        if recipe.gates != "kept" and not resume:
            self._set_gates(photos)
        state = load_checkpoint(out / "last.pt") if resume else None
        if state:
            if config_from(state["recipe"]["model"]) != recipe.model:
                raise RecipeError(f"{out / 'last.pt'} was made for another network than the recipe's")
            self.network.load_state_dict(state["network"])
            self.sample, self.step = state["sample"], state["step"]
            self.changed = differences(state["recipe"], recipe.to_dict())
            self.photos_before = state.get("photos", "")
        # Of checkpoints from before there were others, the pace was the recipe's own.
        self.pace = Pace(recipe.samples, Leg(self.sample, *(state or {}).get("pace", (float(self.sample), 1.0))))
        self.network.to(fabric.device)
        self.average = Average(self.network, recipe.optimizer.ema)
        optimizers = make_optimizers(self.network, recipe.optimizer)
        if state:
            self.average.restore(state["average"], state["average_steps"])
            restore(optimizers, state["optimizers"])
        step = compiled(self.network, not recipe.one_size) if compiles(fabric.device) else self.network
        self.model, *self.optimizers = fabric.setup(step, *optimizers)
        out.mkdir(parents=True, exist_ok=True)

    def _set_gates(self, photos: PhotoCache | ShardStream) -> None:
        """Let the decisions begin as the recipe says, on a few photos, the same ones in every process."""
        recipe, stage = self.recipe, self.recipe.stages[0]
        if recipe.gates == "open":
            self.network.open_gates()
            return
        rng = rng_for(recipe, MEASURING, 0)
        some = photos
        if isinstance(photos, ShardStream):
            alone = ShardStream(photos.shards, recipe.seed, short_side=recipe.short_side, counts=photos.counts)
            some = list(islice(alone.photos(), MEASURED))
        chosen = rng.integers(len(some), size=MEASURED)
        batch = make_batch(some, stage, square_frame(1, 1, stage.size), chosen, rng)
        if recipe.gates == "grown":
            grow(self.network, beginning(self.network, recipe.init), batch, stage.layers)
        elif recipe.gates == "around":
            set_budgets_around(self.network, batch)
        elif recipe.model.budget_knots:
            set_budgets(self.network, batch)
        else:
            set_gates(self.network, batch, stage.layers, stage.patches)

    def update(self, planned: Planned) -> dict[str, Tensor]:
        """One step; returns what is worth logging. Whether its gradient was finite, :meth:`check` says."""
        fabric, recipe, batch = self.fabric, self.recipe, planned.batch
        set_rate(self.optimizers, rate(recipe.optimizer, self.pace.place(self.sample), recipe.samples))
        torch.manual_seed(int(rng_for(recipe, GATES, self.step, fabric.global_rank).integers(2**62)))
        _, _, height, width = batch.x.shape
        origin = random_origin(rng_for(recipe, ORIGINS, self.step), height // PATCH, width // PATCH)
        self.network.train()
        sums: dict[str, Tensor] = {}
        parts = batch.split(self.parts)
        for number, part in enumerate(parts):
            share = len(part.x) / len(batch.x)
            # Processes exchange gradients once a step, with the last part.
            with fabric.no_backward_sync(self.model, enabled=number < len(parts) - 1):
                for name, value in self._learn(planned, part.to(fabric.device), origin, share).items():
                    sums[name] = sums.get(name, 0) + share * value
        sums["norm"] = torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.optimizer.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.average.update(self.network)
        self.norms.append(sums["norm"])
        self.sample += planned.stage.batch
        self.step += 1
        return sums

    def check(self) -> None:
        """RecipeError where the gradient of a step since the last check, in any process, was not finite."""
        norms, self.norms = self.norms, []
        if not torch.stack(norms).isfinite().all():
            raise RecipeError(
                f"a gradient before sample {self.sample} is not finite, and nothing is learnt from it: lower the rates"
                " (lr, matrix_lr) or lengthen warmup, and go on from the last checkpoint with --resume"
            )

    def hurry(self, now: float, end: float) -> None:
        """Change the pace so that the run is over at ``end``, seconds of the first process's clock, now at ``now``."""
        planned = self.sample + AHEAD * max(stage.batch for stage in self.recipe.stages)
        leg = self.fabric.broadcast(self.pace.aim(self.sample, planned, now, end))
        if leg:
            self.pace.turn(leg)

    def _learn(self, planned: Planned, batch: Batch, origin, share: float) -> dict[str, Tensor]:
        """Add the gradients of a part of a step's photos, ``share`` of them; what was measured on it."""
        recipe, stage = self.recipe, planned.stage
        settings = {"temperature": stage.temperature, "noise": stage.noise, "origin": origin}
        if planned.budget is not None:
            settings["budget"] = planned.budget
        result = self.model(batch.x, stage.mode, **settings)
        loss, measured = color_losses(result["ab"].float(), batch, stage.refined, stage.log)
        if self.teacher:
            loss, apart = self.teacher.pull(loss, self.network, result, batch.x, origin)
            measured |= apart
        if result["decisions"] is not None:
            if planned.budget is None:
                over = budget_loss(result["decisions"], planned.means)
            else:
                spent = executed_share(result["decisions"], recipe.model)
                over = (spent - planned.budget) ** 2
                measured |= {"budget": torch.tensor(planned.budget), "spent": spent.detach()}
            loss = loss + recipe.budget_weight * over
            measured["patches"], measured["layers"] = (v.detach() for v in kept(result["decisions"]))
        for name, value in result.get("losses", {}).items():
            loss = loss + value
            measured[name] = value.detach()
        self.fabric.backward(loss * share)
        return measured

    def save(self) -> None:
        """Write ``last.pt``."""
        bare = [optimizer.optimizer for optimizer in self.optimizers]
        state = {
            "recipe": self.recipe.to_dict(),
            "photos": self.photos,
            "sample": self.sample,
            "step": self.step,
            "pace": (self.pace.place(self.sample), self.pace.leg(self.sample).stride),
        }
        save_checkpoint(self.out / "last.pt", state, self.network, bare, self.average)

    def write(self, name: str) -> None:
        """Write the averaged weights to a file of the folder."""
        values = {key: value.cpu().numpy() for key, value in self.average.values.items()}
        write_weights(self.out / name, self.recipe.model, values)

    def begin(self, resume: bool) -> None:
        """Leave in the folder what belongs to the run as it stands: its beginning, or what the checkpoint knows."""
        log = self.out / "metrics.jsonl"
        if not resume:
            for name in (*RESULTS, START, log.name):
                (self.out / name).unlink(missing_ok=True)
            shutil.rmtree(self.out / "sheets", ignore_errors=True)
            if self.recipe.gates != "kept":
                self.write(START)
        elif log.exists():
            rows = log.read_text().splitlines(keepends=True)
            whole = (row for row in rows if row.endswith("\n"))  # a kill may cut one
            write_file(log, "".join(row for row in whole if json.loads(row)["sample"] <= self.sample).encode())

    def note(self, row: dict[str, float]) -> None:
        """Add a line to ``metrics.jsonl``."""
        with (self.out / "metrics.jsonl").open("a") as log:
            log.write(json.dumps({"sample": self.sample} | {k: round(float(v), 6) for k, v in row.items()}) + "\n")
