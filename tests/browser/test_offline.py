"""The browser-only edition, on a plain file host under a path of its own, with every other address cut off."""

import html
import io
import json
import os
import re
import subprocess
import sys

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from adacolvit.color.hex import parse_hex

from .conftest import PATIENCE, watched
from .edition import ROOT, build_edition, file_host
from .table import Table

SLOW = 120_000  # ms; the first frame waits for 28 MB of network and runtime to be compiled, on a machine that is shared


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder a museum would copy to its host."""
    host = tmp_path_factory.mktemp("host")
    build_edition(host / "colors" / "studio")
    return host / "colors" / "studio"


@pytest.fixture(scope="module")
def museum(folder):
    with file_host(folder.parents[1]) as address:
        yield f"{address}colors/studio/"


@pytest.fixture
def visit(browser, museum):
    """Opens the edition in a fresh browser. ``visit.foreign`` lists what was asked for elsewhere."""
    context = browser.new_context(viewport={"width": 1000, "height": 640}, accept_downloads=True)
    foreign = []

    def stay(route):
        if route.request.url.startswith((museum, "blob:", "data:")):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    context.route("**/*", stay)
    page = watched(context.new_page())
    page.set_default_timeout(SLOW)
    expect.set_options(timeout=SLOW)
    page.goto(museum)
    table = Table(page)
    table.foreign = foreign
    yield table
    expect.set_options(timeout=PATIENCE)
    context.close()
    assert not page.problems
    assert not foreign


KEPT = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("adacolvit");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const all = request.result.transaction("sessions").objectStore("sessions").getAll();
    all.onsuccess = () => { request.result.close(); resolve(all.result.map((session) => session.state.present)); };
  };
})"""


def kept_hints(table: Table, color: str) -> list[dict]:
    """What the browser keeps of the one photo that was worked on, once a hint of a color is in it."""
    table.page.wait_for_function(f"(color) => ({KEPT})().then((all) => JSON.stringify(all).includes(color))", arg=color)
    (hints,) = table.page.evaluate(KEPT)
    return hints


def save(table: Table, kind: str, suffix: str, tmp_path) -> dict[str, bytes]:
    """The picture and the hints file, as they are downloaded."""
    page = table.page
    page.keyboard.press("Control+s")
    page.get_by_role("radio", name=kind).check(force=True)
    with (
        page.expect_event("download", lambda download: download.suggested_filename.endswith(suffix)) as picture,
        page.expect_event("download", lambda download: download.suggested_filename.endswith(".json")) as hints,
    ):
        page.get_by_role("button", name="Save photo").click()
    files = {}
    for each in (picture.value, hints.value):
        each.save_as(tmp_path / each.suggested_filename)
        files[each.suggested_filename] = (tmp_path / each.suggested_filename).read_bytes()
    return files


def is_noted(data: bytes) -> bool:
    """Whether the picture says that it was colorized."""
    return b"compositeWithTrainedAlgorithmicMedia" in Image.open(io.BytesIO(data)).info["xmp"]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """`adacolvit app` with the same network, to compare with."""
    kept = {**os.environ, "ADACOLVIT_DATA": str(tmp_path_factory.mktemp("kept"))}
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=kept) as process:
        address = re.search(r"http://\S+/", process.stdout.readline())[0]
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
        process.terminate()


