"""The browser-only engine computes what the package computes: the same inputs through both."""

import numpy as np
import pytest
from PIL import Image

from adacolvit.colorizer import Colorizer
from adacolvit.errors import HintError
from adacolvit.hints.file import HintFile, dump_hints, parse_hints
from adacolvit.hints.frame import fit_frame
from adacolvit.hints.hint import as_hints, encode_hints, place_hints
from adacolvit.model.budget import check_budget, least_budget
from adacolvit.model.config import VARIANTS, ModelConfig
from adacolvit.model.cost import cost, layer_macs
from adacolvit.model.positions import sine_positions
from adacolvit.photo import open_photo
from adacolvit.runtime.refine import refine
from adacolvit.runtime.upsample import compose, guide
from adacolvit.suggest import places
from adacolvit.suggest.colors import reference_colors

from ..suggest import known

rng = np.random.default_rng(7)
HINTS = [
    {"x": 0, "y": 0, "color": "#ff0000", "size": 7},
    {"x": 89.9, "y": 59.9, "color": "#00ff40", "size": 7},
    {"x": 40.5, "y": 20, "color": "#2040c0", "size": 2},
    {"x": 41, "y": 21, "color": "#7b4a2d", "size": 5},
    {"x": 41, "y": 21, "color": "#808080", "size": 3},
]


