"""A slow machine: nothing that a person does is lost, and a click makes little anew. Without a clock."""

import pytest
from playwright.sync_api import expect

from .test_hints import chosen, drag, hints, three

SLOWDOWN = 6


@pytest.fixture
def slow(page):
    """Sets the page's processor to a sixth of its speed, and back."""
    session = page.context.new_cdp_session(page)

    def throttle(rate: int) -> None:
        session.send("Emulation.setCPUThrottlingRate", {"rate": rate})

    yield throttle
    throttle(1)


def test_clicks_without_a_pause_are_all_taken_in_order(table, page, slow):
    table.open_sample("Cat")
    stand = [table.place(0.06 - 0.01 * i, 0.1 + 0.2 * i) for i in range(5)]  # left of where the picker opens
    slow(SLOWDOWN)
    for x, y in stand:
        page.mouse.click(x, y)
    expect(table.rings).to_have_count(5)
    slow(1)
    table.settle()
    left, top, width, height = table.photo_box()
    wanted = [((x - left) * 451 / width, (y - top) * 300 / height) for x, y in stand]
    assert [(x, y) for _, x, y, _ in hints(table)] == [pytest.approx(place, abs=1) for place in wanted]
    assert chosen(table) == [False] * 4 + [True]
    page.keyboard.press("Control+z")
    assert [(x, y) for _, x, y, _ in hints(table)] == [pytest.approx(place, abs=1) for place in wanted[:4]]


def test_a_click_brings_the_picker_up_to_date_and_makes_none_anew(table, page):
    table.open_sample("Cat")
    table.click(0.02, 0.5)
    expect(table.hex).to_be_visible()
    parts = [".picker", ".plane canvas", ".picker .hex", ".suggested", ".picker .palettes"]
    page.evaluate("(parts) => { window.kept = parts.map((each) => document.querySelector(each)); }", parts)
    first = table.hex.input_value()
    square = page.evaluate("document.querySelector('.plane canvas').toDataURL()")

    def same() -> bool:
        script = "(parts) => parts.every((each, i) => window.kept[i] === document.querySelector(each))"
        return page.evaluate(script, parts)

    table.click(0.02, 0.9)
    assert same() and table.hex.input_value() != first
    expect(table.picker).to_be_visible()
    page.wait_for_function("(old) => document.querySelector('.plane canvas').toDataURL() !== old", arg=square)
    table.choose("#a03020")
    said = page.locator(".said")
    expect(said).to_contain_text("#a03020")
    table.rings.first.click()
    expect(said).to_have_count(0)  # that was said of the other hint
    page.keyboard.press("Escape")
    expect(table.picker).to_have_count(0)
    table.click(0.3, 0.9)
    assert same()


def test_where_the_picker_stands_is_not_measured(table, page):
    """Asking an element for its size in the middle of a change lays out the page at once, and again afterwards."""
    table.open_sample("Cat")
    table.click(0.02, 0.5)
    page.evaluate("""() => {
        window.asked = 0;
        for (const name of ["offsetWidth", "offsetHeight", "clientWidth", "clientHeight"]) {
            const owner = name.startsWith("offset") ? HTMLElement.prototype : Element.prototype;
            const { get } = Object.getOwnPropertyDescriptor(owner, name);
            const ask = function () { window.asked++; return get.call(this); };
            Object.defineProperty(owner, name, { get: ask });
        }
    }""")
    table.click(0.02, 0.9)
    table.click(0.3, 0.9)
    assert page.evaluate("window.asked") == 0


@pytest.mark.parametrize("size", [(1000, 500), (560, 900)])  # panes beside each other, and above each other
def test_a_rubber_band_in_either_pane_of_the_split_view(table, page, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    three(table)
    while table.picker.count():
        page.keyboard.press("Escape")
    page.keyboard.press("Shift+b")
    table.settle()
    pane, stage = page.locator(".pane").bounding_box(), table.canvas.bounding_box()
    across, down = pane["x"] - stage["x"], pane["y"] - stage["y"]
    assert max(across, down) > 100 and min(across, down) == 0
    for color in (True, False):
        page.keyboard.press("Control+a")
        (x, y), (right, bottom) = table.place(0.1, 0.1), table.place(0.3, 0.9)
        if not color:
            x, y = x - across, y - down
            right, bottom = right - across, bottom - down
        drag(page, (x, y), (right - x, bottom - y), "Shift")
        assert chosen(table) == [True] * 3
        page.keyboard.press("Escape")
        drag(page, (x, y), (right - x, bottom - y), "Shift")
        assert chosen(table) == [True, True, False], "color" if color else "gray"
        page.keyboard.press("Escape")
    expect(page.locator(".band")).to_have_count(0)
