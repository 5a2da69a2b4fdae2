"""The verb ``adacolvit evaluate``. Everything heavy is imported when it runs, so that ``--help`` answers at once."""

import argparse
import os

from adacolvit.arguments import positive
from adacolvit.errors import UsageError
from adacolvit.files import check_folder, check_free

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)
SHEET_HINTS = 10  # hints on the sheet and for the worst photos, where that count is measured; else the largest


def _counts(text: str) -> tuple[int, ...]:
    from .hintset import MOST

    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) <= MOST for word in words):
        raise argparse.ArgumentTypeError(f"hint counts are numbers between 0 and {MOST}, such as 1,10,50, not {text!r}")
    return tuple(sorted({int(word) for word in words}))


def _names(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``adacolvit evaluate``."""
    add = parser.add_argument
    add(
        "--data",
        required=True,
        metavar="SET",
        help="color photos: a folder or a tar; or ctest10k:VAL,LIST, flowers102:FOLDER, cub200:FOLDER as published",
    )
    add(
        "--model",
        action="append",
        default=[],
        metavar="NAME_OR_FILE",
        help="repeatable; the first is the one that all others are compared with, photo by photo; alone:NAME leaves "
        "out the refinement after the network, NAME@0.4 is the network at that budget",
    )
    add("--baselines", type=_names, default=(), metavar="NAMES", help="some of gray,nearest,levin")
    add("--hints", type=_counts, default=COUNTS, metavar="COUNTS", help=f"(default: {','.join(map(str, COUNTS))})")
    add(
        "--frame",
        choices=("square", "native"),
        default="square",
        help="shown to them: 224 x 224, or the photo's aspect",
    )
    add("--hint-set", metavar="FILE", help="the hints' places, shared by all methods; drawn and written where missing")
    add("--seed", type=int, help="of a hint set that is drawn (default: 0)")
    add("--limit", type=positive, metavar="N", help="only N photos, evenly through the sorted set")
    add("--workers", type=positive, default=1, metavar="N", help="processes (default: 1)")
    add("--json", metavar="OUT", help="write the summary")
    add("--csv", metavar="OUT", help="write one line per photo, method and hint count")
    add("--parquet", metavar="OUT", help="the same as Parquet (needs pyarrow)")
    add(
        "--reuse",
        metavar="TABLE",
        help="take what an earlier --csv or --parquet has, not computed again: an interrupted run's, say; written to "
        "the same file again, it loses nothing",
    )
    add("--force", action="store_true", help="replace files that exist")
    add("--lpips", choices=("squeeze", "alex", "vgg"), help="measure LPIPS too, with this backbone (needs torch)")
    add("--lpips-files", metavar="DIR", help="holds LPIPS's backbone and heads (default: torch's cache)")
    add("--latency", action="store_true", help="measure each method's time on one thread, in turns")
    add("--sheet", metavar="OUT", help="draw pictures of some photos and of the worst ones (.png, .jpg)")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table, write what was asked for. Returns the exit code."""
    from . import hintset, latency
    from .keeping import kept
    from .machine import machine
    from .methods import make_methods
    from .photos import Photos, evenly, iter_sources
    from .protocol import evaluate
    from .report import print_report, progress_bar, write_json
    from .rows import Row, need_pyarrow, read_alike, write_csv, write_parquet
    from .sheet import choose, contact_sheet, format_of, save_sheet
    from .summary import summarize

    methods = make_methods(args.model, args.baselines)  # before any work, so that a misspelt name costs none
    if not methods:
        raise UsageError("nothing to evaluate: name a --model or some --baselines")
    for path in filter(None, (args.json, args.csv, args.parquet, args.sheet, args.hint_set)):
        check_folder(path)
        if path != args.hint_set and not _same(path, args.reuse):
            check_free(path, args.force)
    if args.sheet:
        format_of(args.sheet)
    if args.parquet:
        need_pyarrow()

    hint_set = hintset.open_or_draw(args.hint_set, iter_sources(args.data), args.seed)
    lpips = (args.lpips, args.lpips_files) if args.lpips else None
    extra = {}
    if lpips:
        from .lpips import file_digests

        extra["lpips"] = {"net": args.lpips, "files": file_digests(*lpips)}
    earlier = read_alike(args.reuse, hint_set.digest, args.frame, args.lpips or "") if args.reuse else {}
    photos = Photos(args.data, args.limit)
    hint_set.check_all(photos.checksums)
    digests = {method.name: method.digest for method in methods}
    wanted = [(key, name, n) for name in digests for n in args.hints for key in photos.keys]
    found = {each: earlier[each] for each in wanted if each in earlier and earlier[each].weights == digests[each[1]]}
    missing = {
        key: {name: [n for n in args.hints if (key, name, n) not in found] for name in digests} for key in photos.keys
    }
    todo = [key for key in photos.keys if any(missing[key].values())]

    def measured() -> list[Row]:
        return [found[each] for each in wanted if each in found]

    def save() -> None:
        others = [row for each, row in earlier.items() if each not in found]
        for path, write in ((args.csv, write_csv), (args.parquet, write_parquet)):
            if path and found:
                write(path, [*measured(), *(others if _same(path, args.reuse) else [])])

    options = {"models": args.model, "baselines": args.baselines, "frame": args.frame}
    with kept(save) as done, progress_bar() as progress:
        task = progress.add_task("photos", total=len(photos), completed=len(photos) - len(todo))
        for rows in evaluate(
            photos.read(todo), hint_set, todo=missing.get, workers=args.workers, lpips=lpips, **options
        ):
            found |= {(row.key, row.method, row.hints): row for row in rows}
            progress.advance(task)
            done()

    rows = measured()
    summary = summarize(rows)
    count = SHEET_HINTS if SHEET_HINTS in args.hints else args.hints[-1]
    times = None
    if args.latency:
        timed = photos.read(evenly(photos.keys, latency.PHOTOS))
        times = latency.measure(timed, methods, hint_set, count, args.frame)
    print_report(summary, rows, count, times)
    if args.json:
        if times:
            extra["latency"] = {"hints": count, "milliseconds": times, "machine": machine()}
        write_json(args.json, args, hint_set, photos, methods, summary, extra)
    if args.sheet:
        shown = photos.few(choose(photos.keys, rows, count))
        save_sheet(args.sheet, contact_sheet(shown, methods, hint_set, count, args.frame))
    return 0


def _same(path: str, reused: str | None) -> bool:
    """Whether a table is written where the reused one is."""
    return reused is not None and os.path.realpath(path) == os.path.realpath(reused)
