"""Hints at the table: adding, moving, selecting, copying, locking, hiding; by mouse, keyboard, finger and pen."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from adacolvit.color.hex import parse_hex

from .conftest import watched
from .table import Table

RING = re.compile(r"Hint \d+, (#[0-9a-f]{6}), (\d+) across, (\d+) down(, locked)?")
CENTER = 18  # of a ring's box, CSS px


def hints(table) -> list[tuple[str, int, int, bool]]:
    """Color, x, y and whether it is locked, of each ring."""
    labels = [ring.get_attribute("aria-label") for ring in table.rings.all()]
    return [(m[1], int(m[2]), int(m[3]), m[4] is not None) for m in map(RING.fullmatch, labels)]


def places(table) -> np.ndarray:
    """(hints, 2) x and y in photo pixels, to one pixel."""
    return np.array([(x, y) for _, x, y, _ in hints(table)])


def center(ring) -> tuple[float, float]:
    box = ring.bounding_box()
    return box["x"] + CENTER, box["y"] + CENTER


def drag(page, start, by, *keys) -> None:
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=3)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def select_nothing(table) -> None:
    """Escape closes one thing after the other."""
    while table.picker.count():
        table.page.keyboard.press("Escape")


def three(table):
    """Three hints of three colors; the last one is selected."""
    table.open_sample("Cat")
    for place, color in [((0.2, 0.3), "#7b4a2d"), ((0.2, 0.7), "#2040ff"), ((0.45, 0.5), "#20c020")]:
        select_nothing(table)  # the picker lies over other places
        table.click(*place)
        table.choose(color)
    return table


def chosen(table) -> list[bool]:
    return [ring.get_attribute("aria-pressed") == "true" for ring in table.rings.all()]


def test_a_click_begins_with_the_color_that_is_there(table):
    table.open_sample("Coffee")
    before = table.picture()
    height, width = before.shape[:2]
    table.click(0.3, 0.4)
    assert np.array_equal(table.picture(), before)  # nothing changes until a color is chosen
    at = before[int(0.4 * height), int(0.3 * width)]
    guess = np.array(parse_hex(table.hex.input_value()))
    assert np.abs(guess - at).max() <= 6  # the photo's grain, at the screen's size

    table.choose("#c03020")
    assert not np.array_equal(table.picture(), before)
    table.page.keyboard.press("Control+z")
    table.settle()
    assert np.array_equal(table.picture(), before)
    select_nothing(table)
    table.click(0.7, 0.3)
    table.choose("#2040ff")  # the first one still follows the network
    select_nothing(table)
    followed = table.picture()[int(0.4 * height), int(0.3 * width)]
    color, x, y, _ = hints(table)[0]
    assert np.abs(np.array(parse_hex(color)) - followed).max() <= 6
    assert [hint.get("guess", False) for hint in table.kept()["present"]] == [True, False]
    table.rings.first.click()
    table.page.keyboard.press("l")  # to lock the guess is to choose it
    assert hints(table)[0] == (color, x, y, True)
    assert not any(hint.get("guess") for hint in table.kept()["present"])


def test_several_hints_move_recolor_and_go_as_one(table, page):
    three(table)
    start = table.picture()
    first, second, _ = table.rings.all()
    first.click(modifiers=["Shift"])
    assert chosen(table) == [True, False, True]
    expect(page.get_by_role("heading", name="2 hints")).to_be_visible()

    before = places(table)
    drag(page, center(first), (40, 24))
    table.settle()
    moved = places(table) - before
    assert moved[0] == pytest.approx(moved[2], abs=1) and moved[0][0] > 10
    assert not moved[1].any()
    assert chosen(table) == [True, False, True]
    page.keyboard.press("Control+z")  # the group's move is one step
    table.settle()
    assert np.array_equal(table.picture(), start)

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    assert (places(table) - before).tolist() == [[10, 1], [0, 0], [10, 1]]
    page.keyboard.press("Control+z")
    page.keyboard.press("5")
    expect(page.get_by_label("Reach")).to_have_value("5")
    second.click()
    expect(page.get_by_label("Reach")).to_have_value("2")

    page.keyboard.press("Control+a")
    assert chosen(table) == [True] * 3
    first.click(modifiers=["Control"])  # takes it out again
    assert chosen(table) == [False, True, True]
    page.keyboard.press("Delete")
    expect(table.rings).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(table.rings).to_have_count(3)


def test_a_group_stops_at_the_edge_and_keeps_its_shape(table, page):
    three(table)
    page.keyboard.press("Control+a")
    before = places(table)
    drag(page, center(table.rings.first), (-700, -500))
    table.settle()
    after = places(table)
    assert after.min(axis=0).tolist() == [0, 0]
    assert np.abs((after - after[0]) - (before - before[0])).max() <= 1


def test_a_rubber_band_selects_what_lies_within(table, page):
    three(table)
    select_nothing(table)
    x, y = table.place(0.1, 0.1)
    right, bottom = table.place(0.3, 0.9)
    drag(page, (x, y), (right - x, bottom - y), "Shift")
    assert chosen(table) == [True, True, False]
    expect(page.locator(".band")).to_have_count(0)
    x, y = table.place(0.7, 0.2)
    right, bottom = table.place(0.4, 0.95)
    drag(page, (x, y), (right - x, bottom - y), "Control")  # adds to what is selected
    assert chosen(table) == [True] * 3
    page.keyboard.down("Shift")
    page.mouse.click(*table.place(0.85, 0.9))  # beside every ring: no hint is added
    page.keyboard.up("Shift")
    expect(table.rings).to_have_count(3)


def test_copies_lie_beside_and_leave_the_original_alone(table, page):
    three(table)
    before = hints(table)
    page.keyboard.press("Control+d")
    expect(table.rings).to_have_count(4)
    assert hints(table)[:3] == before and chosen(table) == [False] * 3 + [True]
    assert hints(table)[3][0] == before[2][0] and (places(table)[3] != places(table)[2]).all()
    page.keyboard.press("Control+z")
    expect(table.rings).to_have_count(3)
    drag(page, center(table.rings.nth(0)), (60, 30), "Alt")
    expect(table.rings).to_have_count(4)
    assert hints(table)[:3] == before
    assert hints(table)[3][0] == before[0][0] and chosen(table) == [False] * 3 + [True]
    page.keyboard.press("Control+z")
    expect(table.rings).to_have_count(3)


def test_a_locked_hint_stays_as_it_is(table, page):
    three(table)
    page.keyboard.press("l")
    before = hints(table)
    assert before[2][3] and not before[0][3]
    locked = table.rings.nth(2)
    drag(page, center(locked), (50, 50))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    locked.click(button="right")
    table.choose("#ff0000")
    assert hints(table) == before
    expect(table.notice).to_contain_text("locked")
    page.get_by_role("button", name="Clear all").click()
    expect(table.rings).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(table.rings).to_have_count(3)
    locked.click()
    page.keyboard.press("l")
    assert not hints(table)[2][3]
    page.keyboard.press("Delete")
    expect(table.rings).to_have_count(2)


def test_hidden_hints_still_color_the_photo(table, page):
    three(table)
    picture = table.picture()
    page.keyboard.press("h")
    expect(table.rings.first).to_be_hidden()
    expect(table.picker).to_have_count(0)
    assert np.array_equal(table.picture(), picture)
    page.keyboard.press("h")
    expect(table.rings.first).to_be_visible()
    page.keyboard.press("h")
    table.click(0.8, 0.8)  # a new hint must be seen
    expect(table.rings.nth(3)).to_be_visible()
    expect(table.picker).to_be_visible()


def test_right_click_removes_that_ring_alone(table, page):
    three(table)
    page.keyboard.press("Control+a")
    table.rings.nth(1).click(button="right")
    expect(table.rings).to_have_count(2)
    assert chosen(table) == [True, True]
    page.keyboard.press("Control+z")
    expect(table.rings).to_have_count(3)


def test_all_by_keyboard(table, page):
    table.open_sample("Cat")
    page.keyboard.press("ArrowRight")  # the crosshair comes out in the middle
    crosshair = page.locator(".crosshair")
    expect(crosshair).to_be_visible()
    for key in ["Shift+ArrowLeft"] * 3 + ["ArrowUp"] * 2:
        page.keyboard.press(key)
    box = crosshair.bounding_box()
    page.keyboard.press("Enter")
    expect(table.rings).to_have_count(1)
    table.settle()
    assert center(table.rings.first) == pytest.approx((box["x"] + 16, box["y"] + 16), abs=1)
    expect(table.rings.first).to_be_focused()
    page.keyboard.press("Enter")  # into the picker
    plane = page.get_by_role("slider", name="Colors this spot can have")
    expect(plane).to_be_focused()
    color = table.hex.input_value()
    page.keyboard.press("Shift+ArrowRight")
    table.settle()
    assert table.hex.input_value() != color
    page.keyboard.press("Escape")
    expect(table.rings.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(table.picker).to_have_count(0)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(table.rings).to_have_count(2)
    expect(table.rings.nth(1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(table.rings.nth(0)).to_be_focused()
    assert chosen(table) == [True, False]
    page.keyboard.press("Tab")
    assert chosen(table) == [False, True]
    page.keyboard.press("Delete")
    expect(table.rings).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.mouse.move(*table.place(0.5, 0.5))
    page.mouse.move(*table.place(0.55, 0.5))
    expect(crosshair).to_have_count(0)  # the mouse points now


def finger(page):
    """Touches of one finger, as the browser gets them from a screen."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


