"""``adacolvit suggest``: where hints would change most, and which colors to try there."""

import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from adacolvit.arguments import add_budget, add_model, add_threads, counting
from adacolvit.batch import attempt
from adacolvit.colorizer import Colorizer
from adacolvit.hints.file import HintFile, hints_beside, load_hints, names_beside, save_hints
from adacolvit.hints.hint import Hint
from adacolvit.model.budget import check_budget
from adacolvit.photo import Photo, open_photo
from adacolvit.suggest import suggest_colors, suggest_places
from adacolvit.suggest.places import CANDIDATES


def add_arguments(parser) -> None:
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTO",
        help="photos; no place is suggested near the hints of NAME.hints.json beside a photo",
    )  # fmt: skip
    parser.add_argument(
        "--count", type=counting(CANDIDATES), default=5, metavar="N", help="places in each photo [%(default)s]"
    )
    parser.add_argument("--reference", type=Path, metavar="PHOTO", help="another photo, to suggest its colors too")
    add_model(parser)
    add_budget(parser)
    add_threads(parser)
    parser.add_argument(
        "--write", action="store_true",
        help="add hints at these places, of the first color each, to NAME.hints.json beside the photo, which "
        "`adacolvit colorize` and the app use",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one line of JSON per photo")


def suggest(
    colorizer: Colorizer, path: Path, count: int, reference: Photo | None, budget: float | None, write: bool
) -> dict:
    """Places of a photo and colors for each, written as hints where ``write`` says so. Raises AdaColViTError."""
    photo = colorizer.set_photo(path)
    beside = hints_beside(path)
    hints = load_hints(beside).for_photo(photo.width, photo.height) if beside else ()
    places = []
    for place in suggest_places(colorizer, hints, count, budget=budget):
        x, y = int(place.x), int(place.y)
        colors = suggest_colors(colorizer, hints, x, y, reference, budget=budget)
        places.append({"x": x, "y": y, "gain": round(place.gain, 3), "colors": [asdict(color) for color in colors]})
    if not write:
        return {"places": places}
    file = beside or names_beside(path)[0]
    added = [Hint(place["x"], place["y"], place["colors"][0]["color"]) for place in places]
    save_hints(file, HintFile(path.name, photo.width, photo.height, (*hints, *added)))
    return {"places": places, "output": str(file)}


def run(args) -> int:
    """Exit code 0, or 1 where a photo failed; the others are told of all the same."""
    colorizer = Colorizer(args.model, threads=args.threads)
    check_budget(colorizer.engine.config, args.budget)
    reference = open_photo(args.reference) if args.reference else None
    failed = False
    for path in args.photos:
        work = partial(suggest, colorizer, path, args.count, reference, args.budget, args.write)
        line = attempt(str(path), work)
        if "error" in line:
            failed = True
            print(f"adacolvit: {path}: {line['error']}", file=sys.stderr)
        if args.json:
            print(json.dumps(line), flush=True)
        elif "places" in line:
            print(f"{path} -> {line['output']}" if args.write else path)
            for place in line["places"]:
                colors = "  ".join(f"{color['color']} {color['reason']}" for color in place["colors"])
                print(f"  {place['x']},{place['y']}  {colors}", flush=True)
    return int(failed)
