"""``adacolvit models``: what is here, its size, quality, cost and SHA-256."""

import json
from dataclasses import asdict

from adacolvit.weights import list_models


def add_arguments(parser) -> None:
    parser.add_argument("--json", action="store_true", help="one line of JSON per model")


def run(args) -> None:
    models = list_models()
    if args.json:
        for model in models:
            print(json.dumps(asdict(model)))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (("model", "left"), ("parameters", "right"), ("GMACs", "right"), ("PSNR", "right")):
        table.add_column(heading, justify=justify)
    table.add_column("SHA-256")
    table.add_column("what it is", overflow="fold")
    for model in models:
        figures = f"{model.parameters / 1e6:.2f} M", f"{model.gmacs:.2f}", f"{model.psnr:.2f} dB"
        table.add_row(model.name, *figures, model.sha256[:12], model.description)
    Console().print(table)
    print("GMACs: 1e9 multiply-accumulates at 224 x 224. GMACs and PSNR are means at 10 hints.")
