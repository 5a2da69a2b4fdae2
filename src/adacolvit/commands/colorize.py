"""``adacolvit colorize``: one photo or a thousand, by the same path."""

import argparse
import json
import sys
from pathlib import Path

from adacolvit.arguments import add_model, add_threads, between
from adacolvit.batch import Look, color_photo
from adacolvit.colorizer import Colorizer
from adacolvit.errors import AdaColViTError, HintError
from adacolvit.hints.file import hints_beside, load_hints
from adacolvit.hints.hint import Hint
from adacolvit.hints.picture import hints_from_picture
from adacolvit.photo import Photo

from .colorize_paths import Job, plan


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
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="photos, or folders of them")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT",
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
    add_model(parser)
    add_threads(parser)
    parser.add_argument("--saturation", type=between(0, 2), default=1.0, help="factor of chroma, 0 to 2 [1]")
    parser.add_argument("--strength", type=between(0, 1), default=1.0, help="from gray, 0, to color, 1 [1]")
    parser.add_argument(
        "--depth", type=int, choices=[8, 16], help="bits per channel; 16 as .png or .tif only [the photo's own]"
    )
    parser.add_argument("--label", metavar="TEXT", help="words painted small into the lower right corner")
    parser.add_argument(
        "--note", action=argparse.BooleanOptionalAction, default=True,
        help="whether the metadata say that the picture was colorized [yes]",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace pictures that exist; never the photos themselves")
    parser.add_argument("--json", action="store_true", help="one line of JSON per photo")
    parser.set_defaults(usage_error=parser.error)


def hints_for(photo: Photo, job: Job, args) -> tuple[Hint, ...]:
    """The hints asked for on the command line, else those of the file beside the photo, else none."""
    source = args.hints or (hints_beside(job.photo) if not args.hint else None)
    if source is None:
        found = ()
    elif source.suffix.lower() == ".json":
        found = load_hints(source).for_photo(photo.width, photo.height)
    else:
        found = hints_from_picture(source, photo.width, photo.height)
    return (*found, *args.hint)


def color_one(colorizer: Colorizer, job: Job, args) -> dict:
    """Color and save one photo; what ``--json`` says about it."""
    output = job.checked_output(args.force)
    look = Look(args.saturation, args.strength, args.depth, args.label, args.note)
    result = color_photo(colorizer, job.photo, lambda photo: hints_for(photo, job, args), output, look)
    return {
        "photo": str(job.photo),
        "output": str(output),
        "width": result.photo.width,
        "height": result.photo.height,
        "hints": len(result.hints),
        "macs": result.cost.macs,
        "dense_macs": result.cost.dense_macs,
        "milliseconds": round(result.cost.milliseconds, 3),
    }


def run(args) -> int:
    """Exit code 0, or 1 where a photo failed; the others are written all the same."""
    from rich.console import Console
    from rich.progress import Progress

    try:
        jobs = plan(args.inputs, args.output)
    except ValueError as error:
        args.usage_error(str(error))
    colorizer = Colorizer(args.model, threads=args.threads)
    failed = False
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        for job in progress.track(jobs, description="coloring"):
            try:
                line = color_one(colorizer, job, args)
            except (AdaColViTError, MemoryError) as error:
                failed = True
                message = str(error) or "it does not fit in memory; close other programs, or make it smaller"
                progress.console.out(f"adacolvit: {job.photo}: {message}", highlight=False)
                line = {"photo": str(job.photo), "error": message}
            if args.json:
                print(json.dumps(line), flush=True)
            elif "output" in line:
                print(f"{line['photo']} -> {line['output']} ({line['hints']} hints)", flush=True)
    return int(failed)
