"""The stories of the app: what a person sees and does, from the first photo to the saved file."""

import io
import json
import math

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from adacolvit.color.hex import parse_hex
from adacolvit.hints.frame import fit_frame

from .conftest import watched
from .table import Table


def different(before: np.ndarray, after: np.ndarray) -> bool:
    return np.abs(before - after).mean() > 0.05


def test_the_first_photo_from_click_to_saved_file(table, page, tmp_path):
    expect(page.get_by_role("heading", name="Drop a black-and-white photo here")).to_be_visible()
    table.open_sample("Cat")
    expect(page.get_by_role("heading", name="Drop")).to_have_count(0)
    empty = table.picture()

    table.click(0.4, 0.5)  # a ring, and beside it the picker with the network's own color
    expect(table.rings).to_have_count(1)
    expect(table.picker).to_be_visible()
    ring, picker = table.rings.bounding_box(), table.picker.bounding_box()
    center = ring["x"] + ring["width"] / 2
    assert not picker["x"] - 10 < center < picker["x"] + picker["width"] + 10
    guess = table.hex.input_value()

    plane = page.get_by_role("slider", name="Colors this spot can have").bounding_box()
    at = [(plane["x"] + plane["width"] * share, plane["y"] + plane["height"] * 0.6) for share in (0.4, 0.5, 0.6)]
    page.mouse.move(*at[0])
    page.mouse.down()
    table.settle()
    pressed = table.hex.input_value()
    for point in at[1:]:
        page.mouse.move(*point)
    table.settle()
    dragged = table.hex.input_value()
    page.mouse.up()
    assert len({guess, pressed, dragged}) == 3
    colored = table.picture()
    assert different(empty, colored)

    x, y = table.place(0.4, 0.5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=3)
    page.mouse.up()
    table.settle()
    moved = table.picture()
    assert different(colored, moved)
    assert table.hex.input_value() is not None and table.rings.count() == 1

    table.undo_and_redo(colored, moved, redo="Control+Shift+z")
    for _ in range(3):  # the move, the color, the hint itself
        page.keyboard.press("Control+z")
    table.settle()
    assert np.array_equal(table.picture(), empty)
    expect(table.rings).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for _ in range(3):
        page.keyboard.press("Control+y")
    table.settle()
    assert np.array_equal(table.picture(), moved)

    page.keyboard.press("Control+s")
    page.get_by_role("radio", name="PNG").check(force=True)
    with (
        page.expect_event("download", lambda download: download.suggested_filename.endswith(".png")) as picture,
        page.expect_event("download", lambda download: download.suggested_filename.endswith(".json")) as hints,
    ):
        page.get_by_role("button", name="Save photo").click()
    saved = {
        download.suggested_filename: tmp_path / download.suggested_filename for download in (picture.value, hints.value)
    }
    for download in (picture.value, hints.value):
        download.save_as(saved[download.suggested_filename])
    expect(table.notice).to_contain_text("Saved as cat.color.png")
    assert saved.keys() == {"cat.color.png", "cat.hints.json"}
    with Image.open(saved["cat.color.png"]) as picture_file:
        assert picture_file.size == (451, 300)

    table.rings.first.focus()
    page.keyboard.press("Delete")
    table.settle()
    assert np.array_equal(table.picture(), empty)

    with page.expect_file_chooser() as chooser:  # the hints file reopens, and can be undone too
        page.keyboard.press("Control+o")
    chooser.value.set_files(str(saved["cat.hints.json"]))
    expect(table.rings).to_have_count(1)
    table.settle()
    assert np.array_equal(table.picture(), moved)


