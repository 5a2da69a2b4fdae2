"""Colors to try at a place of a photo, each with the signal it comes from.

* model: what the network gives there, with all hints and with none.
* neighbor: what it gives when a hint is left out, for each of the nearest ones: what the place would be without it.
* same-lightness: the colors of hints on places about as light, which are often of the same stuff.
* reference: colors of another photo where its lightness and texture are like those of the place, grouped.

Every color is brought to the place's lightness and to what can be displayed there; those that look alike are given
once, under the first of these reasons.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adacolvit.color.difference import ciede2000
from adacolvit.color.gamut import nearest
from adacolvit.color.hex import format_hex
from adacolvit.color.lab import lab_to_srgb, srgb_to_lab
from adacolvit.colorizer import Colorizer
from adacolvit.hints.frame import fit_frame
from adacolvit.hints.hint import Hint, as_hints, check_inside
from adacolvit.photo import Photo

Reason = Literal["model", "neighbor", "same-lightness", "reference"]

MOST = 8  # colors of one answer
ALIKE = 5.0  # CIEDE2000 below which two suggestions are one; about 1 is just noticeable side by side
NEIGHBORS = 4  # hints left out, one at a time, the nearest first: each is a run of the network
LIKE_LIGHTNESS = 12.0  # L units in which a hint's place counts as equally light
_WINDOW = 3  # half a side, in network pixels, of the window in which texture is measured
_REFERENCE_SHARE = 0.02  # of the reference's pixels: those most like the place
_REFERENCE_COLORS = 3


@dataclass(frozen=True)
class Suggestion:
    """An sRGB color ``"#7b4a2d"`` that can be displayed at the place's lightness, and why it is suggested."""

    color: str
    reason: Reason


def suggest_colors(
    colorizer: Colorizer,
    hints: Iterable,
    x: float,
    y: float,
    reference: Photo | None = None,
    *,
    budget: float | None = None,
) -> list[Suggestion]:
    """Colors to try at (x, y) of the colorizer's photo, at most ``MOST``, different to the eye.

    hints: what :func:`as_hints` takes, photo pixels; one that lies at (x, y) is left out. x, y: photo pixels.
    reference: another photo, in color; a gray one suggests nothing. budget: as of :meth:`Colorizer.colorize`.
    Takes up to ``NEIGHBORS`` + 2 runs of the network.
    Raises HintError where a hint or the place lies outside the photo, BudgetError.
    """
    photo, frame, lightness = colorizer.scene
    check_inside([Hint(x, y, "#808080")], photo.width, photo.height)
    column, row = frame.to_network(x, y)
    others = [hint for hint in as_hints(hints) if frame.to_network(hint.x, hint.y) != (column, row)]
    wanted = float(photo.lightness_rows(int(y), int(y) + 1)[0, int(x)])

    def guess(given: Iterable) -> np.ndarray:
        return colorizer.colorize(given, budget=budget).ab[:, row, column]

    def candidates() -> Iterator[tuple[Reason, np.ndarray]]:
        yield "model", guess(others)
        if others:
            yield "model", guess(())
        by_distance = sorted(others, key=lambda hint: (hint.x - x) ** 2 + (hint.y - y) ** 2)
        if len(others) > 1:
            for hint in by_distance[:NEIGHBORS]:
                yield "neighbor", guess([other for other in others if other is not hint])
        for hint in by_distance:
            there_column, there_row = frame.to_network(hint.x, hint.y)
            if abs(lightness[there_row, there_column] - lightness[row, column]) <= LIKE_LIGHTNESS:
                yield "same-lightness", np.array(hint.ab)
        if reference is not None and reference.has_color:
            for ab in reference_colors(reference, lightness, row, column):
                yield "reference", ab

    found: list[tuple[np.ndarray, Suggestion]] = []
    for reason, ab in candidates():
        lab = np.array([wanted, *nearest(wanted, ab)])
        if all(ciede2000(lab, other) >= ALIKE for other, _ in found):
            rgb = np.rint(255 * lab_to_srgb(lab)).astype(int)
            found.append((lab, Suggestion(format_hex(rgb), reason)))
        if len(found) == MOST:
            break
    return [suggestion for _, suggestion in found]


def _texture(lightness: np.ndarray) -> np.ndarray:
    """Standard deviation of L in a window around each pixel, (h, w) -> (h, w), L units."""
    side = 2 * _WINDOW + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(lightness, _WINDOW, mode="edge"), (side, side))
    return windows.std(axis=(2, 3))


def reference_colors(reference: Photo, lightness: np.ndarray, row: int, column: int) -> list[np.ndarray]:
    """Colors (a, b) of the reference's pixels whose lightness and texture are nearest to those of a place, the most
    frequent first."""
    frame = fit_frame(reference.width, reference.height)
    lab = srgb_to_lab(reference.network_color(frame.height, frame.width) / np.float32(255))
    there = lab[..., 0]
    place = _texture(lightness)[row, column]
    # Texture spans about half of what lightness does, so it counts double.
    unlike = np.abs(there - lightness[row, column]) + 2 * np.abs(_texture(there) - place)
    nearest_pixels = np.argsort(unlike, axis=None)[: max(1, round(_REFERENCE_SHARE * unlike.size))]
    ab = lab.reshape(-1, 3)[nearest_pixels, 1:]
    colors = []
    while len(ab) and len(colors) < _REFERENCE_COLORS:
        # The densest place of the ab plane, by cells of 8 Lab units; its own cell and those around it are then done.
        cells, index, counts = np.unique(np.floor(ab / 8), axis=0, return_inverse=True, return_counts=True)
        best = counts.argmax()
        colors.append(ab[index.ravel() == best].mean(axis=0))
        ab = ab[(np.abs(np.floor(ab / 8) - cells[best]) > 1).any(axis=1)]
    return colors
