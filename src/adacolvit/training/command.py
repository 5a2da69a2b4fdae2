"""``adacolvit train``: arguments, progress, and where things go."""

import argparse
import json
from pathlib import Path

from adacolvit.arguments import positive
from adacolvit.errors import RecipeError

from .recipe import PRECISIONS, Recipe, load_recipe

DEFAULT_CACHE = Path.home() / ".cache" / "adacolvit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "recipe", help="a recipe file (.toml), or the name of one that comes with the package, such as tiny-stem"
    )
    parser.add_argument("--model", metavar="NAME", help="another network by the same recipe, such as swinir-s")
    parser.add_argument("--train", nargs="+", metavar="TAR_OR_DIR", help="photos to learn from (default: the recipe's)")
    parser.add_argument("--validation", metavar="TAR_OR_DIR", help="photos to measure on (default: the recipe's)")
    parser.add_argument(
        "--init",
        metavar="FILE",
        help="weights to begin with, a run's last.pt or a .safetensors file: wanted by recipes that go on from another",
    )
    parser.add_argument(
        "--teacher", metavar="FILE", help="trained weights (.safetensors) to learn from too (default: the recipe's)"
    )
    parser.add_argument(
        "--short-side", type=positive, metavar="PX", help="at which photos are kept at most (default: the recipe's)"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--samples",
        type=positive,
        metavar="N",
        help="of the whole run, its stages in proportion (default: the recipe's)",
    )
    length.add_argument(
        "--minutes",
        type=positive,
        metavar="N",
        help="until the last step, decoding photos included: stages in proportion, and rates come down with the clock",
    )
    parser.add_argument(
        "--show", action="store_true",
        help="print all that the recipe says, with what it has of others and these arguments, as JSON, and end",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, help="of everything random (default: the recipe's)")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/RECIPE, with --model runs/NAME)")
    parser.add_argument(
        "--cache", type=Path, default=DEFAULT_CACHE, help="folder for decoded photos, 0.2 MB or so each (%(default)s)"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_true", help="go on where the run in this folder stopped; begin where there is none"
    )
    again.add_argument("--force", action="store_true", help="start over although there is a run in this folder")
    parser.add_argument(
        "--every", type=positive, metavar="N", default=10_000, help="samples between checkpoints (%(default)s)"
    )
    parser.add_argument(
        "--stream", action="store_true",
        help="read shards as they are needed, instead of decoding all photos first; URLs and {braces} always are",
    )  # fmt: skip
    parser.add_argument(
        "--parts", type=positive, metavar="N", default=1,
        help="pieces in which a process does its share of a batch, where memory is short (gradient accumulation) [1]",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto",
        help="of the network's products (auto: bf16 where the processor or GPU multiplies it faster)",
    )  # fmt: skip
    parser.add_argument("--threads", type=positive, metavar="N", help="processor cores per process (default: torch's)")


class Reporter:
    """Progress on the terminal: a bar with the time left, the loss, and every validation's scores."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        ]
        self.progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn())
        self.task = None

    def decoding(self, photos: int) -> None:
        """``photos`` have been decoded into the cache."""
        if self.task is None:
            self.progress.start()
            self.task = self.progress.add_task("decoding photos", total=None, note="")
        self.progress.update(self.task, completed=photos)

    def start(self, recipe: Recipe, sample: int) -> None:
        """The run begins, or goes on, at ``sample``."""
        if self.task is not None:
            self.progress.remove_task(self.task)
        self.progress.start()
        self.task = self.progress.add_task(recipe.name, total=recipe.samples, completed=sample, note="")

    def step(self, sample: int, loss: float, end: int) -> None:
        """One step is done; the run will be over after ``end`` samples."""
        self.progress.update(self.task, completed=sample, total=end, note=f"loss {loss:.5f}")

    def say(self, line: str) -> None:
        """What a person should know of how the run begins."""
        self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def scores(self, scores: dict[str, float]) -> None:
        """A validation is done."""
        self.progress.console.print(", ".join(f"{name} {value}" for name, value in scores.items()))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self.progress.stop()


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code."""
    import torch

    from adacolvit.model.registry import find as network

    from .loop import train
    from .run import RESULTS

    recipe = load_recipe(
        args.recipe,
        args.samples,
        model=args.model and network(args.model),
        name=args.model,
        train=tuple(args.train) if args.train else None,
        validation=args.validation,
        init=args.init,
        teacher=args.teacher,
        short_side=args.short_side,
        seed=args.seed,
    )
    if args.show:
        print(json.dumps(recipe.to_dict(), indent=2))
        return 0
    if args.threads:
        torch.set_num_threads(args.threads)
    out = args.out or Path("runs") / recipe.name
    found = [name for name in RESULTS if (out / name).exists()]
    if found and not (args.force or (args.resume and "last.pt" in found)):
        raise RecipeError(
            f"there is a run in {out} ({', '.join(found)}): --resume goes on from its last.pt, --force starts over and"
            " replaces it"
        )
    reporter = Reporter()
    try:
        weights = train(
            recipe,
            out,
            args.cache,
            resume=args.resume,
            every=args.every,
            parts=args.parts,
            stream=args.stream,
            precision=args.precision,
            minutes=args.minutes,
            reporter=reporter,
        )
    finally:
        reporter.close()
    print(weights)
    return 0
