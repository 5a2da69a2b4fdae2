"""Whatever happens to the tab or the program, no work is lost."""

import random
import re

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .conftest import SAMPLES, watched
from .program import running
from .table import Table

AGAIN = 30_000  # ms within which page and program find each other


@pytest.fixture
def program(small_weights, tmp_path):
    with running(small_weights, tmp_path / "data") as program:
        yield program


@pytest.fixture
def visit(browser, program):
    """Makes pages of browsers that know nothing of each other; `beside` opens a tab in the browser of another page."""
    contexts, pages = [], []

    def visit(path: str = "/", beside=None) -> Table:
        if beside is None:
            size = {"width": 800, "height": 560}
            contexts.append(browser.new_context(viewport=size, base_url=program.address))
        page = watched((beside.page.context if beside else contexts[-1]).new_page())
        page.goto(path)
        pages.append(page)
        return Table(page)

    yield visit
    for context in contexts:
        context.close()
    assert not [problem for page in pages for problem in page.problems]


def address_of(table: Table) -> str:
    return f"/?photo={table.photo_id}"


def color(table: Table, place: tuple[float, float], wanted: str) -> None:
    table.page.keyboard.press("Escape")
    table.click(*place)
    table.choose(wanted)


def undo_all(table: Table) -> None:
    undo = table.page.get_by_role("button", name="Undo", exact=True)
    while undo.is_enabled():
        table.page.keyboard.press("Control+z")
    table.settle()


def state(table: Table) -> str:
    return table.page.locator(".kept").get_attribute("data-state")


def test_the_program_is_killed_in_the_middle_of_the_work(program, visit):
    table = visit()
    table.open_sample("Cat")
    start = table.picture()
    color(table, (0.4, 0.4), "#a03020")
    before = table.kept_hints()
    table.page.keyboard.press("ArrowRight")  # on its way when the program dies
    program.kill()
    for key in ("ArrowRight", "ArrowDown", "t"):  # and nobody has told the person yet
        table.page.keyboard.press(key)
    expect(table.notice).to_contain_text("does not answer")
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "failed")
    program.start()
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "kept", timeout=AGAIN)
    table.settle()
    expect(table.notice.filter(has_text="does not answer")).to_have_count(0)
    colored = table.picture()

    other = visit(address_of(table))  # a browser that knows nothing: all of it is on disk
    other.settle()
    other.page.keyboard.press("Escape")
    assert np.array_equal(other.picture(), colored)
    kept = other.kept()
    assert [snapshot["name"] for snapshot in kept["snapshots"]] == ["Snapshot 1"]
    assert other.kept_hints() == [before[0] | {"x": before[0]["x"] + 2, "y": before[0]["y"] + 1}]
    undo_all(other)
    assert np.array_equal(other.picture(), start)


def test_program_and_tab_both_end_before_anything_was_sent(program, visit):
    table = visit()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    table.kept()
    program.kill()
    for _ in range(5):
        table.page.keyboard.press("ArrowRight")
    nudged = table.rings.first.get_attribute("aria-label")
    here = address_of(table)
    table.page.goto("about:blank")
    program.start()
    table.page.goto(here)
    table.settle()
    assert table.rings.first.get_attribute("aria-label") == nudged
    table.kept()
    other = visit(here)
    other.settle()
    assert other.rings.first.get_attribute("aria-label") == nudged


def test_a_tab_closed_at_once_has_said_its_last_word(visit):
    table = visit()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    table.kept()
    here = address_of(table)
    table.page.keyboard.press("ArrowRight")
    nudged = table.rings.first.get_attribute("aria-label")
    table.page.goto("about:blank")
    other = visit(here)  # another browser: nothing but the program can know
    expect(other.rings.first).to_have_attribute("aria-label", nudged)


@pytest.mark.parametrize("mine", [True, False])
def test_two_tabs_on_one_photo_ask_before_they_overwrite(visit, mine):
    first = visit()
    first.open_sample("Cat")
    color(first, (0.3, 0.3), "#a03020")
    first.kept()
    second = visit(address_of(first), beside=first)
    second.settle()
    color(second, (0.7, 0.7), "#2030c0")
    kept = second.kept_hints()
    assert len(kept) == 2

    first.page.keyboard.press("ArrowRight")
    conflict = first.page.locator(".conflict.notice")
    expect(conflict).to_contain_text("Another window")
    assert second.kept_hints() == kept, "nothing may be written before the person has chosen"
    first.page.keyboard.press("ArrowRight")  # work goes on meanwhile
    conflict.get_by_role("button", name="This window's" if mine else "The other's").click()
    expect(conflict).to_have_count(0)
    if mine:
        expect(first.rings).to_have_count(1)
        assert len(first.kept_hints()) == 1
        second.page.keyboard.press("ArrowRight")  # now it is the other that is told
        expect(second.page.locator(".conflict.notice")).to_be_visible()
    else:
        expect(first.rings).to_have_count(2)
        assert first.kept_hints() == kept


