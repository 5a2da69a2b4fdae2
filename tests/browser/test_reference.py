"""Colors from a reference, a photo in color beside the one at work."""

import re

import numpy as np
from playwright.sync_api import expect

from .colors import MOSS, SEA, at_lightness, close, spot_lightness
from .reference import DROP, reference_photo


def test_colors_come_from_a_reference_beside_the_photo(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    lightness = spot_lightness(table)
    before = table.picture()
    page.keyboard.press("r")
    pane = page.get_by_role("complementary", name="Reference")
    expect(pane).to_contain_text("Drop a photo in color here")
    page.evaluate(DROP, [".reference", "garden.png", list(reference_photo())])
    field = page.get_by_role("application", name=re.compile("Reference photo"))
    expect(field).to_be_visible()
    expect(pane).to_contain_text("garden.png")
    assert "cat" in page.title().lower()  # it did not become the photo
    table.settle()
    before = table.picture()

    box = field.bounding_box()
    at = box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"]
    page.mouse.move(*at)  # looked at: the photo shows the effect, the history knows nothing
    expect(pane.locator(".tip")).to_have_text(SEA)
    assert close(table.hex.input_value(), at_lightness(SEA, lightness))
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert np.array_equal(table.picture(), before)

    page.mouse.click(*at)
    table.settle()
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert close(table.hex.input_value(), at_lightness(SEA, lightness))
    page.keyboard.press("Control+z")
    table.settle()
    assert np.array_equal(table.picture(), before)

    field.focus()  # and by keyboard: from the middle into the field at the bottom left
    for key in ["Shift+ArrowLeft", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert close(table.hex.input_value(), at_lightness(MOSS, lightness))
    page.get_by_role("button", name="Close the reference").click()
    expect(pane).to_have_count(0)


def test_a_reference_that_is_no_picture_is_told(table, page):
    table.open_sample("Cat")
    page.keyboard.press("r")
    page.evaluate(DROP, [".reference", "letter.png", list(b"Dear Sir")])
    expect(table.notice).to_contain_text("letter.png")
    expect(page.get_by_role("application")).to_have_count(0)


def test_a_reference_that_comes_after_it_was_closed_stays_away(table, page, tmp_path):
    table.open_sample("Cat")
    (tmp_path / "garden.png").write_bytes(reference_photo())
    waiting = []
    page.route("**/api/photos?name=garden.png", lambda route: waiting.append(route))
    page.keyboard.press("r")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Drop a photo in color here").click()
    with page.expect_request("**/api/photos?name=garden.png"):
        chooser.value.set_files(tmp_path / "garden.png")
    page.get_by_role("button", name="Close the reference").click()
    with page.expect_response("**/api/photos?name=garden.png"):
        waiting[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator(".reference")).to_have_count(0)


def test_the_reference_is_among_the_suggestions(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    page.keyboard.press("r")
    page.evaluate(DROP, [".reference", "garden.png", list(reference_photo())])
    expect(page.get_by_role("button", name=re.compile("from the reference")).first).to_be_visible()
