"""What fewer bits do to a network that decides by itself: ``python benchmarks/precisions.py TAR --count 230`` says.

Each photo is colored from its own gray with hints of its true colors, in fp32 and in the other precisions that this
processor has. A decision near its limit may then fall otherwise, and what it covers is colored another way. PSNR is
after refinement, as in the product; differences are of what the network itself gives.
"""

import argparse

import numpy as np

from adacolvit.color.lab import lab_to_srgb
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.metrics import psnr
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.evaluation.protocol import join
from adacolvit.hints.encoder import AB_SCALE, encode_one
from adacolvit.runtime import native
from adacolvit.runtime.engine import Engine
from adacolvit.runtime.native_engine import TOLERANCE
from adacolvit.runtime.refine import refine
from adacolvit.weights import load_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", metavar="TAR")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--count", type=int, default=230, help="photos, evenly out of all")
    parser.add_argument("--hints", type=int, default=10)
    args = parser.parse_args()
    weights, sources = load_weights(args.model), list(iter_sources(args.photos, args.count))
    hint_set = draw(sources)
    here = {native.precision_of(name) for name in native.instruction_sets()}
    engines = {name: Engine(weights, precision=name) for name in TOLERANCE if name in here}
    found = {name: [] for name in engines if name != "fp32"}
    for source in sources:
        truth = lay(load(source), "square")
        lightness = np.ascontiguousarray(truth.lab[..., 0])
        placed = hint_set.hints(source.key, args.hints, truth.frame, truth.lab[..., 1:])
        x = encode_one(lightness, *placed)
        colored = {name: engine.run(x) for name, engine in engines.items()}
        quality = {
            name: psnr(lab_to_srgb(join(truth, refine(lightness, ab, *placed).transpose(1, 2, 0))), truth.rgb)
            for name, (ab, _) in colored.items()
        }  # fmt: skip
        exact, decided = colored["fp32"]
        for name, rows in found.items():
            ab, decisions = colored[name]
            flipped = np.sum(decisions.patches != decided.patches) + np.sum(decisions.layers != decided.layers)
            rows.append((quality[name] - quality["fp32"], np.abs(ab - exact).max() / AB_SCALE, flipped))
    print(f"{weights.name}, {len(sources)} photos, {args.hints} hints, against fp32")
    for name, rows in found.items():
        change, apart, flipped = np.array(rows).T
        print(
            f"{name}: PSNR {change.mean():+.4f} dB, single photos {change.min():+.3f} to {change.max():+.3f}; largest "
            f"difference of a / 110 or b / 110: {apart.max():.4f}, above {TOLERANCE[name]:g} on "
            f"{np.sum(apart > TOLERANCE[name])} photos; decisions fell otherwise on {np.sum(flipped > 0)}"
        )


if __name__ == "__main__":
    main()
