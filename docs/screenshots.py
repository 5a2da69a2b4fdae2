"""Takes the pictures of the app: ``python docs/screenshots.py [--model M] [--output docs/images]``. Needs Chromium."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SAMPLES = Path(__file__).parents[1] / "src" / "adacolvit" / "app" / "samples"
HINTS = Path(__file__).parent / "astronaut.hints.json"
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


def settle(page: Page) -> None:
    page.locator("canvas.photo[data-settled=true]").wait_for()


def answered(page: Page) -> None:
    """Waits until the picker has its suggested colors."""
    page.locator(".suggested[aria-busy=false] .swatch").first.wait_for()


def put_away(page: Page) -> None:
    while page.locator(".panel, .picker:visible, .notice").count():
        page.keyboard.press("Escape")


def kept(page: Page) -> None:
    page.locator(".kept[data-state=kept]").wait_for(state="attached")


def catch_dialogs(page: Page) -> None:
    """File dialogs are caught from now on; begun with `expect_file_chooser`, it may come after the press."""
    page.on("filechooser", lambda chooser: None)


def open_sample(browser: Browser, address: str, **options) -> Page:
    """The sample photo with its hints, in a page of its own."""
    page = browser.new_context(base_url=address, **options).new_page()
    catch_dialogs(page)
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files([str(SAMPLES / "astronaut.jpg"), str(HINTS)])
    settle(page)
    kept(page)
    return page


def start(browser: Browser, address: str, output: Path) -> None:
    page = browser.new_page(base_url=address, color_scheme="dark", **WIDE)
    page.goto("/")
    page.locator(".samples img").last.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=output / "start.png")


def table(browser: Browser, address: str, output: Path) -> None:
    for scheme in ("dark", "light"):
        page = open_sample(browser, address, color_scheme=scheme, **WIDE)
        page.locator(".ring").nth(4).click()
        answered(page)
        page.screenshot(path=output / f"app-{scheme}.png")
    put_away(page)
    page.keyboard.press("b")
    page.keyboard.press("e")
    settle(page)
    page.screenshot(path=output / "app-effort.png")


def history(browser: Browser, address: str, output: Path) -> None:
    """A snapshot beside what came of it."""
    page = open_sample(browser, address, color_scheme="dark", **WIDE)
    page.keyboard.press("u")
    panel = page.get_by_role("region", name="History")
    panel.get_by_label("Name of the snapshot").fill("As it was")
    panel.get_by_role("button", name="Keep").click()
    page.locator(".ring").nth(3).click()
    page.get_by_label("Color as hex").fill("#2f5fae")
    page.get_by_label("Color as hex").press("Enter")
    settle(page)
    put_away(page)
    page.keyboard.press("u")
    panel.get_by_role("button", name="Compare with As it was side by side").click()
    page.keyboard.press("Escape")
    settle(page)
    kept(page)
    page.screenshot(path=output / "app-history.png")


def phone(browser: Browser, address: str, output: Path) -> None:
    page = open_sample(browser, address, color_scheme="dark", **PHONE)
    page.locator(".ring").nth(2).tap()
    answered(page)
    page.screenshot(path=output / "app-phone.png")


def folder(browser: Browser, address: str, output: Path) -> None:
    """The samples as a folder, one done and one begun, about to be exported."""
    page = browser.new_page(base_url=address, color_scheme="dark", **WIDE)
    catch_dialogs(page)
    page.goto("/")
    film = page.locator(".film li")
    film.nth(2).wait_for()
    hints = json.loads(HINTS.read_text())["hints"]
    film.nth(0).get_by_role("button").click()
    settle(page)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Control+o")
    chooser.value.set_files(str(HINTS))
    page.locator(".ring").nth(len(hints) - 1).wait_for()
    page.keyboard.press("d")
    page.keyboard.press("x")
    settle(page)
    kept(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=output / "app-folder.png")


VIEWS = {start: None, table: None, history: None, phone: None, folder: SAMPLES}  # and what the app is opened on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "images")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port", "0", "--model", args.model]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for view, opened in VIEWS.items():
            with tempfile.TemporaryDirectory() as data:  # no picture shows what another one left
                opened_on = [str(opened)] if opened else []
                environment = {**os.environ, "ADACOLVIT_DATA": data}
                with subprocess.Popen([*line, *opened_on], stdout=subprocess.PIPE, text=True, env=environment) as app:
                    address = re.search(r"http://[^/]+/", app.stdout.readline())[0]
                    try:
                        view(browser, address, args.output)
                    finally:
                        app.terminate()
        browser.close()


if __name__ == "__main__":
    main()
