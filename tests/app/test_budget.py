"""A budget on its way through the app: live frames, saved pictures, kept work, exports."""

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image
from websockets.sync.client import connect

from adacolvit.app.library import Library
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.colorizer import Colorizer
from adacolvit.runtime.engine import Engine
from adacolvit.suggest import suggest_colors, suggest_places
from adacolvit.weights import load_weights

from .conftest import picture, serve
from .test_exports import finish, unzip
from .test_live import unpack


@pytest.fixture(scope="module")
def engine(budget_weights) -> Engine:
    return Engine(load_weights(budget_weights))


@pytest.fixture(scope="module")
def client(engine, tmp_path_factory):
    yield from serve(create_app(Studio(Table(engine, Library(tmp_path_factory.mktemp("data"))))))


@pytest.fixture
def key(client) -> str:
    return client.post("/api/photos", params={"name": "anna.png"}, content=picture(200, 150)).json()["id"]


@pytest.fixture
def expected(engine):
    """Picture of a budget, as the Colorizer has it."""
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(200, 150))
    return lambda budget: colorizer.colorize([], budget=budget)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_frames(client, key, expected):
    with connect(f"{str(client.base_url).replace('http', 'ws', 1)}/api/photos/{key}/live") as socket:
        for budget in (None, 0.1, 0.4, 0.75, 1.0):
            socket.send(json.dumps({"seq": 1, "hints": [], "budget": budget}))
            info, ab = unpack(socket.recv())
            result = expected(budget)
            assert np.abs(ab - result.ab).max() <= 1 / 512
            assert info.effort.macs == result.cost.macs
            assert info.effort.least_budget == 0.4
            assert info.effort.budget == max(0.6 if budget is None else budget, 0.4)
        socket.send(json.dumps({"seq": 1, "hints": [], "budget": 1.2}))
        assert "budget" in json.loads(socket.recv())["error"]


def test_suggestions(client, key, engine):
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(200, 150))
    answers = []
    for budget in (0.4, 1.0):
        wanted = {"hints": [], "count": 3, "budget": budget}
        places = client.post(f"/api/photos/{key}/suggest/places", json=wanted).json()
        assert places == [asdict(place) for place in suggest_places(colorizer, (), 3, budget=budget)]
        wanted = {"hints": [], "x": 50, "y": 40, "budget": budget}
        colors = client.post(f"/api/photos/{key}/suggest/colors", json=wanted).json()
        assert colors == [asdict(color) for color in suggest_colors(colorizer, (), 50, 40, budget=budget)]
        answers.append((places, colors))
    assert answers[0][0] != answers[1][0] and answers[0][1] != answers[1][1]


def test_saved_and_exported_pictures_have_the_budget_of_the_work(client, key, expected):
    session = {"version": 1, "past": [], "future": [], "present": [], "adjustments": {"budget": 1.0}}
    client.put(f"/api/photos/{key}/session", json=session).raise_for_status()
    assert client.get(f"/api/photos/{key}/session").json()["adjustments"]["budget"] == 1.0
    assert not np.array_equal(expected(0.4).image, expected(1.0).image)
    for body, budget in (({}, 1.0), ({"budget": 0.4}, 0.4)):
        export = client.post("/api/exports", json={"format": "png", "items": [{"photo": key}]} | body).json()
        (data,) = (data for name, data in unzip(client, finish(client, export)).items() if name.endswith(".png"))
        assert np.array_equal(pixels(data), expected(budget).image)
        saved = client.post(f"/api/photos/{key}/render", json={"format": "png", "hints": [], "budget": budget})
        assert np.array_equal(pixels(saved.content), expected(budget).image)
    client.delete(f"/api/sessions/{key}")
