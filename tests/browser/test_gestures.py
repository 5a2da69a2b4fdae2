"""Fingers, pens, trackpads and keys on the canvas."""

import pytest
from playwright.sync_api import expect

from .table import Table


@pytest.fixture(params=["gl", "cpu"])
def table(page, request):
    """The empty table, drawn by WebGL or by the processor."""
    return Table.painted(page, request.param)


def touch(cdp, kind, *points):
    fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_two_fingers_zoom_one_pans_and_neither_colors(table, page):
    table.open_sample("Cat")
    before = table.photo_box()
    cdp = page.context.new_cdp_session(page)
    (x, y) = table.place(0.5, 0.5)
    touch(cdp, "touchStart", (x - 40, y))
    touch(cdp, "touchStart", (x - 40, y), (x + 40, y))
    for reach in (50, 60, 80):
        touch(cdp, "touchMove", (x - reach, y), (x + reach, y))
    touch(cdp, "touchEnd")
    table.settle()
    zoomed = table.photo_box()
    assert zoomed[2] / before[2] == pytest.approx(2, rel=0.05)
    touch(cdp, "touchStart", (x, y))
    for step in (20, 40, 60):
        touch(cdp, "touchMove", (x, y + step))
    touch(cdp, "touchEnd")
    table.settle()
    assert table.photo_box()[1] == pytest.approx(zoomed[1] + 60, abs=2)
    expect(table.rings).to_have_count(0)
    touch(cdp, "touchStart", (x, y))
    touch(cdp, "touchEnd")
    expect(table.rings).to_have_count(1)


def test_a_pinch_that_begins_on_a_ring_moves_no_hint(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    table.choose("#a03020")
    page.keyboard.press("Escape")
    kept, before = table.kept(), table.photo_box()
    cdp = page.context.new_cdp_session(page)
    (x, y) = table.place(0.5, 0.5)
    touch(cdp, "touchStart", (x, y))
    touch(cdp, "touchMove", (x + 15, y))
    touch(cdp, "touchStart", (x + 15, y), (x - 65, y))  # away from the picker
    for reach in (50, 60, 80):
        touch(cdp, "touchMove", (x - 25 + reach, y), (x - 25 - reach, y))
    touch(cdp, "touchEnd")
    table.settle()
    assert table.photo_box()[2] / before[2] == pytest.approx(2, rel=0.05)
    after = table.kept()
    assert after["present"] == kept["present"] and len(after["past"]) == len(kept["past"])


@pytest.mark.parametrize("table", ["cpu"], indirect=True)
def test_space_and_drag_pan_wherever_the_drag_begins(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    table.choose("#a03020")
    for _ in ("the ring", "the picker"):
        page.keyboard.press("Escape")
    page.keyboard.press("b")
    kept = table.kept_hints()
    line = page.get_by_role("slider", name="Before and after line")
    for target in (table.rings.first, line):
        before, box = table.photo_box(), target.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 60)
        page.mouse.move(x, y)
        page.keyboard.down(" ")
        page.mouse.down()
        page.mouse.move(x + 30, y + 20, steps=3)
        page.mouse.up()
        page.keyboard.up(" ")
        table.settle()
        assert table.photo_box()[:2] == pytest.approx((before[0] + 30, before[1] + 20), abs=1)
    assert table.kept_hints() == kept
    expect(table.rings).to_have_count(1)
    expect(line).to_have_attribute("aria-valuenow", "50")


def test_buttons_that_mean_something_else_add_no_hint(table, page):
    table.open_sample("Cat")
    press = """([x, y, button]) => {
        const target = document.elementFromPoint(x, y);
        const pointerType = button === 5 ? "pen" : "mouse";
        const init = { clientX: x, clientY: y, button, pointerId: 1, pointerType, bubbles: true };
        for (const kind of ["pointerdown", "pointerup"]) target.dispatchEvent(new PointerEvent(kind, init));
    }"""
    for button in (2, 3, 4, 5):
        page.evaluate(press, [*table.place(0.5, 0.5), button])
    table.click(0.3, 0.3)
    expect(table.rings).to_have_count(1)


def test_a_notch_of_the_wheel_zooms_a_little_with_control_too(table, page):
    table.open_sample("Cat")
    before = table.photo_box()
    page.mouse.move(*table.place(0.5, 0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    table.settle()
    assert 1.1 < table.photo_box()[2] / before[2] < 1.5


@pytest.mark.parametrize("table", ["cpu"], indirect=True)
def test_a_pinch_on_safaris_trackpad_zooms_the_photo_and_not_the_page(table, page):
    table.open_sample("Cat")
    x, y = table.place(0.3, 0.4)
    gesture = """([kind, clientX, clientY, scale]) => {
        const event = new MouseEvent(kind, { clientX, clientY, bubbles: true, cancelable: true });
        document.querySelector(".stage").dispatchEvent(Object.assign(event, { scale }));
        return event.defaultPrevented;
    }"""
    before = table.photo_box()
    for kind, scale in (("gesturestart", 1), ("gesturechange", 1.5), ("gesturechange", 2)):
        assert page.evaluate(gesture, [kind, x, y, scale])
    table.settle()
    assert table.photo_box()[2] / before[2] == pytest.approx(2, rel=0.01)
    assert table.place(0.3, 0.4) == pytest.approx((x, y), abs=1)
    cdp = page.context.new_cdp_session(page)
    touch(cdp, "touchStart", (x, y))  # fingers are told of as pointers
    page.evaluate(gesture, ["gesturechange", x, y, 4])
    touch(cdp, "touchEnd")
    table.settle()
    assert table.photo_box()[2] / before[2] == pytest.approx(2, rel=0.01)


def test_a_key_that_is_held_repeats_what_should_repeat(table, page):
    table.open_sample("Cat")
    table.click(0.4, 0.4)
    table.choose("#a03020")
    x = table.kept_hints()[0]["x"]
    table.rings.first.focus()
    for key in ("t", "ArrowRight"):
        for _ in range(3):
            page.keyboard.down(key)  # the second and third say that they repeat
        page.keyboard.up(key)
    kept = table.kept()
    assert len(kept["snapshots"]) == 1 and kept["present"][0]["x"] == x + 3


def test_a_pen_places_a_hint_and_its_hand_does_not(table, page):
    table.open_sample("Cat")
    cdp = page.context.new_cdp_session(page)
    x, y = table.place(0.5, 0.5)
    pen = {"x": x, "y": y, "button": "left", "pointerType": "pen", "clickCount": 1}
    cdp.send("Input.dispatchMouseEvent", {**pen, "type": "mousePressed"})
    touch(cdp, "touchStart", (x + 90, y + 60))
    touch(cdp, "touchEnd")
    cdp.send("Input.dispatchMouseEvent", {**pen, "type": "mouseReleased"})
    table.settle()
    expect(table.rings).to_have_count(1)
    info = page.request.get(f"/api/photos/{table.photo_id}").json()
    assert table.kept_hints()[0]["x"] / info["width"] == pytest.approx(0.5, abs=0.01)
