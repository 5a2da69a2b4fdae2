"""Places where a hint would change most, found by trying.

At every candidate on an even grid the network is run with a probe: a hint of another color than the network gives
there. Where the color then moves is what a hint at this place decides, its influence w in [0, 1]. What a hint would
mend is the error e that is to be expected: the more, the further the color moves when the photo is mirrored, lighter or
darker, and the more colors the lightness leaves room for. A place is worth 2 w e e0 - w^2 e0^2, summed over the photo,
e0 at the place: what a hint there takes away from the squared error. After each choice, what it mends counts no more,
so that places are spread. docs/suggestions.md has what this brings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from adacolvit.colorizer import Colorizer, predict
from adacolvit.hints.encoder import MIN_SIZE, corner
from adacolvit.hints.hint import as_hints, place_hints

CANDIDATES = 40  # places that are tried, about: each is a run of the network
_PROBE = 25.0  # Lab units by which a probe differs from what the network gives
_SURELY = 3.0  # Lab units of error to be expected where the network does not waver at all
_NEAR = 16  # network pixels around a hint in which nothing is suggested


@dataclass(frozen=True)
class Place:
    """A place in photo pixels; ``gain`` compares the places of one answer: mean Lab units over the photo."""

    x: float
    y: float
    gain: float


def suggest_places(colorizer: Colorizer, hints: Iterable, count: int, *, budget: float | None = None) -> list[Place]:
    """The ``count`` places, or fewer, of the colorizer's photo where a hint would change most, the most useful first.

    hints: what :func:`as_hints` takes, photo pixels; nothing is suggested near them. budget: as of
    :meth:`Colorizer.colorize`. Takes about ``CANDIDATES`` runs of the network. The same question has the same answer.
    Raises HintError where a hint lies outside the photo, BudgetError.
    """
    _, frame, lightness = colorizer.scene
    placed = place_hints(as_hints(hints), frame)
    height, width = lightness.shape

    def run(light: np.ndarray, at: tuple) -> np.ndarray:
        return predict(colorizer.engine, light, at, budget)[0]

    base = run(lightness, placed)
    places = [place for place in _grid(height, width) if _is_free(place, placed)]
    if not places:
        return []
    doubt = _doubt(run, lightness, placed, base)
    influence = np.stack([_influence(run, lightness, placed, base, place) for place in places])
    chosen: list[Place] = []
    for _ in range(min(count, len(places))):
        own = np.array([doubt[place] for place in places])[:, None, None]
        gains = (2 * influence * doubt * own - influence**2 * own**2).mean(axis=(1, 2))
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        row, column = places[best]
        chosen.append(
            Place((column + 0.5) * frame.photo_width / width, (row + 0.5) * frame.photo_height / height,
                  float(np.sqrt(gains[best])))
        )  # fmt: skip
        doubt = doubt * (1 - influence[best])
    return chosen


def _grid(height: int, width: int) -> list[tuple[int, int]]:
    """Rows and columns of the candidates: the middles of cells about as high as wide."""
    cell = (height * width / CANDIDATES) ** 0.5
    down, across = max(1, round(height / cell)), max(1, round(width / cell))
    return [
        (int((i + 0.5) * height / down), int((j + 0.5) * width / across)) for i in range(down) for j in range(across)
    ]


def _is_free(place: tuple[int, int], placed: tuple) -> bool:
    rows, columns, sizes, _ = placed
    away = np.maximum(np.abs(rows + sizes / 2 - place[0]), np.abs(columns + sizes / 2 - place[1]))
    return bool((away >= _NEAR).all())


def _doubt(run, lightness: np.ndarray, placed: tuple, base: np.ndarray) -> np.ndarray:
    """The error of color that is to be expected, (h, w), Lab units."""
    width = lightness.shape[1]
    rows, columns, sizes, ab = placed
    mirrored = run(np.ascontiguousarray(lightness[:, ::-1]), (rows, width - columns - sizes, sizes, ab))[:, :, ::-1]
    ensemble = [base, mirrored]
    for gamma in (0.85, 1.18):
        ensemble.append(run((100 * (lightness / 100) ** gamma).astype(np.float32), placed))
    wavering = np.sqrt(np.var(ensemble, axis=0).sum(axis=0))
    # Black and white have no color, and the gamut is widest in between; 0.05 is left where the sky burned out.
    room = np.clip(1 - np.abs(lightness - 55) / 45, 0.05, 1)
    return room * (wavering + _SURELY)


def _influence(run, lightness: np.ndarray, placed: tuple, base: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """What share of a change of color at a place arrives where, (h, w) in [0, 1]."""
    row, column = place
    a, b = base[:, row, column]
    away = np.array([-a, -b]) / (np.hypot(a, b) or 1.0)  # through gray to the other side, where there is room
    probe = base[:, row, column] + _PROBE * (away if away.any() else np.array([1.0, 0.0]))
    height, width = lightness.shape
    rows, columns, sizes, ab = placed
    size = np.array([MIN_SIZE])
    tried = (
        np.append(rows, corner(np.array([row]), size, height)),
        np.append(columns, corner(np.array([column]), size, width)),
        np.append(sizes, size),
        np.concatenate([ab, probe[None].astype(np.float32)]),
    )
    moved = np.linalg.norm(run(lightness, tried) - base, axis=0)
    return np.clip(moved / _PROBE, 0, 1)