def test_a_tab_that_was_left_open_for_twelve_hours(program, visit, tmp_path):
    table = visit()
    table.page.clock.install()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    table.kept()
    colored = table.picture()
    for number in range(9):  # the photo has to make room in the program's memory
        Image.new("L", (64, 64), 20 * number).save(tmp_path / "other.png")
        httpx.post(f"{program.address}api/photos?name=other.png", content=(tmp_path / "other.png").read_bytes())
    program.stop()
    program.start()
    table.page.clock.fast_forward("12:00:00")
    table.settle()
    assert np.array_equal(table.picture(), colored)
    table.page.keyboard.press("ArrowRight")
    table.settle()
    table.kept()
    table.page.keyboard.press("Control+s")
    with table.page.expect_download() as saved:
        table.page.get_by_role("button", name="Save photo").click()
    with Image.open(saved.value.path()) as picture:
        assert picture.size == (451, 300)


def test_a_program_that_has_forgotten_the_photo_gets_it_again(program, visit):
    table = visit()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    table.kept()
    httpx.delete(f"{program.address}api/sessions/{table.photo_id}").raise_for_status()
    table.page.keyboard.press("ArrowRight")
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "kept", timeout=AGAIN)
    assert len(table.kept()["past"]) == 3  # the hint, its color, the nudge


def held(page, address, method: str) -> list:
    """The first request of a kind, in a list once it was made; it waits until somebody answers it."""
    waiting = []

    def answer(route):
        if route.request.method == method and not waiting:
            waiting.append(route)
        else:
            route.fallback()

    page.route(address, answer)
    return waiting


def test_work_under_way_when_the_next_photo_comes_stays_with_its_own(visit, tmp_path):
    table = visit()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    [before], cat = table.kept_hints(), table.photo_id
    waiting = held(table.page, f"**/api/photos/{cat}/session", "PUT")
    with table.page.expect_request(lambda request: request.method == "PUT" and cat in request.url):
        table.page.keyboard.press("ArrowRight")
    Image.linear_gradient("L").save(tmp_path / "next.png")
    table.open_files(tmp_path / "next.png")
    expect(table.page).not_to_have_url(re.compile(cat))
    table.settle()
    color(table, (0.7, 0.7), "#2030c0")
    with table.page.expect_response(lambda reply: reply.request.method == "PUT" and cat in reply.url):
        waiting[0].abort()  # the program was busy too long; what was sent is sent again
    hints = table.page.request.get(f"/api/photos/{cat}/session").json()["present"]
    assert [(hint["x"], hint["y"], hint["color"]) for hint in hints] == [
        (before["x"] + 1, before["y"], before["color"])
    ]


def test_an_answer_that_is_lost_is_no_conflict(visit):
    table = visit()
    table.open_sample("Cat")
    color(table, (0.4, 0.4), "#a03020")
    [before] = table.kept_hints()

    def lose(route):
        route.fetch()
        route.abort()

    table.page.route("**/session", lose, times=1)
    table.page.keyboard.press("ArrowRight")
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "failed")
    table.page.keyboard.press("ArrowRight")
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "kept", timeout=AGAIN)
    assert table.kept_hints() == [before | {"x": before["x"] + 2}]
    expect(table.page.locator(".conflict.notice")).to_have_count(0)


def test_a_photo_that_is_back_on_the_table_is_kept_as_it_is_there(visit, tmp_path):
    """Its earlier work, which could not be sent, is not sent again by itself."""
    table = visit()
    table.open_sample("Cat")
    cat, sent, away = table.photo_id, [], [True]

    def answer(route):
        if route.request.method == "PUT":
            sent.append(len(route.request.post_data_json["present"]))
        if route.request.method == "PUT" and away:
            route.abort()
        else:
            route.fallback()

    table.page.route(f"**/api/photos/{cat}/session", answer)
    color(table, (0.4, 0.4), "#a03020")
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "failed")
    Image.linear_gradient("L").save(tmp_path / "next.png")
    for photo in (tmp_path / "next.png", SAMPLES / "cat.jpg"):
        table.open_files(photo)
        expect(table.page).to_have_title(re.compile(photo.name))
        table.settle()
    color(table, (0.7, 0.7), "#2030c0")
    sent.clear()
    for _ in range(2):
        with table.page.expect_request(lambda request: request.method == "PUT", timeout=AGAIN):
            table.page.keyboard.press("ArrowRight")
    away.clear()
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "kept", timeout=AGAIN)
    assert set(sent) == {2} and len(table.kept_hints()) == 2
    expect(table.page.locator(".conflict.notice")).to_have_count(0)


