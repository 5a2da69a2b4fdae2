"""The effort view of a deep network."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from adacolvit.weights import write_weights

from ..conftest import SMALL, random_network
from .conftest import watched
from .program import running
from .table import Table


@pytest.mark.parametrize(("width", "first"), [(1000, True), (400, False)])
def test_the_layers_of_a_deep_network_stand_below_each_other_beside_their_name(browser, tmp_path, width, first):
    config = replace(SMALL, depth=24)
    weights = {name: t.detach().numpy() for name, t in random_network(config, seed=1).state_dict().items()}
    write_weights(tmp_path / "deep.safetensors", config, weights, np.float32)
    with running(tmp_path / "deep.safetensors", tmp_path / "data") as program:
        context = browser.new_context(viewport={"width": width, "height": 700}, base_url=program.address)
        page = watched(context.new_page())
        page.goto("/")
        Table(page).open_sample("Cat")
        page.keyboard.press("e")
        part = page.locator(".layers .part").first
        layers = part.get_by_role("radio")
        expect(layers).to_have_count(24)
        lefts = [layer.bounding_box()["x"] for layer in layers.all()]
        assert lefts[12:] == lefts[:12] and len(set(lefts)) == 12
        name = part.locator("span").first.bounding_box()
        assert (name["x"] + name["width"] <= lefts[0]) == first
        context.close()
        assert not page.problems
