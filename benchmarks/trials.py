"""Changes of the recipe at equal samples: ``python benchmarks/trials.py --train TARS --data TAR`` tries them.

Each trial is one short run with one change, from fresh weights with everything kept, or with ``--init`` on from weights
of ``tiny``, adaptive; all but the one with another seed see the same crops in the same order. Named trials can be run
side by side into one folder, and the table is of all that it holds: PSNR, mean and difference to the run without a
change, with its 95 % interval over the photos. What another seed does is a line of the table, since no interval over
photos holds it.
"""

import argparse
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation import hintset
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import iter_sources, lay_on, load
from adacolvit.evaluation.protocol import join
from adacolvit.evaluation.torch_network import TorchNetwork
from adacolvit.hints.encoder import corner
from adacolvit.hints.frame import CELL, square_frame
from adacolvit.hints.sampling import cell_means
from adacolvit.model.registry import NETWORKS
from adacolvit.training import data, loop
from adacolvit.training.command import DEFAULT_CACHE, Reporter
from adacolvit.training.recipe import Optimizer, Recipe, Stage, load_recipe
from adacolvit.weights import load_weights

FRESH = Recipe(
    name="fresh",
    model=NETWORKS["dense-tiny"],
    stages=(Stage(samples=6_400, size=112, batch=64),),
    optimizer=Optimizer(warmup=960),
)
ON = "tiny-settle"  # recipe that a run on from other weights takes its first stage from
GENTLE = {"matrix_lr": 0.002, "lr": 2e-4, "warmup": 960}  # of such a run: what it learns is seen within few samples
PHOTOS = 150
# What is measured: size in pixels, hints, and whether the picture is refined.
MEASURED = (
    (112, 0, False), (112, 1, False), (112, 10, False), (112, 50, False), (112, 10, True), (224, 10, True),
)  # fmt: skip
CANDIDATES = 4  # places that a hint on an edge is chosen from
FLOOR = 0.5  # Lab units per pixel: how probable even ground is beside an edge


@dataclass(frozen=True)
class Trial:
    """One change."""

    what: str
    optimizer: dict = field(default_factory=dict)
    stages: tuple[dict, ...] = ({},)  # what is changed in each part of the run, parts being of one length
    seed: int = 0
    teacher: str = ""
    parts: dict = field(default_factory=dict)  # of the program, by their names, and what stands in for them