def test_a_photo_opened_once_more_keeps_what_was_done_meanwhile(visit):
    table = visit()
    table.open_sample("Cat")
    with table.page.expect_request(re.compile(r"/gray\?")):
        waiting = held(table.page, re.compile(r"/gray\?"), "GET")
        table.open_files(SAMPLES / "cat.jpg")
    table.click(0.4, 0.4)
    table.choose("#a03020")
    kept = table.kept_hints()
    waiting[0].continue_()
    expect(table.notice).to_have_count(0)  # nothing is being opened any more
    expect(table.rings).to_have_count(1)
    table.page.keyboard.press("ArrowRight")
    assert table.kept_hints() == [kept[0] | {"x": kept[0]["x"] + 1}]


def test_a_photo_given_again_does_not_come_between_when_another_is_open_by_then(program, visit, tmp_path):
    table = visit()
    sockets = []
    table.page.on("websocket", lambda socket: sockets.append(socket.url))
    table.open_sample("Cat")
    cat = table.photo_id
    waiting = held(table.page, re.compile(r"api/photos\?name="), "POST")
    httpx.delete(f"{program.address}api/sessions/{cat}").raise_for_status()
    with table.page.expect_request(lambda request: "/photos?name=" in request.url, timeout=AGAIN):
        program.kill()
        program.start()
    Image.linear_gradient("L").save(tmp_path / "next.png")
    table.open_files(tmp_path / "next.png")
    expect(table.page).not_to_have_url(re.compile(cat))
    table.settle()
    with table.page.expect_response(lambda reply: reply.request == waiting[0].request):
        waiting[0].continue_()
    color(table, (0.7, 0.7), "#2030c0")
    assert table.photo_id in sockets[-1] and table.photo_id != cat
    assert np.ptp(table.picture(), axis=-1).max() > 10


def test_a_program_that_wants_another_token_now_says_so(program, visit):
    table = visit()
    table.open_sample("Cat")
    page = table.page
    wanted = "A token is needed here: open the address that the program printed."
    page.route("**/api/**", lambda route: route.fulfill(status=401, json={"error": wanted}))
    page.route_web_socket("**/live", lambda socket: socket.close())
    program.kill()
    program.start()
    expect(table.notice).to_contain_text(wanted, timeout=AGAIN)
    page.unroute("**/api/**")


KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "Shift+ArrowDown", "Tab", "Escape", "Delete", "n"]
KEYS += ["Control+z", "Control+z", "Control+y", "3", "7", "l", "Control+d", "Control+a", "h", "b", "t"]


def act(table: Table, chance: random.Random) -> None:
    """Something that a person may do."""
    page = table.page
    if chance.random() < 0.6:
        return page.keyboard.press(chance.choice(KEYS))
    if table.hex.is_visible() and chance.random() < 0.5:
        table.hex.fill(f"#{chance.randrange(256**3):06x}")
        return table.hex.press("Enter")
    x, y = table.place(chance.random(), chance.random())
    if chance.random() < 0.5:
        return page.mouse.click(x, y)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + chance.randint(-60, 60), y + chance.randint(-60, 60), steps=2)
    page.mouse.up()


@pytest.mark.parametrize("seed", [1])
def test_two_hundred_actions_and_undo_of_all_is_the_start(table, page, seed):
    chance = random.Random(seed)
    table.open_sample("Cat")
    start = table.picture()
    for _ in range(200):
        act(table, chance)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    kept = table.kept()
    assert len(kept["past"]) + len(kept["future"]) > 40, "these actions change too little"
    end = len(kept["past"])
    undo = page.get_by_role("button", name="Undo", exact=True)
    for _ in range(end):
        undo.click()
    expect(undo).to_be_disabled()
    if page.get_by_role("slider", name="Before and after line").count():
        page.keyboard.press("b")
    page.keyboard.press("f")
    table.settle()
    assert np.array_equal(table.picture(), start)
    for _ in range(end + len(kept["future"])):
        page.keyboard.press("Control+y")
    for _ in kept["future"]:
        page.keyboard.press("Control+z")
    assert table.kept()["present"] == kept["present"]