def test_without_a_network_it_colors_as_the_program_does(visit, server, tmp_path):
    page = visit.page
    assert not page.evaluate("() => crossOriginIsolated")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()  # from what the browser has kept, now and for good
    assert page.evaluate("() => crossOriginIsolated")  # so the network may use several cores
    visit.open_sample("Cat")
    gray = visit.picture()
    visit.click(0.4, 0.5)
    visit.choose("#a03020")
    visit.click(0.15, 0.25)
    visit.choose("#2040c0")
    assert np.abs(visit.picture() - gray).mean() > 2

    files = save(visit, "PNG", ".png", tmp_path)
    assert files.keys() == {"cat.color.png", "cat.hints.json"}
    assert is_noted(files["cat.color.png"])
    hints = json.loads(files["cat.hints.json"])["hints"]
    assert len(hints) == 2
    data = server.get("api/samples/cat.jpg").content
    photo = server.post("api/photos", params={"name": "cat.jpg"}, content=data).json()
    assert photo["id"] in page.url  # the same photo has the same name in both
    there = pixels(server.post(f"api/photos/{photo['id']}/render", json={"hints": hints, "format": "png"}).content)
    here = pixels(files["cat.color.png"])
    assert here.shape == there.shape == (300, 451, 3)
    difference = np.abs(here - there)
    assert difference.mean() < 0.1 and np.percentile(difference, 99.9) <= 2
    assert np.ptp(there, axis=-1).mean() > 20, "gray pictures would agree too easily"

    page.keyboard.press("1")  # and the screen shows what was saved
    visit.settle()
    assert np.abs(visit.picture() - here).mean() < 1.5


def test_work_is_kept_and_found_again(visit):
    visit.open_sample("Coffee")
    visit.click(0.5, 0.5)
    visit.choose("#20a040")
    color = visit.hex.input_value()
    before = visit.picture()
    (hint,) = kept_hints(visit, color)
    visit.page.reload()
    expect(visit.rings).to_have_count(1)
    visit.settle()
    visit.page.keyboard.press("Escape")
    assert np.array_equal(visit.picture(), before)
    assert kept_hints(visit, color) == [hint]


def test_where_the_browser_keeps_nothing_work_is_still_done_and_saved(visit, tmp_path):
    page = visit.page
    page.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('off', 'SecurityError') }")
    page.reload()
    visit.open_sample("Cat")
    visit.click(0.4, 0.5)
    visit.choose("#a03020")
    expect(page.get_by_role("alert").filter(has_text="keeps nothing between visits")).to_be_visible()
    files = save(visit, "PNG", ".png", tmp_path)
    assert len(json.loads(files["cat.hints.json"])["hints"]) == 1
    assert np.ptp(pixels(files["cat.color.png"]), axis=-1).max() > 20


LOSE = """() => new Promise((resolve) => {
  indexedDB.open("adacolvit").onsuccess = ({ target: { result } }) => {
    const losing = result.transaction("photos", "readwrite");
    losing.objectStore("photos").clear();
    losing.oncomplete = resolve;
  };
})"""


def test_a_photo_whose_file_the_browser_lost_outlasts_references_beside_it(visit, tmp_path):
    page = visit.page
    visit.open_sample("Cat")
    visit.click(0.4, 0.5)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    for name, gray in (("a", 90), ("b", 160)):
        Image.new("RGB", (60, 40), (gray, 80, 40)).save(tmp_path / f"{name}.png")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Open another reference photo").click()
        chooser.value.set_files(tmp_path / f"{name}.png")
        expect(page.get_by_role("complementary", name="Reference")).to_contain_text(f"{name}.png")
    page.evaluate(LOSE)
    before = visit.picture()
    visit.rings.first.click()
    visit.choose("#a03020")
    assert not np.array_equal(visit.picture(), before)
    expect(visit.notice).to_have_count(0)


def test_a_database_that_the_browser_closes_is_opened_again(visit):
    page = visit.page
    page.add_init_script("""
        const open = IDBFactory.prototype.open;
        window.databases = [];
        IDBFactory.prototype.open = function (...given) {
            const request = open.apply(this, given);
            request.addEventListener("success", () => databases.push(request.result));
            return request;
        };
    """)
    page.reload()
    visit.open_sample("Cat")
    visit.click(0.4, 0.5)
    expect(page.locator(".kept")).to_have_attribute("data-state", "kept")
    page.evaluate("() => databases.forEach((database) => database.close())")
    visit.choose("#a03020")
    color = visit.hex.input_value()
    expect(page.locator(".kept")).to_have_attribute("data-state", "kept")
    page.reload()
    expect(visit.rings).to_have_count(1)
    visit.settle()
    assert kept_hints(visit, color)


