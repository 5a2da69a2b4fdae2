"""Comparing the table with a snapshot: as it was adjusted, for as long as is asked, and never what was asked before."""

import numpy as np
import pytest
from playwright.sync_api import expect

from .table import Table


@pytest.fixture(params=["gl", "cpu"])
def colored(page, request) -> Table:
    """A photo with a color, whose History panel is open; drawn by WebGL or by the processor."""
    table = Table.painted(page, request.param)
    table.open_sample("Cat")
    table.click(0.7, 0.4)
    table.choose("#c02020")
    for _ in ("the ring", "the picker"):
        page.keyboard.press("Escape")
    return table


def saturate(table: Table, share: float) -> None:
    table.page.keyboard.press("v")
    table.page.get_by_label("Saturation", exact=True).fill(str(share))
    table.page.keyboard.press("v")
    table.settle()


def test_a_snapshot_is_shown_with_the_saturation_it_was_taken_with(colored, page):
    full = colored.picture()
    page.keyboard.press("t")
    saturate(colored, 0)
    gray = colored.picture()
    assert np.abs(full - gray).max() > 40

    page.keyboard.press("u")
    flip = page.get_by_role("button", name="Hold to see Snapshot 1")
    flip.hover()
    page.mouse.down()
    colored.settle()
    assert np.array_equal(colored.picture(), full)
    page.mouse.up()
    colored.settle()
    assert np.array_equal(colored.picture(), gray)


@pytest.mark.parametrize("colored", ["cpu"], indirect=True)
def test_what_was_compared_with_is_back_after_a_snapshot_was_held(colored, page):
    tags = page.locator(".tag")
    page.keyboard.press("t")
    page.keyboard.press("Shift+B")
    page.keyboard.press("u")
    expect(tags).to_have_text(["Gray", "Color"])
    page.get_by_role("button", name="Hold to see Snapshot 1").hover()
    page.mouse.down()
    expect(tags.first).to_have_text("Snapshot 1")
    page.mouse.up()
    expect(tags).to_have_text(["Gray", "Color"])
    page.get_by_role("button", name="Compare with Snapshot 1 side by side").click()
    expect(tags.first).to_have_text("Snapshot 1")


@pytest.mark.parametrize("colored", ["cpu"], indirect=True)
def test_the_eyedropper_takes_the_color_of_the_place_that_is_pressed_in_the_gray_photo(colored, page):
    page.keyboard.press("Shift+B")
    colored.settle()
    x, y = colored.place(0.7, 0.4)
    split = page.locator(".pane").bounding_box()["x"] - page.locator(".stage").bounding_box()["x"]
    page.keyboard.press("i")
    page.mouse.move(x, y)
    color = page.locator(".tip").inner_text()
    page.mouse.click(x - split, y)
    expect(page.locator(".dropper")).to_have_count(0)
    expect(colored.rings).to_have_count(1)
    expect(colored.notice).to_contain_text(color)
