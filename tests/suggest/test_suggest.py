"""Suggested places and colors, on a small network that was never trained: what must hold of any network."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adacolvit.color.difference import ciede2000
from adacolvit.color.gamut import in_gamut
from adacolvit.color.hex import parse_hex
from adacolvit.color.lab import srgb_to_lab
from adacolvit.colorizer import Colorizer, predict
from adacolvit.errors import BudgetError, HintError, PhotoError
from adacolvit.hints.hint import place_hints
from adacolvit.photo import open_photo
from adacolvit.suggest import places as search
from adacolvit.suggest.colors import ALIKE, MOST, suggest_colors
from adacolvit.suggest.places import suggest_places

from ..colors import lab
from . import known

DOCUMENT = Path(__file__).parents[2] / "docs" / "suggestions.md"
WIDTH, HEIGHT = 300, 200
HINTS = [(40, 50, "#7b4a2d"), (250, 60, "#2d4a7b", 5), (150, 150, "#2d7b3c", 3)]


@pytest.fixture(scope="module")
def colorizer(small_weights) -> Colorizer:
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    colorizer = Colorizer(small_weights)
    colorizer.set_photo((0.5 + 0.3 * np.sin(7 * x) * np.cos(5 * y)).clip(0, 1))
    return colorizer


def test_the_document_s_example_works_as_it_stands(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    Image.new("L", (60, 40), 120).save(tmp_path / "grandma.jpg")
    code = f"{example}\nimport sys\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert re.match(r"Place\(x=.*\) \[Suggestion\(color='#", done.stdout)


def test_places_are_in_the_photo_spread_and_the_best_first(colorizer):
    places = suggest_places(colorizer, (), 5)
    assert len(places) == 5
    assert all(0 <= place.x < WIDTH and 0 <= place.y < HEIGHT and place.gain > 0 for place in places)
    assert places[0].gain == max(place.gain for place in places)
    assert len({(place.x, place.y) for place in places}) == 5
    colorizer.colorize([(place.x, place.y, "#7b4a2d") for place in places])  # every one may become a hint


def test_the_same_question_has_the_same_answer_and_fewer_places_are_the_first_of_more(colorizer):
    places = suggest_places(colorizer, HINTS, 4)
    assert suggest_places(colorizer, HINTS, 4) == places
    assert suggest_places(colorizer, HINTS, 2) == places[:2]


def test_no_place_is_on_a_hint(colorizer):
    (first,) = suggest_places(colorizer, (), 1)
    taken = [(first.x, first.y, "#7b4a2d")]
    for place in suggest_places(colorizer, taken, 20):
        assert max(abs(place.x - first.x), abs(place.y - first.y)) > 10


def test_where_hints_are_everywhere_no_place_is_left(colorizer):
    hints = [(x, y, "#7b4a2d") for x in range(5, WIDTH, 12) for y in range(5, HEIGHT, 12)]
    assert suggest_places(colorizer, hints, 5) == []


def test_a_tiny_photo_has_places_too(small_weights):
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(Image.new("L", (3, 1), 120))
    assert all(0 <= place.x < 3 and 0 <= place.y < 1 for place in suggest_places(colorizer, (), 3))


def test_colors_can_be_shown_there_and_differ_to_the_eye(small_weights):
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(np.full((HEIGHT, WIDTH), 0.5))
    suggestions = suggest_colors(colorizer, HINTS, 100, 100)
    labs = [lab(suggestion.color) for suggestion in suggestions]
    wanted = float(colorizer.scene.photo.lightness_rows(100, 101)[0, 100])
    assert 3 <= len(suggestions) <= MOST and suggestions[0].reason == "model"
    assert all(abs(one[0] - wanted) < 0.6 for one in labs)  # of a byte's rounding
    assert all(in_gamut(one) for one in labs)
    for i, one in enumerate(labs):
        assert all(ciede2000(one, other) > ALIKE - 1 for other in labs[:i])


def test_the_first_is_what_the_network_gives_there(colorizer):
    (only,) = suggest_colors(colorizer, (), 100, 100)
    result = colorizer.colorize()
    shown = result.rows(100, 101)[0, 100] / 255
    assert only.reason == "model" and ciede2000(lab(only.color), srgb_to_lab(shown)) < 6


def test_a_hints_color_is_suggested_where_it_is_as_light(small_weights):
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(np.full((HEIGHT, WIDTH), 0.5))
    strong = [(40, 50, "#c00060")]
    reasons = {suggestion.reason: suggestion.color for suggestion in suggest_colors(colorizer, strong, 280, 180)}
    hue = np.arctan2(*lab(reasons["same-lightness"])[:0:-1])
    assert abs(hue - np.arctan2(*lab("#c00060")[:0:-1])) < 0.1
    half = np.full((HEIGHT, WIDTH), 0.5)
    half[:, 200:] = 0.9  # another lightness there
    colorizer.set_photo(half)
    assert "same-lightness" not in {s.reason for s in suggest_colors(colorizer, strong, 280, 180)}


def test_a_reference_gives_its_colors_of_that_lightness(small_weights):
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(np.full((HEIGHT, WIDTH), 0.5))
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[:, :150] = (30, 140, 40)  # about as light as the gray
    picture[:, 150:] = (250, 230, 120)  # much lighter
    found = suggest_colors(colorizer, (), 100, 100, open_photo(picture))
    (green,) = [lab(s.color) for s in found if s.reason == "reference"]
    assert green[1] < -30 and green[2] > 20
    gray = open_photo(np.full((20, 20), 0.5))
    assert {s.reason for s in suggest_colors(colorizer, (), 100, 100, gray)} == {"model"}


def test_suggestions_are_those_of_the_budget(budget_weights):
    colorizer = Colorizer(budget_weights)
    colorizer.set_photo(noisy(0.2, 0.8))
    answers = [
        (suggest_places(colorizer, HINTS, 5, budget=budget), suggest_colors(colorizer, (), 50, 40, budget=budget))
        for budget in (None, 0.6, 1.0)
    ]
    assert answers[0] == answers[1]  # what it was made for
    assert answers[0][0] != answers[2][0] and answers[0][1] != answers[2][1]
    with pytest.raises(BudgetError):
        suggest_colors(colorizer, (), 100, 100, budget=2)


def test_a_full_answer_is_not_looked_beyond(small_weights, monkeypatch):
    runs = []

    def another_hue(engine, lightness, placed, budget=None):
        turn = 2 * np.pi * len(runs) / 6
        runs.append(budget)
        ab = np.array([np.cos(turn), np.sin(turn)], np.float32) * 40
        return np.broadcast_to(ab[:, None, None], (2, *lightness.shape)), decisions

    colorizer = Colorizer(small_weights)
    colorizer.set_photo(np.full((HEIGHT, WIDTH), 0.5))
    _, decisions = predict(colorizer.engine, colorizer.scene.lightness, place_hints((), colorizer.scene.frame))
    monkeypatch.setattr("adacolvit.colorizer.predict", another_hue)
    monkeypatch.setattr("adacolvit.suggest.colors.MOST", 3)
    assert len(suggest_colors(colorizer, HINTS, 100, 100)) == len(runs) == 3


def test_outside_the_photo_nothing_is_suggested(colorizer):
    with pytest.raises(HintError, match="outside"):
        suggest_colors(colorizer, (), WIDTH, 0)
    with pytest.raises(HintError, match="outside"):
        suggest_places(colorizer, [(0, HEIGHT, "#123456")], 1)
    with pytest.raises(PhotoError, match="set_photo"):
        suggest_places(Colorizer(colorizer.engine), (), 1)


def noisy(low: float, high: float, seed: int = 0) -> np.ndarray:
    """Gray levels in [0, 1] that leave no two places alike."""
    return np.random.default_rng(seed).uniform(low, high, (HEIGHT, WIDTH))


@pytest.fixture
def known_network(monkeypatch, small_weights) -> Colorizer:
    monkeypatch.setattr(search, "predict", known.predict)
    return Colorizer(small_weights)


def test_the_first_place_decides_most_and_the_next_ones_what_it_leaves(known_network):
    known_network.set_photo(noisy(0.45, 0.5))
    first, *others = suggest_places(known_network, (), 6)
    assert first.x > 0.4 * WIDTH  # one hint there colors more than half of the photo
    assert all(place.x < 0.4 * WIDTH + 10 for place in others)  # where it did not reach
    assert first.gain > 2 * others[0].gain


def test_black_needs_no_hint(known_network):
    levels = noisy(0.45, 0.5)
    levels[:, int(0.4 * WIDTH) :] = noisy(0, 0.02)[:, int(0.4 * WIDTH) :]
    known_network.set_photo(levels)
    assert all(place.x < 0.4 * WIDTH for place in suggest_places(known_network, (), 5))


def test_a_hint_is_wanted_where_the_network_wavers(known_network):
    known_network.set_photo(noisy(0.45, 0.5))  # when mirrored it changes its mind the more, the nearer to a side
    left = [place.x for place in suggest_places(known_network, (), 20) if place.x < 0.4 * WIDTH]
    assert len(left) > 8 and max(left[:3]) < 30


def test_without_its_nearest_hint_a_place_has_the_next_ones_color(small_weights, monkeypatch):
    def nearest_hint(engine, lightness, placed, budget=None):
        ab = np.zeros((2, *lightness.shape), np.float32)
        rows, columns, _, asked = placed
        if len(rows):
            row, column = np.mgrid[: lightness.shape[0], : lightness.shape[1]]
            apart = (rows[:, None, None] - row) ** 2 + (columns[:, None, None] - column) ** 2
            ab = np.moveaxis(asked[apart.argmin(0)], -1, 0).astype(np.float32)
        return ab, decisions

    colorizer = Colorizer(small_weights)
    levels = np.full((HEIGHT, WIDTH), 0.8)
    levels[80:120, 80:120] = 0.5  # no hint lies on ground as light as the place
    colorizer.set_photo(levels)
    _, decisions = predict(colorizer.engine, colorizer.scene.lightness, place_hints((), colorizer.scene.frame))
    monkeypatch.setattr("adacolvit.colorizer.predict", nearest_hint)
    hints = [(60, 100, "#a05050"), (150, 100, "#50a050"), (280, 190, "#5050a0")]
    found = [(s.reason, np.argmax(parse_hex(s.color))) for s in suggest_colors(colorizer, hints, 100, 100)]
    assert found == [("model", 0), ("model", 0), ("neighbor", 1)]  # red; gray; green without the red one
