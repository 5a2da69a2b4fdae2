"""The canvas: the photo to its pixels, compared, enlarged and adjusted; and the effort view."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .table import Table

WIDTH, HEIGHT = 3000, 2100  # more than the picture of the whole photo holds (2048), so that tiles must come


@pytest.fixture(scope="module")
def grain():
    """A photo in which every pixel matters: (HEIGHT, WIDTH) uint8 noise."""
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), np.uint8)


@pytest.fixture(params=["gl", "cpu"])
def table(page, request):
    """The empty table, drawn by WebGL or by the processor."""
    return Table.painted(page, request.param)


@pytest.fixture
def large(table, grain, tmp_path):
    """The table with that photo on it."""
    path = tmp_path / "grain.png"
    Image.fromarray(grain).save(path, compress_level=1)
    table.open_files(path)
    table.settle()
    return table


def sharpen(table) -> None:
    """Waits until all detail of what is shown is there."""
    table.settle()
    expect(table.canvas).to_have_attribute("data-sharp", "true")


def screen(table) -> tuple[np.ndarray, np.ndarray]:
    """The stage without what lies above the photo, (h, w, 3), and the photo's left, top, width, height on it."""
    with table.bare():
        data = table.canvas.screenshot()
    place = np.array([float(v) for v in table.canvas.get_attribute("data-photo").split()])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int), place


def pixels_at(grain, place, rows, columns):
    """The photo's pixels under the middles of screen pixels; rows and columns: of the screen, inside the photo."""
    left, top, width, _ = place
    scale = width / WIDTH
    x = np.floor((columns + 0.5 - left) / scale).astype(int)
    y = np.floor((rows + 0.5 - top) / scale).astype(int)
    return grain[np.ix_(y, x)].astype(int)


@pytest.mark.parametrize("zooms", [0, 3, 6])
def test_a_large_photo_shows_its_very_pixels(large, page, grain, zooms):
    page.keyboard.press("Shift+G")  # gray, so that the screen shows what the file holds
    page.keyboard.press("1")
    for _ in range(zooms):
        page.keyboard.press("+")
    sharpen(large)
    shown, place = screen(large)
    assert place[2] / WIDTH == pytest.approx(1.5**zooms)
    expected = pixels_at(grain, place, np.arange(shown.shape[0]), np.arange(shown.shape[1]))
    assert np.abs(shown - expected[..., None]).max() <= 1


def test_between_the_scales_no_seam_is_seen(large, page, grain):
    page.keyboard.press("Shift+G")
    page.keyboard.press("1")
    page.keyboard.press("-")  # 67 %: full tiles, scaled down by the screen's filter
    sharpen(large)
    shown, (left, top, width, _) = screen(large)
    scale = width / WIDTH
    x = (np.arange(shown.shape[1]) + 0.5 - left) / scale - 0.5
    y = (np.arange(shown.shape[0]) + 0.5 - top) / scale - 0.5
    fx, fy = (x % 1)[None], (y % 1)[:, None]
    x, y = np.floor(x).astype(int), np.floor(y).astype(int)
    corner = [[grain[np.ix_(y + dy, x + dx)].astype(float) for dx in (0, 1)] for dy in (0, 1)]
    expected = (corner[0][0] * (1 - fx) + corner[0][1] * fx) * (1 - fy) + (
        corner[1][0] * (1 - fx) + corner[1][1] * fx
    ) * fy
    assert np.abs(shown[..., 0] - expected).max() <= 2  # a tile's edge included


def test_the_loupe_shows_pixels_where_the_pointer_is(large, page, grain):
    page.keyboard.press("Shift+G")
    page.keyboard.press("m")
    x, y = large.place(0.4, 0.6)
    page.mouse.move(x, y)
    sharpen(large)
    expect(page.locator(".lens")).to_contain_text("100 %")
    shown, (left, top, width, _) = screen(large)
    box = large.canvas.bounding_box()
    row, column = round(y - box["y"]), round(x - box["x"])
    inside = shown[row - 40 : row + 40, column - 40 : column + 40, 0]
    scale = width / WIDTH
    px, py = (x - box["x"] - left) / scale, (y - box["y"] - top) / scale
    errors = [  # the lens is laid on whole screen pixels, so it may be off by one
        np.abs(inside - grain[r : r + 80, c : c + 80]).mean()
        for r in range(int(py) - 42, int(py) - 37)
        for c in range(int(px) - 42, int(px) - 37)
    ]
    assert min(errors) < 1
    page.mouse.click(x, y)  # and a click goes to that very place
    expect(large.rings).to_have_count(1)
    hint = large.kept_hints()[0]
    assert (hint["x"], hint["y"]) == (pytest.approx(px, abs=2), pytest.approx(py, abs=2))


