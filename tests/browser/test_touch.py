"""By finger: what is typed before a tap, and what a phone's width and its browser ask for."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import watched
from .table import Table


@pytest.fixture
def tablet(browser, fresh):
    """A photo with one hint, whose picker is open."""
    context = browser.new_context(viewport={"width": 820, "height": 1100}, has_touch=True, base_url=fresh)
    page = watched(context.new_page())
    page.goto("/")
    table = Table(page)
    page.get_by_role("button", name="Cat").tap()
    table.settle()
    tap(table, 0.3, 0.3)
    table.choose("#a03020")
    yield table
    context.close()
    assert not page.problems


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