@pytest.fixture
def tablet(browser, fresh):
    context = browser.new_context(viewport={"width": 900, "height": 700}, has_touch=True, base_url=fresh)
    page = watched(context.new_page())
    page.goto("/")
    yield page
    context.close()
    assert not page.problems


def test_fingers_add_move_and_select(tablet):
    table = Table(tablet)
    tablet.get_by_role("button", name="Cat").tap()
    table.settle()
    for place in [(0.7, 0.5), (0.3, 0.3)]:  # the first picker leaves the second place free
        tablet.touchscreen.tap(*table.place(*place))
        table.settle()
    expect(table.rings).to_have_count(2)
    touch = finger(tablet)
    before = places(table)
    x, y = center(table.rings.first)
    touch("touchStart", x, y)
    for step in (12, 24, 36):
        touch("touchMove", x + step, y + step)
    touch("touchEnd")
    table.settle()
    assert places(table)[0][0] > before[0][0] + 5 and (places(table)[1] == before[1]).all()
    table.rings.first.click()
    assert chosen(table) == [True, False]
    touch("touchStart", *center(table.rings.nth(1)))  # a long press takes it in as well
    expect(tablet.locator(".ring.chosen")).to_have_count(2)
    touch("touchEnd")
    assert chosen(table) == [True, True]
    expect(table.rings).to_have_count(2)


