"""Takes the pictures of the app: ``python docs/screenshots.py [--model M] [--output docs/images]``. Needs Chromium."""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SAMPLE = "Astronaut"
HINTS = Path(__file__).parent / "astronaut.hints.json"


def open_sample(browser: Browser, address: str, **options) -> Page:
    """The sample photo with its hints, in a page of its own."""
    page = browser.new_context(base_url=address, **options).new_page()
    page.goto("/")
    page.get_by_role("button", name=SAMPLE).click()
    page.locator("canvas.photo[data-settled=true]").wait_for()
    photo_id = page.url.split("photo=")[1]
    hints = json.loads(HINTS.read_text())["hints"]
    drafts = json.dumps({photo_id: {"time": 0, "hints": hints}})
    page.evaluate("(drafts) => localStorage.setItem('adacolvit.drafts', drafts)", drafts)
    page.reload()
    page.locator("canvas.photo[data-settled=true]").wait_for()
    page.locator(".notice button").click()
    return page


def shoot(browser: Browser, address: str, output: Path) -> None:
    wide = {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1}
    start = browser.new_page(base_url=address, color_scheme="dark", **wide)
    start.goto("/")
    start.locator(".samples img").last.wait_for()
    start.wait_for_load_state("networkidle")
    start.screenshot(path=output / "start.png")

    for scheme in ("dark", "light"):
        page = open_sample(browser, address, color_scheme=scheme, **wide)
        page.locator(".ring").nth(4).click()
        page.locator(".picker").wait_for()
        page.screenshot(path=output / f"app-{scheme}.png")

    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("e")
    page.locator("canvas.photo[data-settled=true]").wait_for()
    page.screenshot(path=output / "app-effort.png")

    phone = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
    page = open_sample(browser, address, color_scheme="dark", **phone)
    page.locator(".ring").nth(2).tap()
    page.locator(".picker .hex").wait_for()
    page.screenshot(path=output / "app-phone.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "images")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port", "0", "--model", args.model]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as app, sync_playwright() as playwright:
        address = re.search(r"http://\S+/", app.stdout.readline())[0]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            shoot(browser, address, args.output)
        finally:
            browser.close()
            app.terminate()


if __name__ == "__main__":
    main()
