"""Do suggested places help more than random ones? ``python benchmarks/suggestions.py TAR --count 36`` says.

Each photo is colored from its own gray with 1, 3 and 5 hints of its true colors, once at the places that are suggested
for it and several times at random ones; PSNR at the network's scale, and its gain over no hints.
"""

import argparse

import numpy as np

from adacolvit.color.gamut import fit
from adacolvit.color.hex import format_hex
from adacolvit.color.lab import lab_to_srgb
from adacolvit.colorizer import Colorizer
from adacolvit.evaluation.metrics import psnr
from adacolvit.photo import open_photo
from adacolvit.photosets import iter_files
from adacolvit.suggest.places import suggest_places

COUNTS = (1, 3, 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", metavar="TAR")
    parser.add_argument("--count", type=int, default=36, help="photos, evenly out of all")
    parser.add_argument("--offset", type=int, default=3, help="of the first")
    parser.add_argument("--draws", type=int, default=3, help="random sets of places per photo")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    colorizer = Colorizer("tiny")
    files = list(iter_files(args.photos))
    gains: dict[str, list[list[float]]] = {"suggested": [], "random": []}
    for key, content in files[args.offset :: len(files) // args.count][: args.count]:
        photo = open_photo(content, name=key)
        if not photo.has_color:
            continue
        colorizer.set_photo(photo)
        _, frame, lightness = colorizer.scene
        truth = photo.network_color(frame.height, frame.width) / 255

        def score(places, lightness=lightness, truth=truth, frame=frame) -> float:
            hints = [(x, y, color_at(truth, *frame.to_network(x, y))) for x, y in places]
            ab = np.moveaxis(colorizer.colorize(hints).ab, 0, -1)
            return psnr(np.clip(lab_to_srgb(fit(np.concatenate([lightness[..., None], ab], -1))), 0, 1), truth)

        zero = score([])
        suggested = [(place.x, place.y) for place in suggest_places(colorizer, (), max(COUNTS))]
        gains["suggested"].append([score(suggested[:count]) - zero for count in COUNTS])
        drawn = [rng.uniform((0, 0), (photo.width, photo.height), (max(COUNTS), 2)) for _ in range(args.draws)]
        gains["random"].append([float(np.mean([score(p[:count]) - zero for p in drawn])) for count in COUNTS])
    suggested, random = (np.array(gains[kind]) for kind in ("suggested", "random"))
    print(f"{len(suggested)} photos; gain in dB over no hints, and the difference with its standard error")
    for i, count in enumerate(COUNTS):
        more = suggested[:, i] - random[:, i]
        print(
            f"{count} hints: suggested {suggested[:, i].mean():.2f}, random {random[:, i].mean():.2f}, "
            f"difference {more.mean():+.2f} ± {more.std() / len(more) ** 0.5:.2f}, better on {np.mean(more > 0):.0%}"
        )


def color_at(truth: np.ndarray, column: int, row: int) -> str:
    """Mean color of 3 x 3 network pixels, as a person would pick it."""
    part = truth[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return format_hex(np.rint(255 * part.mean(axis=(0, 1))).astype(int))


if __name__ == "__main__":
    main()
