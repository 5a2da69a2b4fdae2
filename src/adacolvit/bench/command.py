"""``adacolvit bench``: latency and cost against other engines, the dense network and the rivals, in one run."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adacolvit import __version__
from adacolvit.arguments import add_budget, add_model, counting, positive
from adacolvit.errors import WeightsError
from adacolvit.evaluation.hintset import MOST, draw
from adacolvit.evaluation.machine import machine
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.files import check_folder, write_file
from adacolvit.hints.encoder import encode_one
from adacolvit.model.config import ModelConfig
from adacolvit.runtime import native
from adacolvit.runtime.native_engine import random_weights
from adacolvit.weights import Weights, load_weights

SAMPLES = Path(__file__).parents[1] / "app" / "samples"
_WIDTH = 140  # columns of the table in a file
SIDE = 224  # of the pictures: the paper's


def add_arguments(parser) -> None:
    add_model(parser)
    add_budget(parser)
    parser.add_argument(
        "--dense", metavar="FILE", help="weights of the dense network to compare with [random ones of the same size]"
    )
    parser.add_argument(
        "--rivals", action="store_true",
        help="iColoriT-T, SwinIR-S and Uformer-S too, in torch, with random weights: their times are those of any",
    )  # fmt: skip
    parser.add_argument(
        "--data", help="folder or tar of color photos, for a PSNR too [the app's samples, which are gray]"
    )
    parser.add_argument("--photos", type=positive, default=20, metavar="N", help="so many of them, evenly [20]")
    parser.add_argument("--hints", type=counting(MOST), default=10, metavar="N", help="hints per photo [10]")
    parser.add_argument("--rounds", type=positive, default=7, metavar="N", help="clicks per photo and engine [7]")
    parser.add_argument(
        "--json", type=Path, metavar="FILE",
        help="write the figures here too; until it is done, FILE.part has those of the photos so far, and the same "
        "command goes on from there",
    )  # fmt: skip
    parser.add_argument("--markdown", action="store_true", help="print Markdown, as in docs/engine.md")


def run(args) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from .click import measure_click
    from .executions import executions, rivals
    from .journal import Journal
    from .measure import measure

    if args.json:
        check_folder(args.json)
    adaptive = load_weights(args.model)
    dense = load_weights(args.dense) if args.dense else _random_dense(adaptive.config)
    if dense.config.adaptive:
        raise WeightsError(
            f"{args.dense} decides what to leave out, which would count as a dense network's cost: leave it out"
        )
    sources = list(iter_sources(args.data or SAMPLES, args.photos))
    hint_set = draw(sources)
    trained = {w.name for w in (adaptive, dense) if args.data and w.sha256}  # what a PSNR is worth taking of
    ways = [*executions(dense, adaptive, SIDE, args.budget), *(rivals(SIDE) if args.rivals else ())]
    settings = {
        "version": __version__, "processor": machine()["processor"], "threads": 1, "photos": len(sources),
        "hints": args.hints, "budget": args.budget,
    }  # fmt: skip
    all_settings = settings | {
        "rounds": args.rounds, "sources": [source.checksum for source in sources],
        "executions": [f"{w.weights.name} {w.weights.sha256} {w.engine} {w.version} {w.precision}" for w in ways],
        "build": native.library().adacolvit_sources().decode() if any(w.engine == "adacolvit" for w in ways) else None,
    }  # fmt: skip
    journal = Journal(args.json and args.json.with_name(f"{args.json.name}.part"), all_settings)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("photos", total=len(sources))

        def samples():
            for number, source in enumerate(sources):
                progress.update(bar, completed=number)
                if not sys.stderr.isatty() and number % 10 == 0:
                    print(f"photo {number} of {len(sources)}", file=sys.stderr, flush=True)
                yield _sample(source, hint_set, args.hints)

        rows, peak = measure(ways, samples(), args.rounds, trained, journal)
    click = measure_click(adaptive, sources[0], _sample(sources[0], hint_set, args.hints), args.budget)
    report = settings | {"peak_gflops": peak, "rows": [row.to_dict() for row in rows], "click": click}
    (_show_markdown if args.markdown else _show)(report)
    if args.json:
        write_file(args.json, json.dumps(report, indent=2).encode() + b"\n")
    journal.remove()


def _random_dense(config: ModelConfig) -> Weights:
    """The dense network of the same size, with random weights: its times are those of any."""
    dense = ModelConfig(
        config.width, config.depth, config.heads, config.mlp_ratio, groups=1, adaptive=False,
        hint_gain=config.hint_gain, head_kernel=config.head_kernel,
    )  # fmt: skip
    return random_weights("dense, random weights", dense)


def _sample(source, hint_set, count: int):
    from .measure import Sample

    truth = lay(load(source), "square")
    placed = hint_set.hints(source.key, count, truth.frame, truth.lab[..., 1:])
    return Sample(truth, placed, encode_one(np.ascontiguousarray(truth.lab[..., 0]), *placed))


def _figures(report: dict) -> Iterator[tuple[dict, tuple[str, ...]]]:
    """Each row, and as text its milliseconds, those of the first click, share of the peak, PSNR, times faster."""
    slowest = max(row["ms"] for row in report["rows"])
    for row in report["rows"]:
        share, psnr = row["peak_share"], row["psnr10"]
        yield row, (
            f"{row['ms']:.1f}", f"{row['cold_ms']:.1f}", "" if share is None else f"{share:.0%}",
            "" if psnr is None else f"{psnr:.2f} dB", f"{slowest / row['ms']:.2f}",
        )  # fmt: skip


def _show(report: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("network", "engine", "precision"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ms", "first ms", "GMACs", "GFLOP/s", "of peak", "PSNR", "times faster"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row, (ms, first, share, psnr, faster) in _figures(report):
        table.add_row(
            row["model"], f"{row['engine']} {row['version']}", row["precision"], ms, first,
            f"{row['gmacs']:.3f}", f"{row['gflops']:.0f}", share, psnr, faster,
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    print(f"{report['processor']}, one pinned thread; {report['photos']} photos, {report['hints']} hints each")
    if peak := report["peak_gflops"]:
        print("peak of its arithmetic: " + ", ".join(f"{of:.0f} GFLOP/s {name}" for name, of in peak.items()))
    click = report["click"]
    stages = ", ".join(f"{name} {ms:.2f}" for name, ms in click["stages_ms"].items())
    print(
        f"a click in the product ({click['engine']}): {click['socket_ms']:.1f} ms over the socket, the network's "
        f"{click['network_ms']:.1f} included; median of both's difference {click['beside_network_ms']:.1f}\n{stages} ms"
    )


def _show_markdown(report: dict) -> None:
    print("| network | execution | ms | first click | of the core's peak | PSNR | times faster |")
    print("|---|---|---|---|---|---|---|")
    for row, figures in _figures(report):
        network = f"{row['model']} {row['gmacs']:.3f} G"
        execution = f"{row['engine']} {row['version']}, {row['precision']}"
        print(f"| {' | '.join((network, execution, *figures))} |")
    click = report["click"]
    print("\n| stage of a click | ms |\n|---|---|")
    for name, ms in click["stages_ms"].items():
        print(f"| {name} | {ms:.2f} |")
    print(f"| sending, threads, receiving | {click['socket_ms'] - sum(click['stages_ms'].values()):.2f} |")
    print(f"| **message to frame** | **{click['socket_ms']:.2f}** (95 %: {click['socket_p95_ms']:.2f}) |")
