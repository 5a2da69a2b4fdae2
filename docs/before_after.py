"""Makes the README's pictures, gray, hints, colored: ``python docs/before_after.py [--model M] [--output DIR]``."""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

import adacolvit
from adacolvit.app import server

HERE = Path(__file__).parent
SHOWN = 384  # side of a picture in pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--output", type=Path, default=HERE / "images")
    args = parser.parse_args()
    photo = Path(server.__file__).parent / "samples" / "astronaut.jpg"
    hints = adacolvit.load_hints(HERE / "astronaut.hints.json").hints
    gray = Image.open(photo).convert("RGB")
    marked = gray.copy()
    draw = ImageDraw.Draw(marked)
    for hint in hints:
        for radius, color in ((11, "black"), (10, "white"), (7, hint.color)):
            draw.ellipse((hint.x - radius, hint.y - radius, hint.x + radius, hint.y + radius), color)
    colored = Image.fromarray(adacolvit.colorize(photo, hints, model=args.model).image)
    args.output.mkdir(parents=True, exist_ok=True)
    for name, picture in (("before", gray), ("hints", marked), ("after", colored)):
        picture.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS).save(args.output / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main()
