"""The verb ``adacolvit reproduce``. Everything heavy is imported when it runs."""

import argparse
from pathlib import Path

from adacolvit.arguments import positive
from adacolvit.errors import UsageError
from adacolvit.training.command import DEFAULT_CACHE

from .experiment import NAMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``adacolvit reproduce``."""
    add = parser.add_argument
    add("what", choices=NAMES, help="a table or figure of the paper; `hints` and `curve` are ours")
    add("--data", action="append", required=True, metavar="SET", help="color photos, as for `evaluate`; repeatable")
    add("--hint-set", action="append", default=[], metavar="FILE", help="of each --data; drawn where missing")
    add("--limit", type=positive, metavar="N", help="only N photos of each set, evenly through it, sorted")
    add(
        "--weights",
        action="append",
        default=[],
        metavar="NETWORK=FILE[@SAMPLES]",
        help="trained weights of a network, and the samples it saw; repeatable. Shipped ones are found by themselves",
    )
    add("--train", type=positive, metavar="SAMPLES", help="train every network that has no --weights, on SAMPLES each")
    add("--photos", nargs="+", metavar="TAR_OR_DIR", help="photos to train on")
    add(
        "--parts", type=positive, default=1, metavar="N",
        help="pieces in which a training step is done, where memory is short: Uformer's at 224 px take 16 GB whole [1]",
    )  # fmt: skip
    add("--cache", type=Path, default=DEFAULT_CACHE, help="folder for decoded photos (%(default)s)")
    add("--lpips", choices=("squeeze", "alex", "vgg"), help="measure LPIPS too, with this backbone")
    add("--lpips-files", metavar="DIR", help="holds LPIPS's backbone and heads (default: torch's cache)")
    add("--latency", action="store_true", help="measure each system's time on one thread, where the table has it")
    add("--workers", type=positive, default=1, metavar="N", help="processes that measure (default: 1)")
    add("--work", type=Path, default=Path("runs/reproduce"), help="keeps runs and measurements (%(default)s)")
    add("--out", type=Path, default=Path("docs/results"), help="folder of the page and its pictures (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train or find the networks, measure them, write the page. Returns the exit code."""
    from adacolvit.evaluation.report import progress_bar

    from . import page, systems
    from .experiment import load
    from .found import DataSet, measure

    if args.train and not args.photos:
        raise UsageError("--train needs photos to learn from: give them with --photos")
    if args.hint_set and len(args.hint_set) != len(args.data):
        raise UsageError("give as many --hint-set as --data, or none")
    experiment = load(args.what)
    given = [systems.parse(text) for text in args.weights]
    lpips, lpips_used = ((args.lpips, args.lpips_files) if args.lpips else None), None
    if lpips:
        from adacolvit.evaluation.lpips import file_digests

        lpips_used = {"net": args.lpips, "files": file_digests(*lpips)}
    trained, missing = systems.resolve(experiment.systems, given, _trainer(args) if args.train else None)
    if not trained:
        raise UsageError(f"no network of {args.what} has weights: give --weights NETWORK=FILE, or --train SAMPLES")
    trained = [variant for one in trained for variant in experiment.variants(one)]

    found = []
    for data, hint_file in zip(args.data, args.hint_set or [None] * len(args.data), strict=True):
        opened = DataSet.open(data, hint_file, args.limit)
        with progress_bar() as progress:
            task = progress.add_task(opened.title, total=len(opened.photos) * len(trained))
            found.append(
                measure(
                    opened,
                    trained,
                    experiment.counts,
                    args.work / "measured",
                    lpips=lpips,
                    timed=args.latency and experiment.timed,
                    workers=args.workers,
                    advance=lambda progress=progress, task=task: progress.advance(task),
                )
            )
            progress.update(task, completed=len(opened.photos) * len(trained))
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{args.what}.md"
    how = page.provenance(found, missing, lpips_used, experiment.paper_data)
    page.write(path, experiment.title, [*experiment.write(found, args.out), "## How", how])
    print(path)
    return 0


def _trainer(args):
    """System -> weights, trained as said on the command line."""
    from adacolvit.training.command import Reporter

    from .systems import train

    def trained(system):
        reporter = Reporter()
        try:
            return train(system, args.train, args.photos, args.work, args.cache, reporter, args.parts)
        finally:
            reporter.close()

    return trained
