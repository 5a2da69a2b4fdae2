"""``adacolvit colorize``: one photo or a thousand, by the same path."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter

from adacolvit.archive.run import color_archive
from adacolvit.arguments import add_budget, add_model, add_threads, between, counting, positive
from adacolvit.batch import Look, Order, account, attempt, color_photo
from adacolvit.colorizer import Colorizer
from adacolvit.crew import cores, in_order
from adacolvit.errors import HintError, UsageError
from adacolvit.hints.file import hints_beside, load_hints
from adacolvit.hints.hint import Hint
from adacolvit.model.budget import check_budget
from adacolvit.photosets import SUFFIXES
from adacolvit.saving import QUALITY, SUFFIX_OF

from .colorize_paths import Job, plan

_WORTH_A_PROCESS = 4  # photos: it takes a second until a process is ready


def parse_hint(text: str) -> Hint:
    """``X,Y,#RRGGBB`` or ``X,Y,#RRGGBB,SIZE``, in photo pixels."""
    try:
        x, y, color, *size = text.split(",")
        return Hint(float(x), float(y), color.strip(), *(int(s) for s in size))
    except HintError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    except (ValueError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,#RRGGBB or X,Y,#RRGGBB,SIZE") from error


def add_arguments(parser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="IN", help="photos, or folders of them; with --ray URLs as well")
    parser.add_argument(
        "-o", "--output", metavar="OUT",
        help="a picture for one photo, a folder for several [beside each photo, as NAME.color.SUFFIX]",
    )  # fmt: skip
    parser.add_argument(
        "--hints", type=Path, metavar="FILE", help="hints (.json), or a picture whose opaque pixels are hints"
    )
    parser.add_argument(
        "--hint", type=parse_hint, action="append", default=[], metavar="X,Y,#RRGGBB[,SIZE]",
        help="one hint, in photo pixels; may be repeated. Without --hints and --hint, NAME.hints.json beside the photo "
        "is used if it is there",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=list(SUFFIX_OF),
        help="of the pictures [as OUT ends, else the photo's own; png for photos in formats that are not written]",
    )  # fmt: skip
    parser.add_argument(
        "--quality", type=counting(100), default=QUALITY, metavar="N", help="of JPEG and WebP, 1 to 100 [%(default)s]"
    )
    add_model(parser)
    add_budget(parser)
    add_threads(parser)
    parser.add_argument("--saturation", type=between(0, 2), default=1.0, help="factor of chroma, 0 to 2 [1]")
    parser.add_argument("--strength", type=between(0, 1), default=1.0, help="from gray, 0, to color, 1 [1]")
    parser.add_argument(
        "--depth", type=int, choices=[8, 16], help="bits per channel; 16 as png or tiff only [the photo's own]"
    )
    parser.add_argument("--label", metavar="TEXT", help="words painted small into the lower right corner")
    parser.add_argument(
        "--note", action=argparse.BooleanOptionalAction, default=True,
        help="whether the metadata say that the picture was colorized [yes]",
    )  # fmt: skip
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--force", action="store_true", help="replace pictures that exist; never the photos themselves"
    )
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave photos out whose pictures exist: of an interrupted run, say"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per photo")
    parser.add_argument(
        "--ray", metavar="ADDRESS",
        help="let a Ray cluster do it: local, auto or an address. IN and OUT may be URLs that fsspec knows; pictures "
        "that an earlier run with the same settings has written are kept. Needs the optional part [ray]",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="photos at a time, each with an engine of its own [one a core]"
    )


def order_from(args) -> Order:
    """What is asked of every photo. Raises HintError for an unusable hints file."""
    look = Look(args.saturation, args.strength, args.depth, args.label, args.note, args.format, args.quality)
    if args.hints is None:
        return Order(look, tuple(args.hint), budget=args.budget)
    if args.hints.suffix.lower() == ".json":
        return Order(look, tuple(args.hint), load_hints(args.hints), args.budget)
    try:
        return Order(look, tuple(args.hint), args.hints.read_bytes(), args.budget)
    except OSError as error:
        raise HintError(f"cannot read the hints picture {args.hints}: {error.strerror}") from error


