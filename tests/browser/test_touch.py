"""By finger: what is typed before a tap, and what a phone's width and its browser ask for."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from .conftest import watched
from .table import Table


@contextmanager
def touched(browser, address: str, x: float, y: float, **device) -> Iterator[Table]:
    """A photo on a device with a touch screen, with one hint, whose picker is open."""
    context = browser.new_context(has_touch=True, base_url=address, **device)
    page = watched(context.new_page())
    page.goto("/")
    table = Table(page)
    page.get_by_role("button", name="Cat").tap()
    table.settle()
    tap(table, x, y)
    yield table
    context.close()
    assert not page.problems


@pytest.fixture
def tablet(browser, fresh):
    """A photo with one hint, which has a color."""
    with touched(browser, fresh, 0.3, 0.3, viewport={"width": 820, "height": 1100}) as table:
        table.choose("#a03020")
        yield table


def tap(table: Table, x: float, y: float) -> None:
    table.page.touchscreen.tap(*table.place(x, y))
    table.settle()


def type_hex(page: Page, color: str) -> None:
    """Without a key that takes it."""
    page.get_by_label("Color as hex").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(color)


def test_a_color_that_was_typed_before_a_tap_is_for_the_hint_it_was_typed_for(tablet):
    page, red = tablet.page, tablet.kept_hints()[0]["color"]
    type_hex(page, "#2040c0")
    tap(tablet, 0.1, 0.9)
    expect(tablet.rings).to_have_count(2)
    first, second = tablet.kept()["present"]
    assert first["color"] != red and second["guess"]

    type_hex(page, "#20a020")
    square = page.get_by_role("slider", name="Colors this spot can have").bounding_box()
    page.touchscreen.tap(square["x"] + 0.6 * square["width"], square["y"] + 0.3 * square["height"])
    tablet.settle()
    chosen = tablet.kept_hints()[1]["color"]
    page.keyboard.press("Control+z")  # the tap in the square was the later choice of the two
    tablet.settle()
    typed = tablet.kept_hints()[1]
    assert typed["color"] not in (chosen, second["color"]) and tablet.kept()["present"][1].get("guess") is None


@pytest.fixture
def phone(browser, fresh):
    """A photo with one hint on a narrow phone."""
    with touched(browser, fresh, 0.5, 0.5, viewport={"width": 320, "height": 640}, is_mobile=True) as table:
        yield table


@pytest.mark.parametrize("width", [320, 360, 375, 390])
@pytest.mark.parametrize("notation", ["rgb", "lab"])
def test_a_colors_numbers_can_be_read_on_any_phone(phone, width, notation):
    page = phone.page
    page.set_viewport_size({"width": width, "height": 640})
    page.get_by_label("How the color is written").select_option(notation)
    fits = """(field) => {
        const { font, paddingLeft, paddingRight } = getComputedStyle(field);
        const pen = new OffscreenCanvas(1, 1).getContext("2d");
        pen.font = font;
        return pen.measureText("-128").width <= field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    }"""
    fields = page.locator(".number")
    expect(fields).to_have_count(3)
    assert all(field.evaluate(fits) for field in fields.all())
    assert phone.picker.evaluate("(picker) => picker.scrollWidth <= picker.clientWidth")


def test_no_field_is_so_small_that_a_phone_zooms_into_it(phone):
    page = phone.page
    page.keyboard.press("u")
    sizes = page.locator("input:not([type=range]), select").evaluate_all(
        "(fields) => fields.map((field) => parseFloat(getComputedStyle(field).fontSize))"
    )
    assert len(sizes) >= 3 and min(sizes) >= 16


def test_what_is_said_of_a_color_lies_over_no_field(phone):
    said = phone.page.locator(".said")
    expect(said).to_contain_text("the network's guess")
    fields = phone.page.locator(".color-fields").bounding_box()
    box = said.bounding_box()
    assert box["y"] + box["height"] <= fields["y"] and said.evaluate("(p) => p.scrollHeight <= p.clientHeight")


def test_the_start_page_is_a_tap_away(phone):
    home = phone.page.get_by_role("link", name="Start page")
    box = home.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    home.tap()
    expect(phone.page.locator(".recent-work li")).to_have_count(1)


def test_nothing_lies_under_a_notch_or_the_bar_at_the_bottom(folder):
    page = folder.page
    session = page.context.new_cdp_session(page)
    insets = {"top": 0, "left": 47, "bottom": 21, "right": 47}
    session.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    page.get_by_role("button", name="Open the first").click()
    folder.settle()

    def lies_within(selector: str) -> None:
        for box in (each.bounding_box() for each in page.locator(selector).all()):
            assert box["x"] >= 47 and box["x"] + box["width"] <= 1000 - 47
            assert box["y"] + box["height"] <= 700 - 21

    page.locator(".rail").evaluate("(rail) => rail.scrollTo(0, 10_000)")
    lies_within(".tool:visible")
    lies_within(".stage")
    lies_within(".film li")
    page.keyboard.press("r")
    lies_within(".reference-empty")
    page.set_viewport_size({"width": 400, "height": 700})
    tools = [each.bounding_box() for each in page.locator(".tool:visible").all()]
    assert min(box["x"] for box in tools) >= 47 and max(box["y"] + box["height"] for box in tools) <= 700 - 21
