"""The picker: colors that a spot can have, as numbers, by eyedropper and by suggestion."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from adacolvit.color.difference import ciede2000
from adacolvit.color.gamut import in_gamut
from adacolvit.color.hex import format_hex, parse_hex
from adacolvit.color.lab import srgb_to_lab

from ..colors import lab
from .colors import BARK, MOSS, SEA, at_lightness, close, spot_lightness


def test_the_square_holds_the_displayable_colors_of_the_spot_and_no_others(table, page):
    table.open_sample("Astronaut")
    table.click(0.5, 0.3)
    lightness = spot_lightness(table)
    side, data = page.evaluate("""() => {
        const canvas = document.querySelector(".plane canvas");
        return [canvas.width, [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]];
    }""")
    pixels = np.array(data).reshape(side, side, 4)
    shown = pixels[..., 3] == 255
    assert 0.1 < shown.mean() < 0.9 and set(np.unique(pixels[..., 3])) == {0, 255}
    colors = srgb_to_lab(pixels[shown][:, :3] / 255)
    assert np.abs(colors[:, 0] - lightness).max() < 1  # 8 bits
    # Their ab lie on a line for every row and column: from these the ab of what is hidden.
    rows, columns = np.nonzero(shown)
    a = np.polynomial.Polynomial.fit(columns, colors[:, 1], 1)
    b = np.polynomial.Polynomial.fit(rows, colors[:, 2], 1)
    assert np.abs(a(columns) - colors[:, 1]).max() < 2 and np.abs(b(rows) - colors[:, 2]).max() < 2
    y, x = np.nonzero(~shown)
    hidden = np.stack([np.full(len(x), lightness), a(x), b(y)], axis=-1)
    assert in_gamut(hidden).mean() < 0.01  # along the outline


def test_hex_rgb_and_lab_name_one_color(table, page):
    table.open_sample("Coffee")
    table.click(0.3, 0.4)
    lightness = spot_lightness(table)
    table.choose(BARK)
    notation = page.get_by_label("How the color is written")
    shown = table.hex.input_value()
    assert close(shown, at_lightness(BARK, lightness))

    notation.select_option("RGB")
    fields = [page.get_by_label(f"Color: {name}") for name in ("red", "green", "blue")]
    assert [int(field.input_value()) for field in fields] == list(parse_hex(shown))
    fields[2].fill("200")
    fields[2].press("Enter")
    table.settle()
    red, green, _ = parse_hex(shown)
    wanted = format_hex((red, green, 200))

    notation.select_option("Lab")
    assert abs(int(page.get_by_label("Lightness: the photo's own").input_value()) - lightness) < 1
    a, b = (page.get_by_label(f"Color: {name}") for name in "ab")
    assert [int(a.input_value()), int(b.input_value())] == pytest.approx(
        lab(format_hex(at_lightness(wanted, lightness)))[1:], abs=1.5
    )
    a.fill("12")
    a.press("Enter")
    b.fill("-9")
    b.press("Enter")
    table.settle()
    expect(page.locator(".said")).to_have_count(0)  # this color exists, so that nothing is to be said
    a.fill("-128")
    a.press("Enter")
    expect(page.locator(".said")).to_contain_text("No screen shows a -128")

    page.reload()  # the habit is kept
    table.settle()
    table.rings.first.click()
    expect(notation).to_have_value("lab")
    notation.select_option("Hex")


def test_asked_and_shown_and_how_different_they_look(table, page):
    table.open_sample("Cat")
    table.click(0.4, 0.5)
    table.choose("#ff3020")
    asked, got = page.locator(".obtained dd.swatch").all_inner_texts()
    said = float(page.locator(".difference").inner_text())
    assert asked == table.hex.input_value()
    assert said == pytest.approx(float(ciede2000(lab(asked), lab(got))), abs=0.6)  # the swatches have 8 bits
    page.keyboard.press("1")  # a pixel of the photo is one of the screen
    table.settle()
    hint = table.kept_hints()[0]
    assert close(got, table.picture()[int(hint["y"]), int(hint["x"])], 3)


def test_differences_are_those_of_the_library(table, page):
    """Pairs far apart and near, gray and across hue 0, through palettes' worth of colors in the page's own code."""
    table.open_sample("Cat")
    generator = np.random.default_rng(5)
    seen = []
    table.click(0.5, 0.5)
    for color in generator.integers(0, 256, (6, 3)):
        table.choose(format_hex(tuple(int(v) for v in color)))
        asked, got = page.locator(".obtained dd.swatch").all_inner_texts()
        seen.append((float(page.locator(".difference").inner_text()), float(ciede2000(lab(asked), lab(got)))))
    said, expected = np.array(seen).T
    assert np.abs(said - expected).max() < 0.6


@pytest.mark.parametrize("window", [{"width": 800, "height": 560}, {"width": 660, "height": 900}])
def test_the_square_stays_under_the_pointer_whatever_is_said_or_shown_below_it(table, page, window):
    page.set_viewport_size(window)
    table.open_sample("Cat")
    table.click(0.5, 0.9)
    square = page.get_by_role("slider", name="Colors this spot can have")
    suggested = page.get_by_role("group", name="Suggested")
    expect(suggested).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("group", name="Recent")).to_contain_text("none yet")
    box = square.bounding_box()
    table.choose("#7b4a2d")
    expect(page.locator(".said")).to_contain_text("#7b4a2d")
    expect(page.get_by_role("group", name="Recent").get_by_role("button")).to_have_count(1)
    assert square.bounding_box() == box
    square.hover(position={"x": 100, "y": 80})
    page.mouse.down()
    expect(page.locator(".said")).to_have_count(0)
    assert square.bounding_box() == box
    page.mouse.up()
    table.settle()
    assert square.bounding_box() == box
    page.keyboard.press("l")
    expect(page.locator(".said")).to_contain_text("locked")
    assert square.bounding_box() == box


def test_several_spots_take_one_color_each_at_its_own_lightness(table, page):
    table.open_sample("Astronaut")
    lightness = []
    for place in [(0.1, 0.1), (0.5, 0.2)]:
        table.click(*place)
        lightness.append(spot_lightness(table))
        while table.picker.count():
            page.keyboard.press("Escape")
    assert abs(lightness[0] - lightness[1]) > 5
    page.keyboard.press("Control+a")
    table.choose(SEA)
    colors = [re.search("#[0-9a-f]{6}", ring.get_attribute("aria-label"))[0] for ring in table.rings.all()]
    assert all(close(color, at_lightness(SEA, L)) for color, L in zip(colors, lightness, strict=True))
    expect(page.locator(".said")).to_contain_text("Each of the 2 spots")


@pytest.mark.parametrize("size", [(800, 560), (1280, 800), (700, 420)])
def test_the_picker_never_covers_its_ring(table, page, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    table.open_sample("Cat")
    for place in [(0.02, 0.02), (0.98, 0.02), (0.5, 0.5), (0.02, 0.98), (0.98, 0.98)]:
        while table.picker.count():
            page.keyboard.press("Escape")
        table.click(*place)
        x, y = table.place(*place)
        box, stage = table.picker.bounding_box(), table.canvas.bounding_box()
        beside = not (box["x"] - 10 < x < box["x"] + box["width"] + 10)
        apart = not (box["y"] - 10 < y < box["y"] + box["height"] + 10)
        assert beside or apart, place
        assert box["y"] >= stage["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
        assert box["x"] >= stage["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]


def a_red_spot_and_another(table) -> None:
    """The second one is selected, and has no color of its own yet."""
    table.open_sample("Coffee")
    table.click(0.25, 0.4)
    table.choose("#c03020")
    while table.picker.count():
        table.page.keyboard.press("Escape")
    table.click(0.8, 0.9)


def test_the_eyedropper_takes_what_the_photo_shows(table, page):
    a_red_spot_and_another(table)
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Take a color from the photo")).to_have_attribute("aria-pressed", "true")
    picture = table.picture()
    height, width = picture.shape[:2]
    x, y = table.place(0.3, 0.45)
    page.mouse.move(x, y)
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    color = tip.inner_text()
    assert close(color, picture[int(0.45 * height), int(0.3 * width)], 8)
    lightness = spot_lightness(table)
    page.mouse.click(x, y)
    table.settle()
    expect(table.rings).to_have_count(2)  # the click takes a color, it adds no hint
    expect(page.locator(".dropper")).to_have_count(0)
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    expect(page.get_by_role("button", name=f"Use {color}")).to_be_visible()
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    expect(page.locator(".dropper")).to_have_count(0)
    expect(table.picker).to_be_visible()


def test_red_green_and_blue_are_one_color_however_they_are_typed(table, page):
    table.open_sample("Coffee")
    table.click(0.3, 0.4)
    lightness = spot_lightness(table)
    page.get_by_label("How the color is written").select_option("RGB")
    fields = [page.get_by_label(f"Color: {name}") for name in ("red", "green", "blue")]
    for field, value in zip(fields, parse_hex(BARK), strict=True):
        field.fill(str(value))
        field.press("Tab")
    page.get_by_label("How the color is written").select_option("Hex")
    table.settle()
    assert close(table.hex.input_value(), at_lightness(BARK, lightness))


def test_the_eyedropper_is_worked_by_keys(table, page):
    a_red_spot_and_another(table)
    before = table.hex.input_value()
    table.rings.nth(1).focus()
    page.keyboard.press("i")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".dropper")).to_have_count(0)
    table.settle()
    assert table.hex.input_value() != before
    expect(table.rings).to_have_count(2)
    summary = page.get_by_text("Palettes", exact=True)
    summary.focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Import")).to_be_visible()


def test_recent_colors_are_at_hand_where_the_browser_keeps_nothing(table, page):
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }")
    page.reload()
    table.open_sample("Cat")
    table.click(0.6, 0.6)
    for color in (BARK, SEA, MOSS, SEA):
        table.choose(color)
    recent = page.get_by_role("group", name="Recent").get_by_role("button")
    assert [swatch.get_attribute("aria-label") for swatch in recent.all()] == [
        f"Use {each}" for each in (SEA, MOSS, BARK)
    ]


def test_a_suggestion_shows_its_effect_before_it_is_taken(table, page):
    table.open_sample("Cat")
    table.click(0.3, 0.3)
    table.choose("#c03020")
    while table.picker.count():
        page.keyboard.press("Escape")
    table.click(0.7, 0.6)
    table.choose("#20a080")
    row = page.get_by_role("group", name="Suggested")
    expect(row).to_have_attribute("aria-busy", "false")
    offered = row.get_by_role("button")
    assert 1 <= offered.count() <= 8
    labels = [each.get_attribute("aria-label") for each in offered.all()]
    assert all(re.fullmatch(r"Use #[0-9a-f]{6}: .+", label) for label in labels)
    # Beside the ring, away from the picker; the swatch must stay under the pointer, so that nothing is hidden for this.
    (left, top), (right, bottom) = table.place(0.76, 0.5), table.place(0.95, 0.7)
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    lightness, before, beside = spot_lightness(table), table.picture(), page.screenshot(clip=clip)
    color = re.search("#[0-9a-f]{6}", labels[-1])[0]
    kept = table.hex.input_value()

    offered.last.hover()
    expect(table.hex).not_to_have_value(kept)
    table.settle()
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    assert page.screenshot(clip=clip) != beside
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert table.hex.input_value() == kept and np.array_equal(table.picture(), before)

    page.get_by_label("Reach").focus()
    while not offered.last.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")
    note = row.get_by_role("status")
    expect(note).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(note).to_be_empty()
    table.settle()
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    page.keyboard.press("Control+z")  # looking left no step behind
    table.settle()
    assert np.array_equal(table.picture(), before)
