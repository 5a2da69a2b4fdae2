"""Where the time of coloring 12-megapixel photos goes, by stage: docs/scale.md. Processor seconds, medians.

python benchmarks/archive.py [--folder DIR]    DIR keeps the photos, for `adacolvit colorize DIR -o ...` beside it
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from adacolvit.colorizer import Colorizer
from adacolvit.decode import decode
from adacolvit.files import write_file
from adacolvit.photo import open_photo

SAMPLE = Path(__file__).parent.parent / "src/adacolvit/app/samples/cat.jpg"
SIZE = (4000, 3000)
GRAIN = (
    4.0  # levels of 255, without which an enlarged sample is smoother, and its file smaller, than a photo of that size
)
HINTS = [(400 * i + 200, 300 * i + 100, "#7b4a2d") for i in range(10)]


def make_photos(folder: Path) -> None:
    """One gray scan and one color photo, of 12 megapixels each."""
    rng = np.random.default_rng(0)
    large = Image.open(SAMPLE).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    for name, photo in (("gray", large.convert("L")), ("color", large)):
        pixels = np.asarray(photo, np.float32)
        grain = rng.normal(0, GRAIN, pixels.shape[:2]).astype(np.float32)
        pixels = pixels + (grain if pixels.ndim == 2 else grain[..., None])
        Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).save(folder / f"{name}.jpg", quality=90)


def measure(path: Path, colorizer: Colorizer, output: Path) -> dict[str, float]:
    """Seconds of each stage of one photo."""
    times = {}

    def timed(stage, work):
        start = time.process_time()
        result = work()
        times[stage] = time.process_time() - start
        return result

    content = timed("read", path.read_bytes)
    timed("decode", lambda: decode(content, path.name))
    photo = timed("open", lambda: open_photo(content, name=path.name))
    times["lightness"] = times.pop("open") - times["decode"]
    timed("shrink for the network", lambda: colorizer.set_photo(photo))
    result = timed("network, refinement, guide", lambda: colorizer.colorize(HINTS))
    timed("full size", lambda: [result.rows(start, stop) for start, stop in photo.strips()])
    data = timed("encode", lambda: result.encode(".jpg", note=True))
    times["encode"] -= times["full size"]
    timed("write", lambda: write_file(output, data))
    return times | {"MB in": len(content) / 1e6, "MB out": len(data) / 1e6}


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the photos are made")
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        folder.mkdir(exist_ok=True)
        make_photos(folder)
        colorizer = Colorizer("tiny")
        columns = {}
        for name in ("gray", "color"):
            runs = [measure(folder / f"{name}.jpg", colorizer, Path(scratch) / "o.jpg") for _ in range(args.times)]
            columns[name] = {stage: float(np.median([run[stage] for run in runs])) for stage in runs[0]}
    print(f"| {SIZE[0]} x {SIZE[1]} px, seconds | gray | color |\n|---|---|---|")
    for stage in columns["gray"]:
        print(f"| {stage} | {columns['gray'][stage]:.3f} | {columns['color'][stage]:.3f} |")
    whole = {name: sum(v for k, v in column.items() if "MB" not in k) for name, column in columns.items()}
    print(f"| **whole** | **{whole['gray']:.2f}** | **{whole['color']:.2f}** |")


if __name__ == "__main__":
    main()