def test_what_is_on_the_screen_is_what_is_saved(table, page):
    table.open_sample("Coffee")
    for place, color in [((0.3, 0.4), "#7b4a2d"), ((0.7, 0.2), "#2040ff"), ((0.5, 0.8), "#20c020")]:
        table.click(*place)
        table.choose(color)
    page.keyboard.press("1")  # one pixel of the photo is one of the screen
    table.settle()
    photo_id = table.photo_id
    body = {"hints": table.kept_hints(), "format": "png"}
    file = page.request.post(f"/api/photos/{photo_id}/render", data=body).body()
    saved = np.asarray(Image.open(io.BytesIO(file))).astype(int)
    shown = table.picture()
    assert shown.shape == saved.shape
    assert np.abs(shown - saved).mean() < 1.5
    assert np.abs(saved - saved.mean(-1, keepdims=True)).mean() > 5, "a gray picture would agree too easily"

    page.keyboard.down("g")
    table.settle()
    gray = np.asarray(Image.open(io.BytesIO(page.request.get(f"/api/photos/{photo_id}/gray").body()))).astype(int)
    assert np.abs(table.picture() - gray[..., None]).max() <= 1
    page.keyboard.up("g")
    table.settle()
    page.keyboard.press("b")  # before and after: gray on the left of the line
    table.settle()
    half = table.picture()
    assert np.abs(half[:, :200] - gray[:, :200, None]).max() <= 1
    assert np.abs(half[:, 450:] - shown[:, 450:]).max() == 0


def test_the_picker_gives_the_color_that_is_shown_and_tells_what_cannot_be(table, page):
    table.open_sample("Astronaut")
    table.click(0.9, 0.45)
    bright = table.hex.input_value()
    table.choose("#ff0000")
    said = page.locator(".said")
    expect(said).to_contain_text("#ff0000")
    assert table.hex.input_value() != "#ff0000"
    table.choose("zebra")
    expect(said).to_have_text("That is not a color. Write it like #7b4a2d.")
    table.choose(bright)
    back = table.hex.input_value()
    assert np.abs(np.array(parse_hex(back)) - parse_hex(bright)).max() <= 2  # the edge of the gamut, to 8 bits
    page.get_by_label("Reach").fill("6")
    table.settle()
    hint = table.kept_hints()[0]
    assert (hint["color"], hint["size"]) == (back, 6)
    page.get_by_label("Reach").press("Control+z")  # a slider has no undo of its own
    table.settle()
    assert table.kept_hints() == [hint | {"size": 2}]


def test_keyboard_alone(table, page):
    table.open_sample("Cat")
    page.keyboard.press("n")
    table.settle()
    first = table.kept_hints()[0]
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    table.settle()
    hint = table.kept_hints()[0]
    assert (hint["x"], hint["y"]) == pytest.approx((first["x"] + 1, first["y"] + 10))
    page.keyboard.press("Control+z")  # nudges in a row are one step
    table.settle()
    assert table.kept_hints() == [first]
    page.keyboard.press("Backspace")
    expect(table.rings).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("region", name="Shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Shortcuts")).to_have_count(0)
    page.keyboard.press("e")
    expect(page.get_by_role("region", name="Effort of the last change")).to_be_visible()
    expect(page.locator(".effort-map rect")).to_have_count(math.prod(fit_frame(451, 300).grid))


def test_zoom_and_pan_keep_the_hint_on_its_spot(table, page):
    table.open_sample("Cat")
    table.click(0.25, 0.5)
    page.keyboard.press("Escape")
    before = table.photo_box()
    page.mouse.move(*table.place(0.6, 0.5))
    page.mouse.wheel(0, -400)
    table.settle()
    zoomed = table.photo_box()
    assert zoomed[2] > 1.5 * before[2]
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(*[v + 60 for v in table.place(0.6, 0.5)], steps=3)
    page.mouse.up()
    page.keyboard.up("Space")
    table.settle()
    assert table.photo_box()[0] == pytest.approx(zoomed[0] + 60, abs=1.5)
    expect(table.rings).to_have_count(1)
    ring = table.rings.bounding_box()
    x, y = table.place(0.25, 0.5)
    assert (ring["x"] + 18, ring["y"] + 18) == (pytest.approx(x, abs=2), pytest.approx(y, abs=2))
    table.rings.click(button="right")
    expect(table.rings).to_have_count(0)
    page.keyboard.press("f")
    table.settle()
    assert table.photo_box() == before


