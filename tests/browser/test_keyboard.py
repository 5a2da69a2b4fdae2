"""The keyboard alone: from the first photo to the saved file, and where the keyboard is at each moment."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from .test_access import hints, rest

SEEN = """() => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
    const drawn = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/^rgba.* 0\\)$/.test(outlineColor);
    const ringed = document.activeElement.closest("label");
    return drawn || (ringed !== null && getComputedStyle(ringed).outlineStyle !== "none");
}"""


class Keyboard:
    """Presses keys, and after each sees where the keyboard is."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            try:
                self.page.wait_for_function(SEEN, timeout=10_000)  # a panel that closes gives it back a moment later
            except TimeoutError as error:
                where = self.page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
                raise AssertionError(f"after {key} the focus is not seen: {where}") from error

    def go_to(self, target, key: str = "Tab") -> None:
        for _ in range(60):
            if target.evaluate("(each) => each === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{key} does not lead to {target}")


class TestKeyboard:
    def test_from_the_first_photo_to_the_saved_file_and_back(self, table, page, tmp_path):
        keys = Keyboard(page)
        keys.go_to(page.locator(".samples button", has_text="Cat"))
        page.keyboard.press("Enter")
        table.settle()
        keys.press("ArrowRight")  # the crosshair, from the middle of the photo
        keys.press("Shift+ArrowLeft", "Shift+ArrowLeft", "ArrowUp")
        page.keyboard.press("Enter")
        expect(table.rings.first).to_be_focused()
        assert page.evaluate(SEEN)
        table.settle()
        before = table.kept_hints()[0]
        keys.press("ArrowLeft", "Shift+ArrowUp")
        after = table.kept_hints()[0]
        assert (after["x"], after["y"]) == (pytest.approx(before["x"] - 1), pytest.approx(before["y"] - 10))

        keys.press("Enter")
        plane = page.get_by_role("slider", name="Colors this spot can have")
        expect(plane).to_be_focused()
        guess = table.hex.input_value()
        keys.press("Shift+ArrowRight", "Shift+ArrowRight", "ArrowUp")
        table.settle()
        assert table.hex.input_value() != guess
        keys.go_to(table.hex)
        page.keyboard.type("#a03020")
        keys.press("Enter")
        expect(table.rings.first).to_be_focused()
        table.settle()
        one = table.picture()

        keys.press("Escape", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown")
        page.keyboard.press("Enter")
        expect(table.rings.nth(1)).to_be_focused()
        keys.press("Enter")
        keys.go_to(table.hex)
        page.keyboard.type("#2030c0")
        keys.press("Enter")
        table.settle()
        two = table.picture()
        assert not np.array_equal(one, two)

        keys.press("Control+z", "Control+z")  # the color, and the hint whose ring had the keyboard
        table.settle()
        expect(table.rings).to_have_count(1)
        assert np.array_equal(table.picture(), one)
        keys.press("Control+y", "Control+y")
        table.settle()
        assert np.array_equal(table.picture(), two)

        keys.press("b")
        divider = page.get_by_role("slider", name="Before and after line")
        keys.go_to(divider)
        share = float(divider.get_attribute("aria-valuenow"))
        keys.press("ArrowLeft", "ArrowLeft")
        assert float(divider.get_attribute("aria-valuenow")) < share
        keys.press("b")
        table.settle()
        assert np.array_equal(table.picture(), two)

        keys.press("Control+s")
        keys.go_to(page.get_by_role("radio", name="PNG"))
        keys.press("ArrowRight", "ArrowLeft")
        keys.go_to(page.get_by_role("button", name="Save photo"))
        with page.expect_download(lambda download: download.suggested_filename.endswith(".png")) as saved:
            page.keyboard.press("Enter")
        saved.value.save_as(tmp_path / "saved.png")
        with Image.open(tmp_path / "saved.png") as picture:
            assert picture.size == (451, 300)
        kept = table.kept_hints()

        page.goto("/")
        keys.go_to(page.locator(".recent-work button", has_text="cat.jpg").first)
        page.keyboard.press("Enter")
        table.settle()
        expect(table.rings).to_have_count(2)
        assert table.kept_hints() == kept and np.array_equal(table.picture(), two)
        keys.press("Control+z")

    def test_a_suggested_place_becomes_a_hint(self, table, page):
        keys = Keyboard(page)
        table.open_sample("Cat")
        page.keyboard.press("p")
        place = page.locator(".place").first
        place.wait_for(timeout=60_000)
        keys.go_to(place)
        page.keyboard.press("Enter")
        expect(table.rings.first).to_be_focused()
        keys.press("Delete")
        expect(table.rings).to_have_count(0)

    def test_focus_returns_to_where_a_panel_was_opened(self, table, page):
        table.open_sample("Cat")
        save = page.get_by_role("button", name="Save", exact=True)
        save.focus()
        keys = Keyboard(page)
        keys.press("Enter")
        panel = page.get_by_role("region", name="Save at full size")
        expect(panel).to_be_focused()
        keys.press("Tab", "Escape")
        expect(save).to_be_focused()
        view = page.get_by_role("button", name="View", exact=True)
        view.focus()
        keys.press("Enter", "Tab", "Escape")
        expect(view).to_be_focused()

    def test_what_goes_away_gives_the_keyboard_to_the_photo(self, table, page):
        keys = Keyboard(page)
        hints(table)
        keys.go_to(table.rings.nth(1))
        keys.press("Enter", "Delete")  # in the picker: the hint goes, and the picker with it
        expect(table.rings).to_have_count(1)
        expect(page.get_by_role("main")).to_be_focused()
        keys.press("r")
        keys.go_to(page.get_by_role("button", name="Close the reference"))
        keys.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()

    def test_a_ring_out_of_view_is_brought_into_it_and_the_canvas_stays(self, table, page):
        table.open_sample("Cat")
        for place in ((0.2, 0.3), (0.8, 0.8)):
            rest(page)
            table.click(*place)
        rest(page)
        before = table.photo_box()
        page.get_by_role("main").focus()
        page.keyboard.press("Tab")
        expect(table.rings.first).to_be_focused()
        table.settle()
        assert table.photo_box() == before, "what is in view does not move"
        rest(page)
        page.mouse.move(*table.place(0.2, 0.3))
        for _ in range(14):
            page.mouse.wheel(0, -100)
        table.settle()
        expect(table.rings.nth(1)).not_to_be_in_viewport()
        table.rings.first.focus()
        page.keyboard.press("Tab")
        expect(table.rings.nth(1)).to_be_focused()
        table.settle()
        expect(table.rings.nth(1)).to_be_in_viewport(ratio=1)
        for ring, place in zip(table.rings.all(), ((0.2, 0.3), (0.8, 0.8)), strict=True):
            box = ring.bounding_box()
            assert (box["x"] + 18, box["y"] + 18) == pytest.approx(table.place(*place), abs=8)  # clicks: whole pixels

    def test_the_keyboard_points_after_the_selected_hint_was_undone(self, table, page):
        table.open_sample("Cat")
        table.click(0.3, 0.3)
        page.keyboard.press("Control+z")
        expect(table.rings).to_have_count(0)
        page.keyboard.press("ArrowRight")
        expect(page.locator(".crosshair")).to_be_visible()
        page.keyboard.press("Control+y")
        expect(table.rings).to_have_attribute("aria-pressed", "true")
