"""Access for all: axe-core in every state, what is said aloud, and no motion for who wants none."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import watched
from .reference import DROP, reference_photo
from .table import Table

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    told = [(fault["id"], node) for fault in found for node in fault["nodes"]]
    return [f"{name}: {node['html'][:160]} {[why['message'] for why in node['any']]}" for name, node in told]


def assert_none(found: dict[str, list[str]]) -> None:
    assert not (bad := {state: each for state, each in found.items() if each}), json.dumps(bad, indent=1)


def rest(page: Page) -> None:
    """Puts everything away."""
    while page.locator(".panel, .picker:visible, .notice, .dropper").count():
        page.keyboard.press("Escape")


def hints(table: Table) -> None:
    """Two hints, the first of them in a second color; nothing is selected."""
    table.open_sample("Cat")
    for place, color in [((0.1, 0.2), "#a03020"), ((0.1, 0.8), "#2030c0")]:
        rest(table.page)
        table.click(*place)
        table.choose(color)
    rest(table.page)


STATES = {
    "a color is chosen": ["Tab"],
    "all are selected": ["Control+a"],
    "all are locked": ["Control+a", "l"],
    "eyedropper": ["Control+a", "i"],
    "snapshots": ["t", "t", "u"],
    "save": ["Control+s"],
    "view": ["v"],
    "effort": ["e"],
    "shortcuts": ["?"],
    "before and after": ["b"],
    "split": ["Shift+b"],
    "hints hidden": ["h"],
    "suggested places": ["p"],
}
STAYS = {"e", "b", "Shift+b", "h"}  # until the key is pressed once more


class TestAxe:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_fault_in_any_state(self, table, page, scheme):
        page.emulate_media(color_scheme=scheme)
        page.locator(".samples img").last.wait_for()
        found = {"start": faults(page)}
        hints(table)
        found["open"] = faults(page)
        table.rings.first.click()
        page.locator(".palettes summary").click()
        page.get_by_role("button", name="Add #").click()
        found["picker"] = faults(page)
        for state, keys in STATES.items():
            rest(page)
            for key in keys:
                page.keyboard.press(key)
            table.settle()
            found[state] = faults(page)
            if keys[0] in STAYS:
                page.keyboard.press(keys[0])
        assert_none(found)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_fault_on_a_phone(self, browser, fresh, scheme):
        context = browser.new_context(**PHONE, base_url=fresh, color_scheme=scheme)
        page = watched(context.new_page())
        page.goto("/")
        table = Table(page)
        page.locator(".samples img").last.wait_for()
        found = {"start": faults(page)}
        page.get_by_role("button", name="Cat").tap()
        table.settle()
        found["open"] = faults(page)
        page.touchscreen.tap(*table.place(0.5, 0.5))
        expect(table.picker).to_be_visible()
        found["picker"] = faults(page)
        for key in ("t", "u", "Control+s", "v", "?", "r"):
            rest(page)
            page.keyboard.press(key)
            found[key] = faults(page)
        context.close()
        assert_none(found)
        assert not page.problems

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_fault_in_the_reference(self, table, page, scheme):
        page.emulate_media(color_scheme=scheme)
        table.open_sample("Cat")
        page.keyboard.press("r")
        found = {"empty": faults(page)}
        page.evaluate(DROP, [".reference", "garden.png", list(reference_photo())])
        page.get_by_role("application").hover()
        expect(page.locator(".tip")).to_be_visible()
        found["a color is looked at"] = faults(page)
        page.evaluate(DROP, [".reference", "letter.png", list(b"Dear Sir")])
        expect(table.notice).to_contain_text("letter.png")
        found["no picture"] = faults(page)
        assert_none(found)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_fault_where_two_windows_are_at_odds(self, table, page, scheme):
        hints(table)
        table.kept()
        second = watched(page.context.new_page())
        second.emulate_media(color_scheme=scheme)
        second.goto(page.url)
        other = Table(second)
        other.settle()
        table.rings.first.click()
        table.choose("#108010")
        table.kept()
        other.rings.first.click()
        other.choose("#c0a010")
        expect(second.locator(".notice.conflict")).to_be_visible()
        assert faults(second) == [] and not second.problems

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_fault_with_a_folder_while_and_after_exporting(self, folder, scheme):
        page = folder.page
        page.emulate_media(color_scheme=scheme)
        page.goto("/")
        expect(page.locator(".film li")).to_have_count(3)
        page.get_by_role("button", name="a.png, new").click()
        folder.settle()
        page.keyboard.press("x")
        found = {"choosing": faults(page)}
        panel = page.get_by_role("region", name="Export photos")
        panel.get_by_role("button", name="Export", exact=True).click()
        panel.get_by_role("progressbar").wait_for()
        found["running"] = faults(page)
        panel.get_by_role("link", name="Download ZIP").wait_for(timeout=120_000)
        found["done"] = faults(page)
        assert_none(found)


class TestAloud:
    def test_what_happens_is_said(self, table, page):
        table.open_sample("Cat")
        page.keyboard.press("t")
        expect(page.get_by_role("status").filter(has_text="Kept as Snapshot 1")).to_have_count(1)

    def test_what_is_only_told_goes_by_itself_and_what_went_wrong_stays(self, page, tmp_path):
        page.clock.install()
        page.goto("/")
        table = Table(page)
        expect(page.locator(".samples:not(.recent-work) li")).to_have_count(3)
        expect(table.notice).to_have_count(0)
        table.open_sample("Cat")
        page.keyboard.press("t")
        expect(table.notice).to_contain_text("Kept as")
        table.notice.hover()  # being read
        page.clock.fast_forward(20_000)
        expect(table.notice).to_contain_text("Kept as")
        page.mouse.move(*table.place(0.1, 0.9))
        page.clock.fast_forward(20_000)
        expect(table.notice).to_have_count(0)
        (tmp_path / "letter.jpg").write_text("Dear Sir or Madam")
        table.open_files(tmp_path / "letter.jpg")
        expect(table.notice).to_contain_text("letter.jpg")
        page.clock.fast_forward(20_000)
        expect(table.notice).to_contain_text("letter.jpg")


class TestMotion:
    STILL = """() => [...document.querySelectorAll("*")].flatMap((element) => ["", "::before", "::after"].map(part => {
        const style = getComputedStyle(element, part);
        const moves = parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
        return moves || style.scrollBehavior === "smooth" ? element.outerHTML.slice(0, 80) + part : null;
    })).filter(Boolean).concat(document.getAnimations().map((each) => String(each.animationName)))"""

    def test_nothing_moves_for_who_wants_no_motion(self, table, page):
        expect(page.locator(".samples button").first).to_be_visible()
        assert page.evaluate(self.STILL), "without the wish, something does"
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(self.STILL) == []
        table.open_sample("Cat")
        table.click(0.3, 0.3)
        assert page.evaluate(self.STILL) == []
        with page.expect_request("**/suggest/places"):
            page.keyboard.press("p")
        for key in ("u", "Control+s", "v", "e", "?"):
            page.keyboard.press(key)
            assert page.evaluate(self.STILL) == []

    def test_a_spinner_stands_still(self, table, page):
        table.open_sample("Cat")
        page.emulate_media(reduced_motion="reduce")
        page.route("**/suggest/places", lambda route: None)  # never answered
        page.keyboard.press("p")
        expect(page.locator(".spinner")).to_be_visible()
        assert page.evaluate(self.STILL) == []
        page.emulate_media(reduced_motion="no-preference")
        assert "turn" in page.evaluate(self.STILL)


def test_a_photos_colors_stay_and_what_is_chosen_is_seen_in_the_systems_own_colors(browser, fresh):
    context = browser.new_context(viewport={"width": 900, "height": 640}, base_url=fresh, forced_colors="active")
    page = watched(context.new_page())
    page.goto("/")
    table = Table(page)
    hints(table)
    page.keyboard.press("i")
    page.mouse.move(*table.place(0.6, 0.6))
    expect(page.locator(".tip")).to_be_visible()
    table.rings.first.focus()
    page.keyboard.press("Enter")
    lost = page.locator(".swatch, .ring span, .marker, .tip i").evaluate_all("""(parts) => parts.filter((part) => {
        const probe = document.body.appendChild(document.createElement("i"));
        Object.assign(probe.style, { color: part.style.background, forcedColorAdjust: "none" });
        const isKept = getComputedStyle(probe).color === getComputedStyle(part).backgroundColor;
        probe.remove();
        return !isKept;
    }).map((part) => part.outerHTML)""")
    assert not lost
    page.keyboard.press("b")
    page.keyboard.press("Control+s")

    def filled(selector: str) -> list[str]:
        return page.locator(selector).evaluate_all("(all) => all.map((each) => getComputedStyle(each).backgroundColor)")

    highlight = page.evaluate("""() => {
        document.body.style.backgroundColor = "Highlight";
        return getComputedStyle(document.body).backgroundColor;
    }""")
    assert set(filled(".choices .chosen, .tool[aria-pressed=true], .tool[aria-expanded=true]")) == {highlight}
    assert highlight not in filled(".choices label:not(.chosen), .tool[aria-pressed=false], .tool[aria-expanded=false]")
    context.close()
    assert not page.problems
