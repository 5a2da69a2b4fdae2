"""The desk around the photo: history, snapshots, saving, a folder, shortcuts, light and dark."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .conftest import watched
from .program import running
from .table import Table

# Sooner after each other than the browser's own protocol brings them.
PRESS = """([key, shiftKey, times]) => {
    const press = (i) => new KeyboardEvent("keydown", {key, shiftKey, repeat: i > 0 && !shiftKey, bubbles: true});
    for (let i = 0; i < times; i++) document.body.dispatchEvent(press(i));
}"""


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


def film_of(folder: Table):
    """The film strip, once all photos are in it."""
    film = folder.page.get_by_role("region", name="Photos of album")
    expect(film.get_by_role("listitem")).to_have_count(3)
    return film


def begun_film_of(folder: Table):
    """The film strip, its first photo open with a hint."""
    film = film_of(folder)
    film.get_by_role("button", name="a.png, new").click()
    folder.settle()
    folder.click(0.25, 0.5)
    return film


class TestFolder:
    def test_film_strip_status_and_hints_of_the_same_scene(self, folder):
        page, film = folder.page, begun_film_of(folder)
        folder.choose("#a03020")
        x, y = (folder.kept_hints()[0][key] for key in ("x", "y"))
        expect(film.get_by_role("button", name="a.png, begun")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("d")
        expect(film.get_by_role("button", name="a.png, done")).to_be_visible()

        page.keyboard.press("Shift+PageDown")
        expect(film.get_by_role("button", name="c.png, begun")).to_have_attribute("aria-current", "true")
        folder.settle()
        copied = folder.kept_hints()
        assert [(hint["x"], hint["y"]) for hint in copied] == [
            (pytest.approx(x / 2, abs=1), pytest.approx(y / 2, abs=1))
        ]
        page.keyboard.press("Control+z")
        expect(folder.rings).to_have_count(0)
        page.keyboard.press("PageDown")
        expect(film.get_by_role("button", name="d.png, new")).to_have_attribute("aria-current", "true")
        page.keyboard.press("PageUp")
        page.keyboard.press("PageUp")
        expect(film.get_by_role("button", name="a.png, done")).to_have_attribute("aria-current", "true")
        expect(folder.rings).to_have_count(1)

    def test_a_held_key_opens_the_photo_it_ends_on_and_none_between(self, small_weights, tmp_path, browser):
        (tmp_path / "roll").mkdir()
        for number in range(12):
            Image.new("L", (90, 60), 20 * number).save(tmp_path / "roll" / f"p{number:02}.png")
        with running(small_weights, tmp_path / "data", tmp_path / "roll") as program:
            context = browser.new_context(base_url=program.address)
            page = watched(context.new_page())
            page.goto("/")
            expect(page.locator(".film li")).to_have_count(12)
            page.get_by_role("button", name="Open the first").click()
            Table(page).settle()
            page.wait_for_timeout(200)  # the hand goes from the mouse to the keys
            asked = []
            page.on("request", lambda request: asked.append(request.url) if "/gray?" in request.url else None)
            page.evaluate(PRESS, ["PageDown", False, 9])
            expect(page).to_have_title(re.compile(r"^p09\.png"))
            assert len(asked) <= 2, "of the nine, the first and the last"
            page.wait_for_timeout(200)
            page.keyboard.press("PageDown")
            expect(page).to_have_title(re.compile(r"^p10\.png"))
            context.close()
            assert not page.problems

    def test_hints_that_are_copied_on_and_on_miss_no_photo(self, folder):
        page, film = folder.page, begun_film_of(folder)
        folder.choose("#a03020")
        page.keyboard.press("Escape")
        page.evaluate(PRESS, ["PageDown", True, 2])
        expect(film.get_by_role("button", name="c.png, begun")).to_have_attribute("aria-current", "true")
        folder.settle()
        expect(folder.rings).to_have_count(1)
        expect(film.get_by_role("button", name="d.png, new")).to_be_visible()

    def test_hints_that_did_not_come_along_are_not_said_to_have(self, folder, tmp_path):
        page, film = folder.page, begun_film_of(folder)
        (tmp_path / "album" / "c.png").unlink()
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+PageDown")
        expect(folder.notice).to_contain_text("open it again")
        expect(film.get_by_role("button", name="a.png, begun")).to_have_attribute("aria-current", "true")
        expect(folder.notice).not_to_contain_text("came along")

    def test_reading_a_large_folder_goes_on_after_a_failure(self, folder):
        page, answers = folder.page, iter(["first", "none", "all"])

        def answer(route):
            kind = next(answers, "all")
            if kind == "none":
                return route.abort()
            reply = route.fetch()
            info = reply.json()
            few = {"photos": info["photos"][:1], "reading": True} if kind == "first" else {}
            return route.fulfill(response=reply, json=info | few)

        page.route("**/api/folder", answer)
        page.reload()
        expect(page.locator(".film li")).to_have_count(1)
        expect(folder.notice).to_be_visible()
        expect(page.locator(".film li")).to_have_count(3)

    def test_a_folder_that_is_being_read_says_so(self, folder):
        page = folder.page

        def answer(route):
            reply = route.fetch()
            route.fulfill(response=reply, json=reply.json() | {"photos": [], "reading": True})

        page.route("**/api/folder", answer)
        page.reload()
        expect(page.get_by_role("heading", name="album")).to_be_visible()
        reading = page.get_by_text("Reading the folder: 0 photos so far")
        expect(reading).to_have_count(1)
        page.keyboard.press("x")
        expect(reading).to_have_count(2)
        page.unroute("**/api/folder")
        expect(reading).to_have_count(0)
        expect(page.get_by_text("3 photos. Choose one")).to_be_visible()

    def test_the_open_photo_is_not_opened_anew(self, folder):
        page, film = folder.page, begun_film_of(folder)
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/gray?" in request.url else None)
        page.route("**/gray?*", lambda route: None)  # the next one's
        page.keyboard.press("PageDown")
        expect(folder.notice).to_contain_text("Opening")
        folder.choose("#a03020")
        film.get_by_role("button", name="a.png, begun").click()
        expect(folder.notice).to_have_count(0)
        page.unroute("**/gray?*")
        page.keyboard.press("PageDown")
        expect(film.get_by_role("button", name="c.png, new")).to_have_attribute("aria-current", "true")
        assert len(asked) == 2, "the next photo's, twice"

    def test_a_color_that_is_dragged_draws_no_film_strip(self, folder):
        page = folder.page
        begun_film_of(folder)
        folder.choose("#a03020")
        folder.kept()
        page.evaluate("""() => {
            const Address = URL;
            window.drawn = 0;
            window.URL = class extends Address {
                constructor(...parts) {
                    super(...parts);
                    window.drawn += this.pathname.endsWith("/thumbnail");
                }
            };
        }""")
        plane = page.locator(".plane")
        plane.hover(position={"x": 100, "y": 100})
        page.mouse.down()
        for x in (80, 120):
            plane.hover(position={"x": x, "y": 90})
            folder.settle()
        page.mouse.up()
        folder.kept()
        assert page.evaluate("window.drawn") == 0
        page.keyboard.press("d")
        page.wait_for_function("() => window.drawn > 0")

    def test_no_hints_take_none_away_from_the_next_photo(self, folder):
        page, film = folder.page, film_of(folder)
        film.get_by_role("button", name="c.png, new").click()
        folder.settle()
        folder.click(0.25, 0.5)
        folder.choose("#a03020")
        kept = folder.kept_hints()
        page.keyboard.press("Escape")
        page.keyboard.press("PageUp")
        expect(film.get_by_role("button", name="a.png, new")).to_have_attribute("aria-current", "true")
        folder.settle()
        page.keyboard.press("Shift+PageDown")
        expect(film.get_by_role("button", name="c.png, begun")).to_have_attribute("aria-current", "true")
        folder.settle()
        assert folder.kept_hints() == kept

    def test_marked_photos_are_exported_in_the_background(self, folder):
        page = folder.page
        page.get_by_label("Mark a.png").check(force=True)
        page.get_by_label("Mark d.png").check(force=True)
        page.keyboard.press("x")
        panel = page.get_by_role("region", name="Export photos")
        panel.get_by_role("radio", name="JPEG").check(force=True)
        expect(panel.get_by_text("2 photos")).to_be_visible()
        panel.get_by_role("button", name="Export", exact=True).click()
        page.keyboard.press("Escape")  # it goes on without the panel
        expect(panel).to_have_count(0)
        page.keyboard.press("x")
        with page.expect_download(timeout=60_000) as saved:
            panel.get_by_role("link", name="Download ZIP").click(timeout=60_000)
        with zipfile.ZipFile(saved.value.path()) as archive:
            assert sorted(archive.namelist()) == [
                f"{name}.{kind}" for name in "ad" for kind in ("color.jpg", "hints.json")
            ]
            with Image.open(archive.open("a.color.jpg")) as picture:
                assert picture.size == (451, 300)

    def test_an_export_is_found_again_by_a_page_loaded_anew(self, folder):
        page = folder.page
        expect(page.locator(".film li")).to_have_count(3)
        page.keyboard.press("x")
        panel = page.get_by_role("region", name="Export photos")
        panel.get_by_role("button", name="Export", exact=True).click()
        panel.get_by_role("progressbar").wait_for()
        page.reload()
        expect(page.locator(".film li")).to_have_count(3)
        page.keyboard.press("x")
        expect(panel.get_by_role("link", name="Download ZIP")).to_be_visible(timeout=60_000)
        panel.get_by_role("button", name="Another export").click()
        page.reload()
        expect(page.locator(".film li")).to_have_count(3)
        page.keyboard.press("x")
        expect(panel.get_by_role("button", name="Export", exact=True)).to_be_enabled()

    def test_an_export_is_canceled(self, folder):
        page = folder.page
        expect(page.locator(".film li")).to_have_count(3)
        page.keyboard.press("x")
        panel = page.get_by_role("region", name="Export photos")
        with page.expect_response(lambda reply: reply.request.method == "DELETE") as canceled:
            panel.get_by_role("button", name="Export", exact=True).click()
            panel.get_by_role("button", name="Cancel").click()
        assert canceled.value.ok
        expect(panel.get_by_role("button", name="Export", exact=True)).to_be_visible()
        expect(folder.notice).to_contain_text("Export canceled")

    def test_what_is_missing_is_told(self, folder):
        page = folder.page
        expect(page.locator(".film li")).to_have_count(3)
        page.keyboard.press("x")
        panel = page.get_by_role("region", name="Export photos")
        panel.get_by_text("1 file of the folder is left out").click()
        expect(panel.get_by_role("listitem")).to_contain_text("b.png")
        panel.get_by_role("radio", name="Marked").check(force=True)
        expect(panel.get_by_text("No photo is marked")).to_be_visible()
        expect(panel.get_by_role("button", name="Export", exact=True)).to_be_disabled()

    def test_the_start_offers_the_folders_photos(self, folder):
        page = folder.page
        expect(page.get_by_role("heading", name="album")).to_be_visible()
        expect(page.get_by_text("3 photos. Choose one")).to_be_visible()
        expect(page.get_by_role("button", name="Coffee")).to_have_count(0)  # a sample
        page.get_by_role("button", name="Open the first").click()
        folder.settle()
        expect(page.locator(".film [aria-current=true]")).to_have_accessible_name("a.png, new")

    @pytest.mark.parametrize("size", [(420, 760), (800, 560), (1440, 900)])
    def test_what_is_told_hides_nothing_of_an_open_panel(self, folder, size):
        page = folder.page
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.get_by_role("button", name="Open the first").click()
        folder.settle()
        page.keyboard.press("Control+s")
        page.get_by_role("button", name="Save photo").click()
        expect(folder.notice).to_contain_text("Saved as a.color.png")
        folder.notice.hover()  # so that it stays
        for key in ("x", "u", "v", "Control+s"):
            page.keyboard.press(key)
            panel, notice = (page.locator(each).bounding_box() for each in (".panel", ".notice"))
            beside = panel["x"] + panel["width"] <= notice["x"]
            assert beside or panel["y"] + panel["height"] <= notice["y"], key
            expect(folder.notice).to_be_in_viewport(ratio=1)


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
