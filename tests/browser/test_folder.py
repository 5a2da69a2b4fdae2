"""A folder of photos: the film strip, hints that come along, exports in the background."""

import re
import zipfile

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