def edge_hints(rng: np.random.Generator, ab: np.ndarray, stage: Stage, plain=data.random_hints):
    """As :func:`adacolvit.training.data.random_hints`, at places more probable the steeper their color is."""
    batch, height, width, _ = ab.shape
    side = plain(rng, ab, stage)[2]
    slope = sum(np.abs(np.gradient(ab, axis=axis)).sum(-1) for axis in (1, 2))  # B H W
    cells = [rng.integers(0, length // CELL, (CANDIDATES, *side.shape)) * CELL for length in (height, width)]
    rows, columns = (
        corner(cell, np.maximum(side, CELL), length) for cell, length in zip(cells, (height, width), strict=True)
    )
    likely = np.log(slope[np.arange(batch)[:, None], rows, columns] + FLOOR)
    taken = (likely + rng.gumbel(size=likely.shape)).argmax(0)[None]
    rows, columns = (np.take_along_axis(places, taken, 0)[0] for places in (rows, columns))
    return rows, columns, side, cell_means(ab, rows, columns, side)


def trials(teacher: str) -> dict[str, Trial]:
    """All trials by name."""
    return {
        "none": Trial("none"),
        "seed": Trial("another seed", seed=1),
        "edges": Trial("hints where color changes", parts={"adacolvit.training.data.random_hints": edge_hints}),
        "most": Trial("twice as many hints, 0-128", stages=({"max_hints": 128},)),
        "later": Trial("many hints first (0-128), few later", stages=({"max_hints": 128, "few": 0.0}, {"few": 0.6})),
        "muon": Trial("Muon at 0.01", optimizer={"matrix_lr": 0.01}),
        "base": Trial("positions up to 10,000", parts={"adacolvit.model.positions.BASE": 1e4}),
        "nowhere": Trial(
            "no positions",
            parts={"adacolvit.model.network.sine_positions": lambda r, c, w, _: np.zeros((r * c, w), np.float32)},
        ),
        "distilled": Trial(f"distilled from {Path(teacher).stem}", teacher=teacher),
    }


def recipe_of(name: str, trial: Trial, train: list[str], init: str, samples: int) -> Recipe:
    """The run that a trial is."""
    base = load_recipe(ON) if init else FRESH
    each = {"samples": samples // len(trial.stages)}
    return replace(
        base,
        name=name,
        stages=tuple(replace(base.stages[0], **each | changed) for changed in trial.stages),
        optimizer=replace(base.optimizer, **(GENTLE if init else {}) | trial.optimizer),
        train=tuple(train),
        init=init,
        teacher=trial.teacher,
        seed=trial.seed,
    )


def measure(weights: Path, photos: str) -> list[list[float]]:
    """PSNR of every photo, for each of ``MEASURED``."""
    sources = list(iter_sources(photos))
    sources = sources[:: max(1, len(sources) // PHOTOS)][:PHOTOS]
    hints = hintset.draw(sources)
    method = TorchNetwork.of_weights(load_weights(str(weights)))
    scores: list[list[float]] = [[] for _ in MEASURED]
    for source in sources:
        image = load(source)
        for (size, count, refined), column in zip(MEASURED, scores, strict=True):
            truth = lay_on(image, square_frame(*image.size, size))
            lightness, true_ab = np.ascontiguousarray(truth.lab[..., 0]), truth.lab[..., 1:]
            placed = hints.hints(source.key, count, truth.frame, true_ab)
            ab, _ = (method.predict if refined else method.alone)(lightness, *placed)
            column.append(float(psnr(lab_to_srgb(join(truth, ab)), truth.rgb)))
    return scores


def table(out: Path, known: dict[str, Trial]) -> str:
    """Markdown: a row per run that the folder holds to its end."""
    files = {name: out / name / "trial.json" for name in known}
    found = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    heads = [f"@{count}, {size} px{', refined' if refined else ''}" for size, count, refined in MEASURED]
    lines = [f"| change | seconds | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    for name, run in found.items():
        cells = []
        for column, scores in enumerate(np.array(run["scores"])):
            cell = f"{scores.mean():.2f}"
            if name != "none" and "none" in found:
                more = scores - found["none"]["scores"][column]
                cell += f" ({more.mean():+.2f} ± {1.96 * more.std() / len(more) ** 0.5:.2f})"
            cells.append(cell)
        lines.append(f"| {known[name].what} | {run['seconds']:.0f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help="trials (default: all)")
    parser.add_argument("--train", nargs="+", required=True, metavar="TAR_OR_DIR")
    parser.add_argument("--data", required=True, metavar="TAR_OR_DIR", help="photos to measure on")
    parser.add_argument(
        "--teacher", default="weights/tiny-d24.safetensors", help="network to distil from [%(default)s]"
    )
    parser.add_argument(
        "--init", default="", metavar="FILE", help="weights of a tiny to go on from (default: fresh ones)"
    )
    parser.add_argument("--samples", type=int, default=FRESH.samples, help="of each run [%(default)s]")
    parser.add_argument("--out", type=Path, default=Path("runs/trials"))
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder for decoded photos")
    args = parser.parse_args()
    torch.set_num_threads(1)
    known = trials(args.teacher)
    if unknown := set(args.names) - set(known):
        parser.error(f"no trials {', '.join(sorted(unknown))}: known are {', '.join(known)}")
    for name in args.names or known:
        trial, folder = known[name], args.out / name
        reporter = Reporter()
        with ExitStack() as stack:
            for part, stand_in in trial.parts.items():
                stack.enter_context(patch(part, stand_in))
            began = time.perf_counter()
            recipe = recipe_of(name, trial, args.train, args.init, args.samples)
            weights = loop.train(recipe, folder, args.cache, resume=False, every=args.samples, reporter=reporter)
            seconds = time.perf_counter() - began
            reporter.close()
            scores = measure(weights, args.data)
        (folder / "trial.json").write_text(json.dumps({"seconds": seconds, "scores": scores}))
    print(table(args.out, known))


if __name__ == "__main__":
    main()