def test_a_pen_adds_moves_and_removes(table, page):
    table.open_sample("Cat")
    session = page.context.new_cdp_session(page)

    def pen(kind: str, x: float, y: float, button: str = "left") -> None:
        buttons = 0 if kind == "mouseReleased" else {"left": 1, "right": 2, "none": 0}[button]
        event = {
            "type": kind,
            "x": x,
            "y": y,
            "button": button,
            "buttons": buttons,
            "clickCount": 1,
            "pointerType": "pen",
        }
        session.send("Input.dispatchMouseEvent", event)

    x, y = table.place(0.4, 0.4)
    pen("mousePressed", x, y)
    pen("mouseMoved", x + 3, y + 2)  # no hand is steady: still a click
    pen("mouseReleased", x + 3, y + 2)
    expect(table.rings).to_have_count(1)
    table.settle()
    before = places(table)
    x, y = center(table.rings.first)
    pen("mousePressed", x, y)
    for step in (10, 20, 30):
        pen("mouseMoved", x - step, y)
    pen("mouseReleased", x - 30, y)
    table.settle()
    assert places(table)[0][0] < before[0][0] - 5
    x, y = center(table.rings.first)
    pen("mousePressed", x, y, "right")  # the button on its barrel
    pen("mouseReleased", x, y, "right")
    expect(table.rings).to_have_count(0)


def test_suggested_places_become_hints(table, page):
    table.open_sample("Cat")
    page.get_by_role("button", name="Suggest places").click()
    marks = page.get_by_role("button", name=re.compile("^Suggested place"))
    expect(marks.first).to_be_visible(timeout=60_000)  # some fifty runs of the network
    count = marks.count()
    assert 1 <= count <= 5
    expect(table.rings).to_have_count(0)
    label = marks.first.get_attribute("aria-label")
    marks.first.click()
    expect(table.rings).to_have_count(1)
    assert [int(v) for v in re.findall(r"\d+", label)[1:]] == pytest.approx(places(table)[0], abs=1)
    expect(table.picker).to_be_visible()
    expect(marks).to_have_count(count - 1)
    page.keyboard.press("Escape")
    expect(marks).to_have_count(0)
    expect(table.rings).to_have_count(1)
    page.keyboard.press("p")
    expect(marks.first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Suggest places").click()  # a second time puts them away
    expect(marks).to_have_count(0)


def test_suggested_places_are_seen_where_hints_were_hidden(table, page):
    three(table)
    page.keyboard.press("h")
    expect(table.rings.first).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator(".place").first).to_be_visible(timeout=60_000)
    expect(table.rings.first).to_be_visible()


def test_places_that_come_late_take_nothing_out_of_the_hand(table, page):
    table.open_sample("Cat")
    waiting = []
    page.route("**/suggest/places", lambda route: waiting.append(route))
    with page.expect_request("**/suggest/places"):
        page.keyboard.press("p")
    table.click(0.7, 0.6)
    square = page.locator(".plane").bounding_box()
    page.mouse.move(square["x"] + 100, square["y"] + 100)
    page.mouse.down()
    page.mouse.move(square["x"] + 60, square["y"] + 60, steps=3)
    waiting[0].fulfill(json=[{"x": 20, "y": 20, "gain": 1}])
    expect(page.locator(".place")).to_have_count(1)
    page.mouse.move(square["x"] + 62, square["y"] + 62)
    page.mouse.up()
    assert chosen(table) == [True]
    assert not any(hint.get("guess") for hint in table.kept()["present"])
