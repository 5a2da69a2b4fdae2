"""A network for any budget: the slider of the effort view, with the program and in the browser alone."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from adacolvit.model.config import ModelConfig
from adacolvit.weights import write_weights

from ..conftest import random_network
from .conftest import PATIENCE, watched
from .edition import build_edition, file_host
from .program import Program, running
from .table import Table
from .test_access import faults

CONFIG = ModelConfig(width=64, depth=3, heads=2, budget_knots=3, least_budget=0.3, budget=0.65)
SLOW = 120_000  # ms; the browser alone compiles its runtime first


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """An untrained network: all layers run; the least budget gives no patch the full path, the most gives it to all."""
    network = random_network(CONFIG, seed=1)
    with torch.no_grad():
        network.budget_layers.fill_(99)
        network.budget_patches.copy_(torch.tensor([-99.0, 0, 99])[:, None, None].expand_as(network.budget_patches))
    path = tmp_path_factory.mktemp("weights") / "any.safetensors"
    write_weights(path, CONFIG, {name: t.detach().numpy() for name, t in network.state_dict().items()}, np.float32)
    return path


@pytest.fixture
def program(weights, tmp_path):
    with running(weights, tmp_path / "data") as program:
        yield program


@pytest.fixture(scope="module")
def museum(weights, tmp_path_factory):
    """The browser-only edition of the same network."""
    folder = tmp_path_factory.mktemp("host")
    build_edition(folder, weights)
    with file_host(folder) as address:
        yield address


@pytest.fixture(params=["program", "browser alone"])
def table(request, browser):
    """The table of each edition, with that network."""
    if request.param == "program":
        address, patience = request.getfixturevalue("program").address, PATIENCE
    else:
        address, patience = request.getfixturevalue("museum"), SLOW
    expect.set_options(timeout=patience)
    context = browser.new_context(viewport={"width": 1000, "height": 700}, base_url=address, accept_downloads=True)
    page = watched(context.new_page())
    page.set_default_timeout(patience)
    page.goto("/")
    yield Table(page)
    expect.set_options(timeout=PATIENCE)
    context.close()
    assert not page.problems


def begin(table: Table):
    """The slider, with a hint on the table."""
    table.open_sample("Cat")
    table.click(0.8, 0.3)
    table.choose("#a03020")
    table.page.keyboard.press("Escape")
    table.page.keyboard.press("e")
    slider = table.page.get_by_role("slider", name="Budget")
    expect(slider).to_have_value("0.65")
    table.settle()
    return slider


def usual(table: Table):
    return table.page.get_by_role("button", name="usual")


def operations(table: Table) -> int:
    """What the effort view says of them: percent of a full pass."""
    return int(re.search(r"(\d+) % of a full pass", table.page.locator(".effort dl").inner_text())[1])


def move(table: Table, slider, to: str) -> np.ndarray:
    """The picture at another budget."""
    slider.fill(to)
    table.settle()
    return table.picture()


def different(before: np.ndarray, after: np.ndarray) -> bool:
    return np.abs(before - after).max() > 3


def test_the_picture_and_its_effort_follow_the_budget(table):
    slider = begin(table)
    short = table.page.locator(".effort svg.ran path[d='']")  # layers in which every patch took the short path
    expect(usual(table)).to_have_attribute("aria-pressed", "true")
    picture, share = table.picture(), operations(table)

    least = move(table, slider, "0.3")
    expect(slider).to_have_attribute("aria-valuetext", "30 % of the network")
    expect(usual(table)).to_have_attribute("aria-pressed", "false")
    expect(short).to_have_count(2 * CONFIG.depth)
    least_share = operations(table)

    slider.press("End")
    table.settle()
    expect(short).to_have_count(0)
    most = table.picture()
    assert least_share < share < operations(table) == 100
    assert different(least, picture) and different(most, picture)

    usual(table).press("Enter")
    expect(slider).to_have_value("0.65")
    table.settle()
    assert np.array_equal(table.picture(), picture) and operations(table) == share
    for before in (most, picture):  # a slider's moves in a row are one step
        table.page.keyboard.press("Control+z")
        table.settle()
        assert np.array_equal(table.picture(), before)


def test_it_is_kept_and_saved(table):
    slider = begin(table)
    usually = saved(table)
    shown = move(table, slider, "0.3")
    picture = saved(table)
    assert different(picture, usually)
    expect(table.page.locator(".kept")).to_have_attribute("data-state", "kept")
    table.page.reload()
    table.settle()
    assert np.array_equal(table.picture(), shown)
    table.page.keyboard.press("e")
    expect(slider).to_have_value("0.3")
    assert np.array_equal(saved(table), picture)


@pytest.mark.parametrize("table", ["program"], indirect=True)
def test_suggestions_are_made_at_it(table):
    page, slider = table.page, begin(table)
    move(table, slider, "0.3")
    for kind, ask in (
        ("places", lambda: page.keyboard.press("p")),
        ("colors", lambda: table.rings.first.press("Enter")),
    ):
        with page.expect_request(f"**/suggest/{kind}") as asked:
            ask()
        assert asked.value.post_data_json["budget"] == 0.3


@pytest.mark.parametrize("table", ["program"], indirect=True)
def test_a_snapshot_has_its_own(table):
    page, slider = table.page, begin(table)
    least = move(table, slider, "0.3")
    page.keyboard.press("t")
    usual(table).click()
    table.settle()
    assert different(table.picture(), least)
    page.keyboard.press("u")
    page.get_by_role("button", name="Hold to see Snapshot 1").hover()
    page.mouse.down()
    table.settle()
    assert np.array_equal(table.picture(), least)
    page.mouse.up()
    page.get_by_role("button", name="Return to Snapshot 1").click()
    table.settle()
    assert np.array_equal(table.picture(), least)
    assert table.kept()["adjustments"]["budget"] == 0.3


@pytest.mark.parametrize("table", ["program"], indirect=True)
def test_work_goes_on_with_a_network_for_one_budget(table, program, small_weights, tmp_path):
    move(table, begin(table), "0.3")
    table.kept()
    address = f"?photo={table.photo_id}"
    table.page.goto("about:blank")
    program.kill()
    plain = Program(small_weights, tmp_path / "data")
    plain.start()
    table.page.goto(plain.address + address)
    table.settle()
    table.page.keyboard.press("e")
    expect(table.page.locator(".effort")).to_be_visible()
    expect(table.page.get_by_role("slider", name="Budget")).to_have_count(0)
    saved(table)
    plain.kill()


@pytest.mark.parametrize("table", ["program"], indirect=True)
def test_the_slider_is_for_all(table):
    page = table.page
    begin(table)
    usual(table).focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("slider", name="Budget")).to_have_value("0.64")
    table.settle()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == []
    page.set_viewport_size({"width": 390, "height": 780})
    assert faults(page) == []


def saved(table: Table) -> np.ndarray:
    page = table.page
    page.keyboard.press("Control+s")
    page.get_by_role("radio", name="PNG").check(force=True)
    page.get_by_label("Save the hints too").uncheck()
    with page.expect_download() as file:
        page.get_by_role("button", name="Save photo").click()
    with Image.open(io.BytesIO(file.value.path().read_bytes())) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)
