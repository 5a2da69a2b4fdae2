"""A click from end to end: hints to the message that goes out on the socket."""

from statistics import median
from time import perf_counter

import numpy as np

from adacolvit.app.live import pack
from adacolvit.color.hex import format_hex
from adacolvit.color.lab import lab_to_srgb
from adacolvit.colorizer import Colorizer
from adacolvit.runtime.engine import Engine
from adacolvit.weights import Weights

from .measure import Sample, one_core


def measure_click(weights: Weights, photo, sample: Sample, rounds: int) -> dict:
    """Medians in milliseconds: the network alone, the click from hints to planes, and to the packed message.

    photo: what ``sample`` was made from, RGB.
    """
    engine = Engine(weights)
    colorizer = Colorizer(engine)
    opened = colorizer.set_photo(photo)
    hints = _as_clicks(sample, opened.width, opened.height)
    network, planes, message = [], [], []
    with one_core():
        for _ in range(rounds):
            start = perf_counter()
            engine.run(sample.x)
            network.append(perf_counter() - start)
            start = perf_counter()
            result = colorizer.colorize(hints)
            planes.append(perf_counter() - start)
            pack(0, result)
            message.append(perf_counter() - start)
    names = {"network_ms": network, "planes_ms": planes, "message_ms": message}
    return {"engine": engine.name, **{name: median(times) * 1e3 for name, times in names.items()}}


def _as_clicks(sample: Sample, width: int, height: int) -> list[tuple[float, float, str]]:
    """Hints of the network's frame as a person would have given them, in photo pixels."""
    frame, lightness = sample.truth.frame, sample.truth.lab[..., 0]
    clicks = []
    for row, column, _, (a, b) in zip(*sample.placed, strict=True):
        rgb = lab_to_srgb(np.array([lightness[row, column], a, b], np.float32))
        color = format_hex([round(float(v) * 255) for v in rgb])
        clicks.append(((column + 0.5) * width / frame.width, (row + 0.5) * height / frame.height, color))
    return clicks