def test_saturation_and_strength_need_no_network_and_are_saved(table, page):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    table.open_sample("Coffee")
    table.click(0.5, 0.8)
    table.choose("#20c020")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    table.settle()
    plain, requests = table.picture(), len(sent)
    page.keyboard.press("v")
    view = page.get_by_role("region", name="View")
    view.get_by_label("Saturation", exact=True).fill("0.5")
    view.get_by_label("Strength", exact=True).fill("0.8")
    table.settle()
    adjusted = table.picture()
    body = {"hints": table.kept_hints(), "format": "png", "saturation": 0.5, "strength": 0.8}
    file = page.request.post(f"/api/photos/{table.photo_id}/render", data=body).body()
    saved = np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)
    assert np.abs(adjusted - saved).mean() < 1.5
    assert np.abs(plain - saved).max() > 15, "an unchanged picture would agree too easily"
    view.get_by_label("Strength", exact=True).fill("0")
    table.settle()
    gray = table.picture()
    assert np.array_equal(gray.max(-1), gray.min(-1))
    page.keyboard.press("Control+z")  # a slider's moves in a row are one step
    page.keyboard.press("Control+z")
    table.settle()
    assert np.array_equal(table.picture(), plain)
    assert len(sent) == requests, "a slider of the view must not run the network"


def test_side_by_side_is_one_view_twice(table, page):
    table.open_sample("Cat")
    table.click(0.3, 0.3)
    table.choose("#c03020")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+B")
    table.settle()
    shown, (left, top, width, height) = screen(table)
    half = shown.shape[1] // 2 + 1
    rows, columns = slice(int(top) + 2, int(top + height) - 2), slice(int(left) + 2, int(left + width) - 2)
    color = shown[rows, columns]
    gray = shown[rows, columns.start - half : columns.stop - half]
    assert np.array_equal(gray.max(-1), gray.min(-1))
    assert np.abs(color - color.mean(-1, keepdims=True)).mean() > 3
    page.keyboard.press("Shift+G")
    table.settle()
    assert np.array_equal(screen(table)[0][rows, columns], gray), "the same place, to the pixel"
    page.keyboard.press("Shift+G")

    x, y = table.place(0.7, 0.6)
    page.mouse.click(x - half, y)  # on the gray photo: the hint goes to the same place
    expect(table.rings).to_have_count(2)
    hint = table.kept_hints()[-1]
    info = page.request.get(f"/api/photos/{table.photo_id}").json()
    assert hint["x"] / info["width"] == pytest.approx(0.7, abs=0.01)
    assert hint["y"] / info["height"] == pytest.approx(0.6, abs=0.01)
    page.keyboard.press("Escape")
    page.mouse.move(x - half, y)
    page.mouse.wheel(0, -300)
    table.settle()
    assert table.place(0.7, 0.6) == (pytest.approx(x, abs=1.5), pytest.approx(y, abs=1.5))


@pytest.mark.parametrize("table", ["gl"], indirect=True)
def test_a_lost_context_comes_back_as_it_was(large, page):
    large.click(0.5, 0.5)
    large.choose("#3050d0")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    sharpen(large)
    before = screen(large)[0]
    page.evaluate("""() => {
        const canvas = document.querySelector('canvas.photo');
        window.lose = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
        window.lost = new Promise((done) => canvas.addEventListener('webglcontextlost', done, {once: true}));
        window.back = new Promise((done) => canvas.addEventListener('webglcontextrestored', done, {once: true}));
        window.lose.loseContext();
    }""")
    page.evaluate("() => window.lost.then(() => {})")
    page.mouse.wheel(0, 0)  # meanwhile the person goes on
    page.evaluate("() => { window.lose.restoreContext(); return window.back.then(() => {}); }")
    sharpen(large)
    assert np.array_equal(screen(large)[0], before)


