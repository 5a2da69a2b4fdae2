"""The desk around the photo: history, snapshots, saving, shortcuts, light and dark."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .table import Table


def different(before: np.ndarray, after: np.ndarray) -> bool:
    return np.abs(before - after).mean() > 0.05


def two_colors(table: Table) -> None:
    """One hint in two colors, one after the other."""
    table.open_sample("Cat")
    table.click(0.4, 0.4)
    table.choose("#a03020")
    table.choose("#2030c0")
    table.page.keyboard.press("Escape")


class TestHistory:
    def test_undo_and_redo_ask_the_network_nothing(self, table, page):
        sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda message: sent.append(message)))
        two_colors(table)
        blue = table.picture()
        count = len(sent)
        assert count >= 3, "the changes themselves do ask"
        page.keyboard.press("Control+z")
        table.settle()
        red = table.picture()
        page.keyboard.press("Control+y")
        table.settle()
        assert np.array_equal(table.picture(), blue) and different(blue, red)
        assert len(sent) == count

    def test_undo_on_every_keyboard_layout(self, table, page):
        """French, where W lies there; Russian, which has other letters; German, where Z lies elsewhere."""
        two_colors(table)
        session = page.context.new_cdp_session(page)
        redo = page.get_by_role("button", name="Redo", exact=True)
        for key, code, means in [("w", "KeyZ", "W"), ("я", "KeyZ", "Z"), ("z", "KeyY", "Z")]:
            expect(redo).to_be_disabled()
            press = {"type": "rawKeyDown", "key": key, "code": code, "modifiers": 2}
            session.send("Input.dispatchKeyEvent", press | {"windowsVirtualKeyCode": ord(means)})
            if means == "W":
                continue  # nothing is undone, as the next round sees
            expect(redo).to_be_enabled()
            redo.click()

    def test_snapshots_are_named_compared_returned_to_and_kept(self, table, page):
        table.open_sample("Cat")
        table.click(0.7, 0.5)  # beside the panel
        table.choose("#a03020")
        page.keyboard.press("Escape")
        red = table.picture()
        page.keyboard.press("u")
        panel = page.get_by_role("region", name="History")
        panel.get_by_label("Name of the snapshot").fill("warm")
        panel.get_by_role("button", name="Keep").click()
        expect(panel.get_by_text("warm")).to_be_visible()
        table.rings.first.click()
        table.choose("#2030c0")
        for _ in ("the panel", "the picker"):
            page.keyboard.press("Escape")
        blue = table.picture()
        page.keyboard.press("u")

        flip = panel.get_by_role("button", name="Hold to see warm")

        def free() -> np.ndarray:
            """What is seen of the photo beside the panel."""
            left, top, width, height = table.photo_box()
            clip = {"x": left + 0.8 * width, "y": top, "width": 0.2 * width, "height": height}
            return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")).astype(int)

        now = free()
        flip.hover()
        page.mouse.down()
        table.settle()
        held = free()
        page.mouse.up()
        table.settle()
        assert np.array_equal(free(), now)
        assert different(held, now)
        beside = panel.get_by_role("button", name="Compare with warm side by side")
        beside.click()
        expect(beside).to_have_attribute("aria-pressed", "true")
        beside.click()
        table.settle()
        assert np.array_equal(table.picture(), blue)

        panel.get_by_role("button", name="Return to warm").click()
        table.settle()
        assert np.array_equal(table.picture(), red) and np.array_equal(free(), held)
        page.keyboard.press("Control+z")
        table.settle()
        assert np.array_equal(table.picture(), blue)
        table.kept()
        page.reload()
        table.settle()
        page.keyboard.press("u")
        panel.get_by_role("button", name="Return to warm").click()
        table.settle()
        assert np.array_equal(table.picture(), red)
        panel.get_by_role("button", name="Forget warm").click()
        expect(panel.get_by_text("warm")).to_have_count(0)
        assert table.kept()["snapshots"] == []

    def test_a_snapshot_that_was_forgotten_is_put_back_where_it_was(self, table, page):
        table.open_sample("Cat")
        for _ in range(3):
            page.keyboard.press("t")
        page.keyboard.press("u")
        panel = page.get_by_role("region", name="History")
        panel.get_by_role("button", name="Forget Snapshot 2").click()
        expect(panel.locator("strong")).to_have_text(["Snapshot 1", "Snapshot 3"])
        expect(table.notice).to_contain_text("Snapshot 2 is forgotten")
        page.get_by_role("button", name="Put back").click()
        expect(panel.locator("strong")).to_have_text(["Snapshot 1", "Snapshot 2", "Snapshot 3"])
        expect(table.notice).to_have_count(0)
        assert [each["name"] for each in table.kept()["snapshots"]] == ["Snapshot 1", "Snapshot 2", "Snapshot 3"]

    def test_the_start_lists_what_was_worked_on(self, table, page):
        two_colors(table)
        table.kept()
        page.goto("/")
        entry = page.locator(".recent-work li")
        expect(entry).to_have_count(1)
        expect(entry.locator("img")).to_have_js_property("complete", True)
        assert entry.locator("img").evaluate("(image) => image.naturalWidth") > 0
        entry.get_by_role("button", name="cat.jpg").first.click()
        table.settle()
        expect(table.rings).to_have_count(1)
        page.goto("/")
        forget = entry.locator(".forget")
        forget.focus()
        forget.click()
        expect(entry).to_have_count(1)  # asked once
        forget.click()
        expect(entry).to_have_count(0)
        assert page.request.get("/api/sessions").json() == []


class TestSaving:
    def save(self, table: Table) -> bytes:
        with table.page.expect_download() as saved:
            table.page.get_by_role("button", name="Save photo").click()
        return Path(saved.value.path()).read_bytes()

    def test_depth_note_and_label_are_a_persons_choice(self, table, page, tmp_path):
        ramp = np.linspace(0, 65535, 240 * 160).reshape(160, 240).astype(np.uint16)
        Image.fromarray(ramp).save(tmp_path / "ramp.tif")
        table.open_files(tmp_path / "ramp.tif")
        table.settle()
        page.keyboard.press("Control+s")
        page.get_by_role("radio", name="TIFF").check(force=True)
        page.get_by_label("Save the hints too").uncheck()
        deep = Image.open(io.BytesIO(self.save(table)))
        assert deep.tag_v2[258] == (16, 16, 16)  # bits per sample

        page.keyboard.press("Control+s")
        page.get_by_label("16 bits").uncheck()
        page.get_by_label("Note in the file").uncheck()
        plain = Image.open(io.BytesIO(self.save(table)))
        assert plain.tag_v2[258] == (8, 8, 8)
        page.keyboard.press("Control+s")  # a person's choice is remembered
        expect(page.get_by_label("16 bits")).not_to_be_checked()
        page.get_by_label("Visible label").check()
        page.get_by_label("Text of the label").fill("Colors of 2026")
        labeled = Image.open(io.BytesIO(self.save(table)))
        assert different(np.asarray(plain).astype(int), np.asarray(labeled).astype(int))

    def test_adjustments_are_saved_as_they_are_shown(self, table, page):
        two_colors(table)
        page.keyboard.press("v")
        page.get_by_role("slider", name="Strength").fill("0")
        page.keyboard.press("Control+s")
        page.get_by_role("radio", name="PNG").check(force=True)
        page.get_by_label("Save the hints too").uncheck()
        picture = np.asarray(Image.open(io.BytesIO(self.save(table)))).astype(int)
        assert np.ptp(picture, axis=-1).max() <= 1


class TestShortcuts:
    def test_the_list_is_the_table(self, table, page):
        page.keyboard.press("?")
        panel = page.get_by_role("region", name="Shortcuts")
        rows = panel.locator("dl div").all_inner_texts()
        assert len(rows) > 30
        assert len({text for text in panel.locator("dd").all_inner_texts()}) == len(rows), "two rows say the same"
        keys = panel.locator("kbd").all_inner_texts()
        assert all(keys) and {"Ctrl Z", "Ctrl S", "G", "?"} <= set(keys)

    @pytest.mark.parametrize("size", [(900, 640), (1280, 600), (390, 700)])
    def test_all_of_the_list_is_reached_and_its_keys_scroll_it_alone(self, table, page, size):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        table.open_sample("Cat")
        table.click(0.5, 0.2)
        kept = table.kept_hints()
        page.keyboard.press("?")
        panel = page.get_by_role("region", name="Shortcuts")
        expect(panel).to_be_focused()
        assert panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
        for key in ("ArrowDown", "PageDown", "Shift+ArrowDown", " "):
            page.keyboard.press(key)
        page.wait_for_function("() => document.querySelector('.panel').scrollTop > 0")
        last = panel.get_by_text("close, or select nothing")
        last.scroll_into_view_if_needed()
        expect(last).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")
        assert table.kept_hints() == kept

    def test_no_key_has_two_meanings_that_apply_at_once(self, table, page):
        """The first row of a key that applies is run, so of two rows one at most may apply always."""
        table.open_sample("Cat")
        page.keyboard.press("?")
        keys = page.get_by_role("region", name="Shortcuts").locator("kbd").all_inner_texts()
        plain = [key for key in keys if len(key) == 1]
        assert len(plain) == len(set(plain))


def test_light_and_dark_follow_the_system_until_a_person_chooses(table, page):
    def panel() -> str:
        return page.get_by_role("navigation").evaluate("(rail) => getComputedStyle(rail).backgroundColor")

    page.emulate_media(color_scheme="light")
    light = panel()
    page.emulate_media(color_scheme="dark")
    dark = panel()
    assert light != dark
    page.get_by_role("button", name="As the system").click()
    assert panel() == light
    page.reload()
    assert panel() == light
    page.get_by_role("button", name="Light", exact=True).click()
    page.emulate_media(color_scheme="light")
    assert panel() == dark


def test_the_before_and_after_line_is_dragged(table, page):
    two_colors(table)
    page.keyboard.press("b")
    line = page.get_by_role("slider", name="Before and after line")
    box, share = line.bounding_box(), float(line.get_attribute("aria-valuenow"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    assert float(line.get_attribute("aria-valuenow")) > share + 3
    page.mouse.click(x + 60, y)
    expect(table.rings).to_have_count(1)
    photo = table.photo_box()
    page.mouse.move(photo[0] + 0.9 * photo[2], photo[1] + 0.2 * photo[3])  # beside it the photo is as ever
    page.mouse.down()
    page.mouse.up()
    expect(table.rings).to_have_count(2)


def test_a_color_that_was_typed_is_for_the_hint_it_was_typed_for(table, page):
    table.open_sample("Cat")
    for place in ((0.3, 0.3), (0.7, 0.7)):
        table.click(*place)
        table.choose("#2030c0")
        page.keyboard.press("Escape")
    before = [hint["color"] for hint in table.kept_hints()]
    table.rings.nth(0).click()
    table.hex.fill("#a03020")
    table.rings.nth(1).click()
    table.settle()
    first, second = [hint["color"] for hint in table.kept_hints()]
    assert first != before[0] and second == before[1]


def test_the_way_back_where_there_is_no_full_screen(table, page):
    table.open_sample("Cat")
    page.evaluate("Object.defineProperty(document, 'fullscreenEnabled', {value: false})")
    rail = page.get_by_role("button", name="Undo", exact=True)
    page.keyboard.press("Shift+F")
    expect(rail).to_be_hidden()
    page.get_by_role("button", name="Leave").click()
    expect(rail).to_be_visible()
    expect(table.rings).to_have_count(0)


def test_work_that_is_not_kept_is_told_wherever_the_rail_is(browser, fresh):
    context = browser.new_context(viewport={"width": 400, "height": 700}, base_url=fresh)
    page = context.new_page()
    page.goto("/")
    table = Table(page).open_sample("Cat")
    page.route("**/session", lambda route: route.fulfill(status=507, json={"error": "The disk is full."}))
    table.click(0.4, 0.4)
    expect(page.get_by_role("alert").filter(has_text="Not kept: The disk is full.")).to_be_visible()
    page.unroute("**/session")
    expect(page.get_by_text("The disk is full.")).to_have_count(0)
    context.close()


def test_a_window_moved_to_another_screen_is_drawn_for_it(table, page):
    table.open_sample("Cat")
    table.click(0.4, 0.4)
    box, width = table.photo_box(), table.canvas.bounding_box()["width"]
    session = page.context.new_cdp_session(page)
    size = {"width": 800, "height": 560, "mobile": False}
    for ratio, wanted in ((2, "#a03020"), (1, "#2030c0")):
        session.send("Emulation.setDeviceMetricsOverride", size | {"deviceScaleFactor": ratio})
        table.choose(wanted)
        expect(table.canvas).to_have_js_property("width", round(ratio * width))
        assert table.photo_box() == pytest.approx(box, abs=1)


def test_forgetting_is_seen_where_nothing_hovers_and_not_for_ever_armed(browser, fresh):
    context = browser.new_context(
        viewport={"width": 400, "height": 700}, base_url=fresh, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.clock.install()
    page.goto("/")
    Table(page).open_sample("Cat").click(0.4, 0.4)
    Table(page).kept()
    page.goto("/")
    forget = page.locator(".forget")
    assert forget.evaluate("(button) => getComputedStyle(button).opacity") == "1"
    forget.tap()
    expect(forget).to_have_attribute("data-asked", "yes")
    page.clock.fast_forward(6000)
    expect(forget).not_to_have_attribute("data-asked", "yes")
    expect(page.locator(".recent-work li")).to_have_count(1)
    context.close()