def test_bad_files_are_told_in_a_sentence_and_the_photo_stays(table, page, tmp_path):
    broken = tmp_path / "letter.jpg"
    broken.write_text("Dear Sir or Madam")
    table.open_files(broken)
    expect(table.notice).to_contain_text("letter.jpg")
    table.open_sample("Cat")
    table.open_files(broken)
    expect(table.notice).to_contain_text("letter.jpg")
    assert "Traceback" not in table.notice.inner_text()
    other = tmp_path / "other.hints.json"
    photo = {"name": "other.jpg", "width": 10, "height": 400}
    other.write_text(json.dumps({"version": 1, "photo": photo, "hints": [{"x": 1, "y": 1, "color": "#123456"}]}))
    table.open_files(other)
    expect(table.notice).to_contain_text("other.jpg")
    table.click(0.5, 0.5)
    expect(table.rings).to_have_count(1)


def test_a_photo_and_its_hints_open_together(table, page, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 90), np.uint8)
    Image.fromarray(noise).resize((270, 180)).save(tmp_path / "two.png")
    hints = [{"x": 30, "y": 40, "color": "#7b4a2d", "size": 3}, {"x": 200, "y": 100, "color": "#204080", "size": 2}]
    photo = {"name": "two.png", "width": 270, "height": 180}
    (tmp_path / "two.hints.json").write_text(json.dumps({"version": 1, "photo": photo, "hints": hints}))
    table.open_files(tmp_path / "two.hints.json", tmp_path / "two.png")
    expect(table.rings).to_have_count(2)
    table.settle()
    page.get_by_role("button", name="Clear all").click()
    expect(table.rings).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(table.rings).to_have_count(2)


def test_hints_outlive_the_page_and_two_tabs_do_not_disturb_each_other(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    table.choose("#a03020")
    colored = table.picture()

    second = watched(page.context.new_page())
    second.set_viewport_size(page.viewport_size)
    second.goto(page.url)  # the same photo in another tab
    other = Table(second)
    expect(other.rings).to_have_count(1)
    other.settle()
    second.keyboard.press("Escape")
    assert np.array_equal(other.picture(), colored)
    other.click(0.2, 0.2)
    other.choose("#2030c0")
    assert different(other.picture(), colored)
    assert table.rings.count() == 1 and np.array_equal(table.picture(), colored)

    page.reload()
    table.settle()
    expect(table.rings).to_have_count(2)  # what was changed last, in whichever tab
    expect(table.notice).to_contain_text("2 hints from last time")
    assert not second.problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_photo_picker_and_rail_below_each_other(browser, fresh, scheme):
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True, base_url=fresh, color_scheme=scheme
    )
    page = watched(context.new_page())
    page.goto("/")
    table = Table(page)
    page.get_by_role("button", name="Cat").tap()
    table.settle()
    before = table.photo_box()
    page.touchscreen.tap(*table.place(0.5, 0.5))
    expect(table.rings).to_have_count(1)
    expect(table.picker).to_be_visible()
    table.settle()
    assert table.photo_box() == before, "the photo must not jump when the picker opens"
    canvas, picker = table.canvas.bounding_box(), table.picker.bounding_box()
    rail = page.get_by_role("navigation", name="Tools").bounding_box()
    assert canvas["y"] + canvas["height"] <= picker["y"] + 1 <= rail["y"] - picker["height"] + 2
    assert rail["y"] + rail["height"] <= 780
    for button in page.get_by_role("navigation", name="Tools").get_by_role("button").all():
        box = button.bounding_box() if button.is_visible() else None
        assert box is None or min(box["width"], box["height"]) >= 44
        if button.get_attribute("aria-label") in {"Open", "Save", "Undo", "Redo"}:  # the rest is a swipe away
            assert box["x"] + box["width"] <= 390
    page.get_by_role("button", name="Undo").tap()
    expect(table.rings).to_have_count(0)
    context.close()
    assert not page.problems
