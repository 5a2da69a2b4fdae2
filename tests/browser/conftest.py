"""A real Chromium on the real app: `adacolvit app` in a process of its own, with a small untrained network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from adacolvit.app import server

from .program import Program
from .table import Table

SAMPLES = Path(server.__file__).parent / "samples"

PATIENCE = 20_000  # ms; on a busy machine, slow is not wrong
expect.set_options(timeout=PATIENCE)

# WebGL 2 without a graphics card, for the tests that ask for it; the page itself is put together without. Colors are
# measured, so the screen must not have a profile of its own.
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--force-color-profile=srgb"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser():
    chromium = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    assert chromium, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(small_weights, tmp_path_factory):
    """Where the app is open."""
    kept = {**os.environ, "ADACOLVIT_DATA": str(tmp_path_factory.mktemp("data"))}
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port=0", "--threads=1"]
    line += ["--model", str(small_weights)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=kept) as process:
        yield re.search(r"http://\S+/", process.stdout.readline())[0]
        process.terminate()


def watched(page: Page) -> Page:
    """A page whose uncaught errors fail the test."""
    page.set_default_timeout(PATIENCE)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    # File dialogs are caught from now on. Begun with `expect_file_chooser`, catching them may come after the press.
    page.on("filechooser", lambda chooser: None)
    return page


@pytest.fixture
def fresh(address) -> str:
    """Where the app is open, with no work kept from another test."""
    for session in httpx.get(f"{address}api/sessions").json():
        httpx.delete(f"{address}api/sessions/{session['id']}").raise_for_status()
    return address


@pytest.fixture
def page(browser: Browser, fresh):
    """A page of its own context: no habits from another test."""
    context = browser.new_context(viewport={"width": 800, "height": 560}, base_url=fresh, accept_downloads=True)
    page = watched(context.new_page())
    yield page
    context.close()
    assert not page.problems


@pytest.fixture
def table(page) -> Table:
    """The empty table of a fresh page."""
    page.goto("/")
    return Table(page)


@pytest.fixture
def folder(small_weights, tmp_path, browser):
    """A page of the program on a folder of four photos, the second of which is no photo."""
    photos = tmp_path / "album"
    photos.mkdir()
    for name, scale in (("a", 1.0), ("c", 0.5), ("d", 1.0)):
        with Image.open(SAMPLES / ("cat.jpg" if name != "d" else "coffee.jpg")) as photo:
            photo.resize([round(side * scale) for side in photo.size]).save(photos / f"{name}.png")
    (photos / "b.png").write_text("Dear Sir or Madam")
    program = Program(small_weights, tmp_path / "data", photos)
    program.start()
    context = browser.new_context(viewport={"width": 1000, "height": 700}, base_url=program.address)
    page = watched(context.new_page())
    page.goto("/")
    yield Table(page)
    context.close()
    program.kill()
    assert not page.problems