def color_one(colorizer: Colorizer, job: Job, order: Order, force: bool) -> dict:
    """Color and save one photo; what there is to say about it. Raises AdaColViTError."""
    output = job.checked_output(force)
    beside = hints_beside(job.photo) if order.wants_beside else None
    hints = load_hints(beside) if beside else None
    result = color_photo(
        colorizer,
        job.photo,
        lambda photo: order.hints_for(photo, hints),
        output,
        order.look,
        budget=order.budget,
    )
    return account(result, str(output))


def painter(model: str, threads: int | None, order: Order, force: bool, skip: bool) -> Callable[[Job], dict]:
    """What colors a photo and tells of it, with a network of its own. Raises WeightsError, EngineError, BudgetError."""
    colorizer = Colorizer(model, threads=threads)
    check_budget(colorizer.engine.config, order.budget)

    def paint(job: Job) -> dict:
        if skip and job.is_done:
            return {"photo": str(job.photo), "output": str(job.output), "kept": True}
        return attempt(str(job.photo), partial(color_one, colorizer, job, order, force))

    return paint


def lost(job: Job) -> dict:
    """What there is to say about a photo over which a process ended."""
    return {
        "photo": str(job.photo),
        "error": "the process that colored it ended, most likely for lack of memory: make it smaller, or --workers 1",
    }


def color_here(args, order: Order, total: Callable[[int], None]) -> Iterator[dict]:
    """Color on the cores of this machine; what there is to say about each photo, in the order of the plan."""
    for text in (*args.inputs, args.output or ""):
        if "://" in text:
            raise UsageError(f"{text} is a URL, which needs --ray (--ray local is this machine alone)")
    jobs = plan([Path(text) for text in args.inputs], args.output and Path(args.output), order.look)
    total(len(jobs))
    prepare = partial(painter, args.model, args.threads, order, args.force, args.skip_existing)
    paint = prepare()  # here in any case: where the network cannot be had, that is said once
    most = max(1, cores() // (args.threads or 1))
    workers = min(len(jobs), args.workers or min(most, -(-len(jobs) // _WORTH_A_PROCESS)))
    yield from map(paint, jobs) if workers < 2 else in_order(prepare, jobs, workers, lost)


def color_there(args, order: Order, total: Callable[[int], None]) -> Iterator[dict]:
    """Color by a cluster; what there is to say about each photo."""
    if args.skip_existing:
        raise UsageError("--skip-existing is not for --ray, which keeps the pictures of earlier runs by itself")
    if args.output and not os.path.isdir(args.output) and Path(args.output).suffix.lower() in SUFFIXES:
        raise UsageError(f"{args.output} is one picture: --ray writes into a folder")
    return color_archive(
        args.inputs, args.output, order, model=args.model, threads=args.threads or 1,
        address=args.ray, workers=args.workers, force=args.force, total=total,
    )  # fmt: skip


def run(args) -> int:
    """Exit code 0, or 1 where a photo failed; the others are written all the same."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    done = failed = kept = 0
    out = sys.stdout  # this one, even where a cluster turns what it prints elsewhere
    shown = sys.stderr.isatty()
    columns = *Progress.get_default_columns(), TextColumn("{task.fields[rate]}")
    with (
        Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as progress,
        closing((color_there if args.ray else color_here)(args, order_from(args), partial(_total, progress))) as lines,
    ):
        say = partial(print, file=out, flush=True)
        if shown and out.isatty():  # the bar has to make room for what is said
            say = partial(progress.console.out, highlight=False)
        progress.add_task("coloring", total=None, rate="")
        start = perf_counter()
        for line in lines:
            if "error" in line:
                failed += 1
                progress.console.out(f"adacolvit: {line['photo']}: {line['error']}", highlight=False)
            kept += "kept" in line
            done += "hints" in line
            rate = f"{done / (perf_counter() - start):.2f} images/s"
            progress.update(progress.task_ids[0], advance=1, rate=rate)
            if args.json:
                say(json.dumps(line))
            elif "hints" in line:
                say(f"{line['photo']} -> {line['output']} ({line['hints']} hints)")
        if kept:
            progress.console.out(f"adacolvit: {kept} pictures are there from an earlier run", highlight=False)
        if done > 1:
            progress.console.out(f"adacolvit: {done} pictures, {rate}", highlight=False)
    return int(failed > 0)


def _total(progress, photos: int) -> None:
    progress.update(progress.task_ids[0], total=photos)
