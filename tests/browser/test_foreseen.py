"""A mouse that rests on a color has it computed: unseen before the press, at once with it, and never in the way."""

import json

import numpy as np
import pytest
from playwright.sync_api import expect

from .table import Table

# What the page asks, how often it was answered; with `hold`, answers wait in `held` until they are let go.
SOCKET = """
    Object.assign(window, { asked: [], answered: 0, hold: false, held: [] });
    window.WebSocket = class extends WebSocket {
        send(data) {
            asked.push(data);
            super.send(data);
        }
        set onmessage(listener) {
            super.onmessage = (event) => {
                answered++;
                if (hold) held.push((data = event.data) => listener({ data }));
                else listener(event);
            };
        }
    };
"""
LET_GO = "(data) => { hold = false; held.shift()(data ?? undefined); }"


@pytest.fixture(params=["gl", "cpu"])
def table(page, request):
    """A photo with one hint that has a color, its picker open."""
    page.add_init_script(SOCKET)
    table = Table.painted(page, request.param).open_sample("Cat")
    table.click(0.4, 0.5)
    table.choose("#7b4a2d")
    return table


def spot(page, x: float, y: float) -> tuple[float, float]:
    """A place on the plane of colors, given as shares of its sides; whole pixels."""
    box = page.get_by_role("slider", name="Colors this spot can have").bounding_box()
    return round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])


def asked(page) -> list[list[dict]]:
    """The hints of all requests so far."""
    return [json.loads(message)["hints"] for message in page.evaluate("asked")]


def rest(page, x: float, y: float) -> None:
    """The mouse comes to a place of the plane and stands still until that color is computed."""
    count = page.evaluate("answered")
    page.mouse.move(*spot(page, x, y))
    page.wait_for_function("(count) => answered > count", arg=count)


def press(table) -> None:
    table.page.mouse.down()
    table.page.mouse.up()
    table.settle()


def afresh(table) -> np.ndarray:
    """The picture of what is kept, computed anew."""
    table.kept()
    means = table.canvas.get_attribute("data-means")
    table.page.goto(f"{table.page.url}&painter={means}")
    expect(table.canvas).to_have_attribute("data-means", means)
    table.settle()
    return table.picture()


def test_a_press_shows_what_was_computed_while_the_mouse_rested(table, page):
    before, shown, count = table.picture(), table.hex.input_value(), len(asked(page))
    rest(page, 0.62, 0.4)
    assert len(asked(page)) == count + 1
    table.settle()
    assert np.array_equal(table.picture(), before) and table.hex.input_value() == shown
    assert table.kept_hints()[0]["color"] == shown

    x, y = spot(page, 0.62, 0.4)
    page.mouse.move(x + 1, y)  # a finger on the button moves the mouse
    press(table)
    pressed, color = table.picture(), table.hex.input_value()
    assert len(asked(page)) == count + 1 and asked(page)[-1][0]["color"] == color != shown
    assert not np.array_equal(pressed, before)
    table.undo_and_redo(before, pressed)
    assert len(asked(page)) == count + 1
    assert np.array_equal(afresh(table), pressed)


def test_a_press_elsewhere_shows_its_own_color(table, page):
    before, count = table.picture(), len(asked(page))
    rest(page, 0.62, 0.4)
    foreseen = asked(page)[-1][0]["color"]
    page.mouse.move(*spot(page, 0.4, 0.6))
    press(table)
    assert asked(page)[-1][0]["color"] == table.hex.input_value() != foreseen
    assert len(asked(page)) == count + 2
    pressed = table.picture()
    table.undo_and_redo(before, pressed)
    assert np.array_equal(afresh(table), pressed)


def test_what_was_foreseen_leaves_the_photo_when_the_view_changes(table, page):
    """The photo is drawn anew, in the colors that it has."""
    page.keyboard.press("Shift+b")  # so that two panes are drawn
    table.settle()
    before = table.picture()
    rest(page, 0.62, 0.4)
    page.keyboard.press("Shift+b")
    page.keyboard.press("Shift+b")
    table.settle()
    assert np.array_equal(table.picture(), before)


def test_a_press_waits_for_what_is_already_asked(table, page):
    before, count = table.picture(), len(asked(page))
    page.evaluate("hold = true")
    rest(page, 0.62, 0.4)
    page.mouse.down()
    page.mouse.up()
    expect(table.canvas).to_have_attribute("data-settled", "false")
    page.evaluate(LET_GO)
    table.settle()
    assert len(asked(page)) == count + 1
    pressed = table.picture()
    assert not np.array_equal(pressed, before)
    assert np.array_equal(afresh(table), pressed)


def test_a_color_that_was_not_chosen_after_all_is_never_shown(table, page):
    before, count = table.picture(), len(asked(page))
    page.evaluate("hold = true")
    rest(page, 0.62, 0.4)
    page.mouse.move(*spot(page, 0.4, 0.6))
    page.mouse.down()
    expect(table.canvas).to_have_attribute("data-settled", "false")
    assert len(asked(page)) == count + 2  # at once, with the first answer still to come
    page.evaluate("() => held.shift()()")  # the one it asks for now is held
    page.wait_for_function("() => held.length === 1")
    assert len(asked(page)) == count + 2
    assert np.array_equal(table.picture(), before)
    page.evaluate(LET_GO)
    table.settle()
    page.mouse.up()
    assert asked(page)[-1][0]["color"] == table.hex.input_value()
    assert np.array_equal(afresh(table), table.picture())


def test_a_press_does_not_wait_for_what_was_overtaken(table, page):
    """The program does not answer it any more; the answer to the press stands for both."""
    page.evaluate("hold = true")
    rest(page, 0.62, 0.4)
    page.mouse.move(*spot(page, 0.4, 0.6))
    page.mouse.down()
    page.wait_for_function("() => held.length === 2")
    page.evaluate("() => held.shift()")  # as if it had not come
    page.evaluate(LET_GO)
    table.settle()
    page.mouse.up()
    assert asked(page)[-1][0]["color"] == table.hex.input_value()
    pressed = table.picture()
    rest(page, 0.62, 0.4)  # asked for anew
    press(table)
    table.undo_and_redo(pressed, table.picture())


def test_what_fails_before_it_is_wanted_is_no_fault(table, page):
    count = len(asked(page))
    page.evaluate("hold = true")
    rest(page, 0.62, 0.4)
    page.evaluate(LET_GO, json.dumps({"error": "No colors today."}))
    press(table)  # asks in earnest
    expect(table.notice).to_have_count(0)
    first, second = asked(page)[count:]
    assert first == second and first[0]["color"] == table.hex.input_value()

    page.evaluate("hold = true")
    rest(page, 0.4, 0.6)
    page.mouse.down()  # wanted before it fails
    expect(table.canvas).to_have_attribute("data-settled", "false")
    page.evaluate(LET_GO, json.dumps({"error": "No colors today."}))
    expect(table.notice).to_contain_text("No colors today.")
    page.mouse.up()


@pytest.mark.parametrize("pointer", ["mouse", "pen", "touch"])
def test_only_what_hovers_is_foreseen(table, page, pointer):
    """The page's timers run in the order of their times, so that a resting place is known before the last one rings."""
    x, y = spot(page, 0.62, 0.4)
    script = """async ([clientX, clientY, pointerType]) => {
        const [plane, before] = [document.querySelector(".plane"), asked.length];
        plane.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerType, bubbles: true }));
        await new Promise((done) => setTimeout(done, 500));
        return asked.length - before;
    }"""
    assert page.evaluate(script, [x, y, pointer]) == (pointer != "touch")
