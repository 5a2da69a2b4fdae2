"""``adacolvit bench``: latency and cost against the baselines, in one run."""

import json
import sys
from pathlib import Path

import numpy as np

from adacolvit import __version__
from adacolvit.arguments import add_model, positive
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.files import write_file
from adacolvit.hints.encoder import encode_one
from adacolvit.model.config import ModelConfig
from adacolvit.runtime.native_engine import random_weights
from adacolvit.weights import Weights, load_weights

SAMPLES = Path(__file__).parents[1] / "app" / "samples"
_WIDTH = 140  # columns of the table in a file
SIDE = 224  # of the pictures: the paper's


def add_arguments(parser) -> None:
    add_model(parser)
    parser.add_argument(
        "--dense", metavar="FILE", help="weights of the dense network to compare with [random ones of the same size]"
    )
    parser.add_argument(
        "--data", help="folder or tar of color photos, for a PSNR too [the app's samples, which are gray]"
    )
    parser.add_argument("--photos", type=positive, default=20, metavar="N", help="how many of them, at most [20]")
    parser.add_argument("--hints", type=positive, default=10, metavar="N", help="hints per photo [10]")
    parser.add_argument("--rounds", type=positive, default=7, metavar="N", help="clicks per photo and engine [7]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")


def run(args) -> None:
    from .click import measure_click
    from .executions import executions, processor
    from .measure import measure

    adaptive = load_weights(args.model)
    dense = load_weights(args.dense) if args.dense else _random_dense(adaptive.config)
    sources = list(iter_sources(args.data or SAMPLES, args.photos))
    hint_set = draw(sources)
    photos = [load(source) for source in sources]
    samples = [_sample(source, photo, hint_set, args.hints) for source, photo in zip(sources, photos, strict=True)]
    trained = {w.name for w in (adaptive, dense) if args.data and w.sha256}  # what a PSNR is worth taking of
    rows, peak = measure(list(executions(dense, adaptive, SIDE)), samples, args.rounds, trained)
    click = measure_click(adaptive, photos[0], samples[0], args.rounds * 3)
    report = {
        "version": __version__, "processor": processor(), "threads": 1, "photos": len(samples), "hints": args.hints,
        "peak_gflops": peak, "rows": [row.to_dict() for row in rows], "click": click,
    }  # fmt: skip
    _show(report)
    if args.json:
        write_file(args.json, json.dumps(report, indent=2).encode() + b"\n")


def _random_dense(config: ModelConfig) -> Weights:
    """The dense network of the same size, with random weights: its times are those of any."""
    dense = ModelConfig(
        config.width, config.depth, config.heads, config.mlp_ratio, groups=1, adaptive=False,
        hint_gain=config.hint_gain, head_kernel=config.head_kernel,
    )  # fmt: skip
    return random_weights("dense, random weights", dense)


def _sample(source, photo, hint_set, count: int):
    from .measure import Sample

    truth = lay(photo, "square")
    placed = hint_set.hints(source.key, count, truth.frame, truth.lab[..., 1:])
    return Sample(truth, placed, encode_one(np.ascontiguousarray(truth.lab[..., 0]), *placed))


def _show(report: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("network", "engine", "precision"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ms", "first ms", "GMACs", "GFLOP/s", "of peak", "PSNR", "times faster"):
        table.add_column(heading, justify="right", no_wrap=True)
    slowest = max(row["ms"] for row in report["rows"])
    for row in report["rows"]:
        share, psnr = row["peak_share"], row["psnr10"]
        table.add_row(
            row["model"], f"{row['engine']} {row['version']}", row["precision"], f"{row['ms']:.1f}",
            f"{row['cold_ms']:.1f}", f"{row['gmacs']:.3f}", f"{row['gflops']:.0f}",
            "" if share is None else f"{share:.0%}", "" if psnr is None else f"{psnr:.2f} dB",
            f"{slowest / row['ms']:.2f}",
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    click, peak = report["click"], report["peak_gflops"]
    print(f"{report['processor']}, one pinned thread; {report['photos']} photos, {report['hints']} hints each")
    if peak:
        print("peak of its arithmetic: " + ", ".join(f"{of:.0f} GFLOP/s {name}" for name, of in peak.items()))
    print(
        f"a click in the product ({click['engine']}): network {click['network_ms']:.1f} ms, "
        f"hints to planes {click['planes_ms']:.1f} ms, to the message on the socket {click['message_ms']:.1f} ms"
    )