def scene(height: int, width: int):
    """A lightness with edges and texture, and a color that does not follow it."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    lightness = 50 + 30 * np.sign(np.sin(x / 23) * np.sin(y / 17)) + 4 * rng.standard_normal((height, width))
    ab = np.stack([60 * np.sin(x / 40), 50 * np.cos(y / 31)]) + 5 * rng.standard_normal((2, height, width))
    return lightness.clip(0, 100).astype(np.float32), ab.astype(np.float32)


def planes(array: np.ndarray) -> list:
    return [plane.ravel().tolist() for plane in array]


def placed_hints(frame):
    placed = place_hints(HINTS, frame)
    names = ("row", "column", "size")
    rows = [dict(zip(names, map(int, values), strict=True)) for values in zip(*placed[:3], strict=True)]
    return placed, [row | {"a": float(a), "b": float(b)} for row, (a, b) in zip(rows, placed[3], strict=True)]


def test_frames(ask):
    sizes = [(1, 1), (451, 300), (300, 451), (9000, 100), (100, 9000), (4000, 3000), (640, 640), (1, 5000)]
    sizes += [tuple(map(int, size)) for size in rng.integers(1, 12_000, (200, 2))]
    expected = [fit_frame(*size) for size in sizes]
    found = ask("frame", sizes)
    assert [(f["width"], f["height"]) for f in found] == [(f.width, f.height) for f in expected]


def test_the_networks_input(ask):
    frame = fit_frame(90, 60)
    lightness, _ = scene(frame.height, frame.width)
    request = {"lightness": lightness.ravel().tolist(), "width": 90, "height": 60, "hints": HINTS}
    found = np.reshape(ask("input", request), (4, frame.height, frame.width))
    np.testing.assert_allclose(found, encode_hints(lightness, HINTS, frame), atol=1e-6)


@pytest.mark.parametrize("grid", [(11, 17), (14, 14), (5, 39), (1, 1)])
def test_positions(ask, grid):
    found = np.reshape(ask("positions", [*grid, 192]), (-1, 192))
    np.testing.assert_allclose(found, sine_positions(*grid, 192), atol=1e-6)


def test_refining(ask):
    frame = fit_frame(90, 60)
    lightness, ab = scene(frame.height, frame.width)
    placed, plain = placed_hints(frame)
    request = {"L": lightness.ravel().tolist(), "ab": planes(ab), "height": frame.height, "width": frame.width}
    found = np.reshape(ask("refine", request | {"placed": plain}), ab.shape)
    expected = refine(lightness, ab, *placed)
    assert np.abs(expected - ab).mean() > 1, "nothing was refined"
    np.testing.assert_allclose(found, expected, atol=5e-3)


@pytest.mark.parametrize("size", [(96, 128), (16, 16), (32, 304)])
def test_planes_for_any_size(ask, size):
    lightness, ab = scene(*size)
    ab = np.rint(ab * 256) / np.float32(256)  # as a frame holds them
    request = {"L": lightness.ravel().tolist(), "ab": planes(ab), "height": size[0], "width": size[1]}
    found = np.reshape(ask("guide", request), (*size, 4))
    np.testing.assert_allclose(found, np.moveaxis(guide(lightness, ab), 0, -1), atol=2e-3)


def test_a_frame_holds_the_nearest_colors_that_it_can(ask):
    values = [0, 1 / 600, -1 / 600, 100.001, -128, 128, 1e4, -1e4]
    assert ask("steps", [values]) == np.clip(np.rint(np.array(values) * 256), -(2**15), 2**15 - 1).tolist()


@pytest.mark.parametrize("size", [(300, 451), (57, 40), (96, 128)])
def test_the_picture_at_full_size(ask, size):
    lightness, ab = scene(96, 128)
    four = guide(lightness, ab)
    full, _ = scene(*size)
    request = {"planes": np.moveaxis(four, 0, -1).ravel().tolist(), "height": 96, "width": 128, "L": full.tolist()}
    for saturation, strength in ((1, 1), (1.5, 0.6)):
        found = np.reshape(ask("compose", request | {"saturation": saturation, "strength": strength}), (*size, 4))
        expected = compose(full, four * np.float32(saturation * strength), 0, size[0])  # color is linear in the planes
        assert (found[..., 3] == 255).all()
        difference = np.abs(found[..., :3] - expected.astype(int))
        # A color at the very border of the gamut may be shrunk by one and not by the other.
        assert difference.mean() < 0.01 and (difference > 1).mean() < 1e-3


@pytest.mark.parametrize("kind", ["gray", "nearly gray", "color"])
def test_a_photo_as_the_network_sees_it(ask, kind):
    height, width = 421, 333
    y, x = np.mgrid[:height, :width]
    gray = (127 + 90 * np.sin(x / 9) * np.cos(y / 13) + 30 * rng.standard_normal((height, width))).clip(0, 255)
    rgb = np.repeat(gray.astype(np.uint8)[..., None], 3, axis=-1)
    if kind != "gray":
        noise = rng.integers(0, 6 if kind == "nearly gray" else 120, rgb.shape)
        rgb = (rgb.astype(int) + noise).clip(0, 255).astype(np.uint8)
    photo = open_photo(Image.fromarray(rgb))
    rgba = np.dstack([rgb, np.full((height, width), 255, np.uint8)])
    part = {"x": 11, "y": 7, "width": 101, "height": 53, "shrink": 4}
    request = {"rgba": rgba.ravel().tolist(), "width": width, "height": height, "most": 200, "part": part}
    found = ask("photo", request)
    assert found["color"] == photo.has_color == (kind == "color")
    frame = fit_frame(width, height)
    expected = photo.network_lightness(frame.height, frame.width)
    np.testing.assert_allclose(np.reshape(found["network"], expected.shape), expected, atol=1e-4)
    shown = photo.gray(200)
    assert tuple(found["size"]) == shown.shape[::-1]
    assert np.abs(np.reshape(found["gray"], shown.shape) - shown.astype(int)).max() <= (0 if kind == "gray" else 1)
    closely = photo.gray_part(**part)
    assert np.abs(np.reshape(found["part"], closely.shape) - closely.astype(int)).max() <= 1


@pytest.mark.parametrize(
    "config",
    [
        *(VARIANTS[name] for name in ("tiny", "dense-tiny", "small-g4")),
        ModelConfig(head_rank=64),
        ModelConfig(depth=4, slim=tuple(((4 + i, 8, 300 + i), (i, 5 * i, 9 * i)) for i in range(4))),
    ],
    ids=["tiny", "dense-tiny", "small-g4", "few pictures", "slim"],
)
def test_effort(ask, config):
    rows, columns = 11, 17
    layers = rng.random((config.depth, 2)) < 0.7 if config.adaptive else np.ones((config.depth, 2), bool)
    patches = layers[..., None] & (rng.random((config.depth, 2, rows * columns)) < 0.4)
    if not config.adaptive:
        patches[:] = True
    request = {"config": config.to_dict(), "rows": rows, "columns": columns}
    request |= {"layers": layers.ravel().astype(int).tolist(), "patches": patches.ravel().astype(int).tolist()}
    found = ask("effort", request)
    assert found["macs"] == cost(config, rows * columns, layers, patches.sum(-1))
    assert found["dense_macs"] == cost(config, rows * columns)
    each = layer_macs(config, rows * columns, layers, patches.sum(-1))
    assert [[layer["attention_macs"], layer["ffn_macs"]] for layer in found["layers"]] == each.tolist()
    assert [layer["ffn"] for layer in found["layers"]] == layers[:, 1].tolist()
    assert found["layers"][3]["attention_patches"] == "".join("01"[kept] for kept in patches[3, 0].astype(int))
    np.testing.assert_allclose(found["patches"], patches.mean((0, 1)), atol=5.1e-4)


@pytest.mark.parametrize("config", [VARIANTS["tiny"], ModelConfig(budget_knots=3, least_budget=0.4, budget=0.6)])
@pytest.mark.parametrize("wanted", [None, 0.0, 0.5, 1.0])
def test_budgets(ask, config, wanted):
    asked = wanted if config.budget_knots else None  # the program asks no other for one, see Studio.known
    assert ask("budget", {"config": config.to_dict(), "wanted": wanted}) == check_budget(config, asked)
    found = ask("effort", {"config": config.to_dict(), "rows": 1, "columns": 1, "layers": [], "patches": []})
    expected = (check_budget(config, None), least_budget(config), check_budget(config, None))
    assert tuple(map(found.get, ("budget", "least_budget", "usual_budget"))) == expected


PHOTO = {"id": "0", "name": 'grand"ma.jpg', "width": 90, "height": 60, "has_color": False, "hints": []}


def test_hints_files_are_the_same_text(ask):
    file = HintFile(PHOTO["name"], 90, 60, as_hints(HINTS))
    for hints in (HINTS, []):
        text = dump_hints(HintFile(PHOTO["name"], 90, 60, as_hints(hints)))
        assert ask("dump", {"photo": PHOTO, "hints": hints}) == text
    text = dump_hints(file)
    assert ask("parse", {"text": text, "photo": PHOTO}) == HINTS
    larger = ask("parse", {"text": text, "photo": PHOTO | {"width": 180, "height": 120}})
    expected = parse_hints(text).for_photo(180, 120)
    assert [(h["x"], h["y"]) for h in larger] == [(h.x, h.y) for h in expected]


def hint_file(hints: str, *, version=1, width=90, height=60) -> str:
    photo = f'{{"name": "a", "width": {width}, "height": {height}}}'
    return f'{{"version": {version}, "photo": {photo}, "hints": {hints}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 1}',
        hint_file("[]", version=2),
        hint_file("[]", width=0),
        hint_file("[]", height=600),
        hint_file("[null]"),
        hint_file('[{"x": 90, "y": 1, "color": "#abc"}]'),
        hint_file('[{"x": 9, "y": -1, "color": "#abc"}]'),
        hint_file('[{"x": 9, "y": 1, "color": "red"}]'),
        hint_file('[{"x": 9, "y": 1, "color": "#abc", "size": 8}]'),
        hint_file('[{"x": 9, "y": 1, "color": "#abc", "size": 2.5}]'),
    ],
)
def test_unusable_hints_files_are_refused_by_both(ask, text):
    with pytest.raises(HintError):
        parse_hints(text).for_photo(90, 60)
    assert ask("parse", {"text": text, "photo": PHOTO})["error"].endswith(".")


def test_the_same_places_are_suggested(ask, monkeypatch, small_weights):
    monkeypatch.setattr(places, "predict", known.predict)
    monkeypatch.setattr(places, "CANDIDATES", 24)  # as many as a browser has the time for
    colorizer = Colorizer(small_weights)
    colorizer.set_photo(np.random.default_rng(1).uniform(0.2, 0.7, (200, 300)))
    hints = [{"x": 200, "y": 60, "color": "#7b4a2d", "size": 2}]
    request = {"photo": (300, 200), "L": colorizer.scene.lightness.ravel().tolist(), "hints": hints, "count": 6}
    expected = places.suggest_places(colorizer, hints, 6)
    found = ask("places", request)
    assert [(p["x"], p["y"]) for p in found] == [(p.x, p.y) for p in expected]
    np.testing.assert_allclose([p["gain"] for p in found], [p.gain for p in expected], rtol=1e-3)


def test_a_reference_gives_the_same_colors(ask):
    rgb = np.random.default_rng(2).integers(0, 60, (60, 90, 3)).astype(np.uint8)
    for rows, color in ((slice(0, 15), (90, 60, 20)), (slice(15, 40), (20, 90, 60)), (slice(40, 60), (60, 20, 90))):
        rgb[rows] += np.array(color, np.uint8)
    frame = fit_frame(90, 60)
    lightness, _ = scene(frame.height, frame.width)
    row, column = 30, 50
    rgba = np.dstack([rgb, np.full((60, 90), 255, np.uint8)])
    request = {"photo": (90, 60), "rgba": rgba.ravel().tolist(), "L": lightness.ravel().tolist(), "lies": (90, 60)}
    found = ask("reference", request | {"at": row * frame.width + column})
    expected = reference_colors(open_photo(rgb), lightness, row, column)
    assert len(expected) >= 2
    np.testing.assert_allclose(found, expected, atol=1.5)