def test_the_effort_view_tells_what_each_layer_did(table, page):
    frames = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(data)))
    table.open_sample("Astronaut")
    page.keyboard.press("e")
    panel = page.get_by_role("region", name="Effort of the last change")
    layers = panel.get_by_role("radio")
    expect(panel.locator("svg.ran path").first).to_be_attached()  # the frame that tells of patches is there
    message = frames[-1]
    effort = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])["effort"]
    steps = [(layer, part) for part in ("attention", "ffn") for layer in effort["layers"]]
    expect(layers).to_have_count(1 + len(steps))
    assert sum(layer[f"{part}_macs"] for layer, part in steps) < effort["macs"] <= effort["dense_macs"]

    layers.first.focus()
    page.keyboard.press("ArrowDown")
    for i, (layer, part) in enumerate(steps):
        at = layers.nth(1 + i)
        expect(at).to_be_focused()
        expect(at).to_have_attribute("aria-checked", "true")
        name = at.get_attribute("aria-label")
        assert ("skipped" in name) == (not layer[part])
        patches = layer[f"{part}_patches"]
        drawn = at.locator("path").get_attribute("d") or ""
        assert layer[part] is False or len(re.findall("M", drawn)) == patches.count("1")
        # The photo shows the same: dark where a patch took the short path.
        dark = page.locator(".effort-map").evaluate(
            "(map) => [...map.children].map((r) => Number(r.getAttribute('fill-opacity')) > 0 ? '0' : '1').join('')"
        )
        assert dark == patches
        page.keyboard.press("ArrowRight")
    shade, shown = page.locator(".effort-map"), panel.get_by_label("Show on the photo")
    shown.uncheck()
    expect(shade).to_have_count(0)
    shown.check()
    expect(shade).to_have_count(1)
    page.keyboard.press("e")
    expect(shade).to_have_count(0)


def test_compiled_loops_that_cannot_be_fetched_are_fetched_later(page):
    """By WebGL, which itself does without them: the frames' planes wait for them."""
    refused = []

    def refuse_twice(route) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            return route.abort() if len(refused) == 1 else route.fulfill(status=503)
        route.continue_()

    page.route("**/*.wasm", refuse_twice)
    page.goto("/?painter=gl")
    Table(page).open_sample("Cat")
    assert len(refused) == 2


def test_a_browser_without_vectors_is_told_so(page):
    page.add_init_script("WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError('no vectors'))")
    page.goto("/?painter=gl")
    page.locator(".samples button", has_text="Cat").first.click()
    expect(page.get_by_text("no WebAssembly with vectors")).to_be_visible()


def test_full_screen_leaves_the_photo_alone(table, page):
    table.open_sample("Cat")
    page.keyboard.press("Shift+F")
    expect(page.get_by_role("navigation", name="Tools")).to_be_hidden()
    table.settle()
    assert table.canvas.bounding_box()["x"] == 0
    page.keyboard.press("Shift+F")
    expect(page.get_by_role("navigation", name="Tools")).to_be_visible()


@pytest.mark.parametrize("table", ["cpu"], indirect=True)
def test_a_photo_of_100_megapixels_is_opened_colored_moved_and_saved(table, page, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # of the reader here; the app has a limit of its own
    width, height = 11600, 8640
    waves = np.add.outer(
        60 * np.cos(np.arange(height, dtype=np.float32) / 700), 60 * np.sin(np.arange(width, dtype=np.float32) / 900)
    )
    waves[:, ::2] += 12  # detail down to the pixel
    path = tmp_path / "large.jpg"
    Image.fromarray((waves + 122).astype(np.uint8)).save(path, quality=95)
    patient = {"timeout": 120_000}
    table.open_files(path)
    expect(table.canvas).to_have_attribute("data-settled", "true", **patient)
    table.click(0.3, 0.4)
    table.choose("#c03020")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(table.canvas).to_have_attribute("data-photo", re.compile(rf" {width} {height}$"))
    expect(table.canvas).to_have_attribute("data-sharp", "true", **patient)
    left, top, *_ = table.photo_box()
    page.mouse.move(600, 400)
    page.mouse.down(button="middle")
    page.mouse.move(300, 250, steps=6)
    page.mouse.up(button="middle")
    sharpen(table)
    assert table.photo_box()[:2] == (pytest.approx(left - 300, abs=1), pytest.approx(top - 150, abs=1))
    shown, place = screen(table)
    page.keyboard.press("Control+s")
    page.get_by_role("radio", name="JPEG").check(force=True)
    with page.expect_download(**patient) as saved:
        page.get_by_role("button", name="Save photo").click()
    x, y = -int(place[0]), -int(place[1])
    with Image.open(saved.value.path()) as picture:
        assert picture.size == (width, height)
        part = np.asarray(picture.crop((x, y, x + shown.shape[1], y + shown.shape[0])).convert("RGB")).astype(int)
    assert np.abs(part - shown).mean() < 1.5
    assert np.abs(part - part.mean(-1, keepdims=True)).max() > 1, "a gray picture would agree too easily"
