"""``adacolvit models``: what is here, its size, quality, cost, budgets and SHA-256."""

import json
from dataclasses import asdict
from pathlib import Path

from adacolvit.model.budget import least_budget
from adacolvit.weights import list_models, load_weights
from adacolvit.weights.store import HOME


def add_arguments(parser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=HOME,
        help="with a manifest.json, such as the repository's weights; those models are named by path [the package's]",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one line of JSON per model")


def run(args) -> None:
    models = [
        (model, least_budget(load_weights(model.name, home=args.folder).config)) for model in list_models(args.folder)
    ]
    if args.json:
        for model, least in models:
            print(json.dumps(asdict(model) | {"least_budget": least}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (("model", "left"), ("parameters", "right"), ("GMACs", "right"), ("PSNR", "right")):
        table.add_column(heading, justify=justify)
    table.add_column("--budget")
    table.add_column("SHA-256")
    table.add_column("what it is", overflow="fold")
    for model, least in models:
        figures = f"{model.parameters / 1e6:.2f} M", f"{model.gmacs:.2f}", f"{model.psnr:.2f} dB"
        budget = "none" if least is None else f"{least:g} to 1"
        table.add_row(model.name, *figures, budget, model.sha256[:12], model.description)
    Console().print(table)
    print("GMACs: 1e9 multiply-accumulates at 224 x 224. GMACs and PSNR are means at 10 hints.")
