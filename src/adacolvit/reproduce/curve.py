"""Beside the paper: quality against cost of one network that takes any budget, and what each budget gives away."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from adacolvit.evaluation.methods import at_budget, split_budget
from adacolvit.model.budget import least_budget
from adacolvit.model.config import ModelConfig
from adacolvit.weights import load_weights

from .experiment import Experiment
from .fig4 import draw
from .found import Found, picture_name
from .page import signed, table
from .paper import ADACOLVIT_T, ADACOLVIT_T_D24, TWIN
from .systems import Trained

COUNTS = (1, 10, 50)
SYSTEMS = (ADACOLVIT_T, ADACOLVIT_T_D24, TWIN)
SPENT = ("macs", "macs_p5", "macs_p95")
BUDGETS = 8  # measured of a network, evenly from its least to 1, beside its own


def variants(trained: Trained) -> list[Trained]:
    """Weights that take budgets, at several; others, and a budget that was named, as they are."""
    file, named = split_budget(trained.weights)
    config = load_weights(file, rivals=True).config
    if named is not None or not isinstance(config, ModelConfig) or least_budget(config) is None:
        return [trained]
    budgets = {round(float(b), 4) for b in np.linspace(config.least_budget, 1, BUDGETS)} | {config.budget}
    return [
        replace(trained, weights=at_budget(file, budget), digest=at_budget(trained.digest, budget))
        for budget in sorted(budgets)
    ]


def write(found: Sequence[Found], folder: Path) -> list[str]:
    """The parts of the page."""
    parts = []
    for one in found:
        parts += [
            f"## {one.data.title}, {len(one.data.photos)} photos",
            draw(one, SYSTEMS, COUNTS, folder, picture_name("curve", one, found), intervals=False),
            "A point is a budget; its bar is the 5th to 95th percentile of the cost over the photos.",
        ]
        for system in SYSTEMS:
            measured = [trained for trained in one.of(system) if split_budget(trained.weights)[1]]
            if measured:
                parts += [f"### {system.label}", lines(one, measured)]
    return parts


def lines(found: Found, measured: Sequence[Trained]) -> str:
    """A line per budget: cost, PSNR, and PSNR less that of the largest one, paired by photo."""
    whole, body = measured[-1], []
    for trained in measured:
        spent = found.entry(trained, 10)
        cells = [f"{split_budget(trained.weights)[1]:.2f}", *(f"{spent[key] / 1e9:.3f}" for key in SPENT)]
        for count in COUNTS:
            cells.append(f"{found.entry(trained, count)['psnr']:.2f}")
        paired = found.difference(trained, whole, "psnr", 10)
        cells.append(" ".join(signed(v, 2) for v in (paired.mean, paired.low, paired.high)))
        body.append(cells)
    heads = ("budget", "GMACs", "5 %", "95 %", *(f"PSNR@{count}" for count in COUNTS))
    largest = split_budget(whole.weights)[1]
    return table((*heads, f"@10 less that of budget {largest:g} (95 %)"), body)


EXPERIMENT = Experiment("One network at any budget", SYSTEMS, COUNTS, write, variants=variants)