def test_suggestions_are_those_of_the_program(visit, server):
    visit.open_sample("Coffee")
    visit.click(0.4, 0.15)  # both on the cup: its color with the first hint, and without it
    visit.choose("#2040ff")
    visit.page.keyboard.press("Escape")  # the picker is in the way
    visit.click(0.6, 0.2)
    visit.choose("#7b4a2d")
    row = visit.page.get_by_role("group", name="Suggested")
    expect(row).to_have_attribute("aria-busy", "false")
    names = [swatch.get_attribute("aria-label") for swatch in row.get_by_role("button").all()]
    here = np.array([parse_hex(re.search("#[0-9a-f]{6}", name)[0]) for name in names])
    hints = kept_hints(visit, visit.hex.input_value())
    data = server.get("api/samples/coffee.jpg").content
    photo = server.post("api/photos", params={"name": "coffee.jpg"}, content=data).json()
    body = {"hints": hints[:1], "x": hints[1]["x"], "y": hints[1]["y"]}
    there = server.post(f"api/photos/{photo['id']}/suggest/colors", json=body).json()
    assert len(there) > 1
    assert np.abs(here - [parse_hex(each["color"]) for each in there]).max() <= 3

    visit.page.keyboard.press("Escape")
    visit.page.keyboard.press("p")
    expect(visit.notice).to_contain_text("points. Click one.")
    expect(visit.page.locator(".place")).to_have_count(5)


def test_files_in_and_out(visit, tmp_path):
    broken = tmp_path / "letter.jpg"
    broken.write_text("Dear Sir or Madam")
    visit.open_files(broken)
    expect(visit.notice).to_contain_text("letter.jpg is not a picture that this browser reads")

    ramp = np.tile(np.linspace(20, 235, 160).astype(np.uint8), (90, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    Image.fromarray(ramp).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    visit.open_files(tmp_path / "turned.jpg")
    visit.settle()
    for kind, name, magic in (("JPEG", "turned.color.jpg", b"\xff\xd8"), ("WebP", "turned.color.webp", b"RIFF")):
        picture = save(visit, kind, name, tmp_path)[name]
        assert picture.startswith(magic) and is_noted(picture)
        upright = pixels(picture)
        assert upright.shape == (160, 90, 3)
        assert (np.diff(upright[::20].mean((1, 2))) > 0).all()

    visit.page.keyboard.press("Control+s")
    expect(visit.page.get_by_text("without the photo's own metadata")).to_be_visible()
    assert visit.page.get_by_role("radio", name="TIFF").count() == 0


def test_the_policy_and_the_files(folder):
    page = html.unescape((folder / "index.html").read_text())
    assert "default-src 'self'" in page and "unsafe-inline" not in page and "'unsafe-eval'" not in page
    assert not re.findall(r'(?:src|href)="(?:/|\w+:)', page), "addresses are relative"
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert {"model/model.json", "wasm/runtime.js", "wasm/runtime.wasm", "offline.js", "worker.js"} <= sizes.keys()
    (network,) = (size for name, size in sizes.items() if name.endswith(".onnx"))
    shipped = (ROOT / "src/adacolvit/weights/tiny.safetensors").stat().st_size
    assert network < 1.1 * shipped, "weights are stored in 16 bits"
    listed = json.loads(re.search(r"\{\"version\":.*?\]\}", (folder / "offline.js").read_text())[0])["files"]
    assert set(listed) == sizes.keys() - {"offline.js"}


def test_the_servers_edition_carries_no_runtime():
    static = ROOT / "src/adacolvit/app/static"
    script = (static / "app.js").read_text()
    assert "onnx" not in script and "indexedDB" not in script
    compiled = sum(file.stat().st_size for file in static.rglob("*.wasm"))
    assert 0 < compiled < 2**14, "the rows of the painter, a thousandth of a runtime"
