"""The ONE encoder: training, evaluation, Colorizer and app give the network the same input for the same hints."""

import json

import numpy as np
import pytest
from websockets.sync.client import connect

from adacolvit.app.library import Library
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.color.hex import format_hex
from adacolvit.colorizer import Colorizer
from adacolvit.evaluation.hintset import SIDE, SIZE, HintSet
from adacolvit.evaluation.methods import Network
from adacolvit.evaluation.photos import Source
from adacolvit.evaluation.protocol import evaluate_photo
from adacolvit.hints.frame import square_frame
from adacolvit.runtime.engine import Engine
from adacolvit.training import data
from adacolvit.training.recipe import Stage
from adacolvit.weights import load_weights

from .app.conftest import serve
from .pictures import encoded


@pytest.fixture
def seen(monkeypatch) -> list[np.ndarray]:
    """What reaches the network, whoever runs it."""
    inputs, run = [], Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, x, **given: inputs.append(x.copy()) or run(self, x, **given))
    return inputs


def test_the_same_hints_reach_the_network_alike_from_everywhere(seen, small_weights, tmp_path, monkeypatch):
    # Each cell of one color, so that a color by name and the mean under a hint are the same; alike when mirrored.
    half = np.random.default_rng(0).integers(0, 256, (SIDE // SIZE, SIDE // SIZE // 2, 3), np.uint8)
    photo = np.concatenate([half, half[:, ::-1]], axis=1).repeat(SIZE, 0).repeat(SIZE, 1)

    monkeypatch.setattr(data, "VARIED_SIZES", 0)
    stage = Stage(1, size=SIDE, crop=(1, 1), few=0)
    batch = data.make_batch([photo], stage, square_frame(SIDE, SIDE, SIDE), np.array([0]), np.random.default_rng(5))
    trained = batch.x[0].numpy()
    rows, columns, sizes, _ = (hint[0].numpy() for hint in batch.hints)
    assert len(rows) > 20 and set(sizes) == {SIZE}

    weights, source = load_weights(small_weights), Source("photo.png", encoded(photo, "PNG"))
    hint_set = HintSet(0, {source.key: (source.checksum, np.stack([rows, columns], axis=1).astype(np.uint8))})
    evaluate_photo(source, [(Network(weights), [len(rows)])], hint_set, "square")

    clicks = [
        {"x": int(column) + 1, "y": int(row) + 1, "color": format_hex(photo[row, column]), "size": SIZE}
        for row, column in zip(rows, columns, strict=True)
    ]
    colorizer = Colorizer(Engine(weights))
    colorizer.set_photo(source.content)
    colorizer.colorize(clicks)

    for client in serve(create_app(Studio(Table(Engine(weights), Library(tmp_path))))):
        key = client.post("/api/photos", params={"name": source.key}, content=source.content).json()["id"]
        with connect(f"{str(client.base_url).replace('http', 'ws', 1)}/api/photos/{key}/live") as socket:
            socket.send(json.dumps({"seq": 1, "hints": clicks}))
            assert isinstance(socket.recv(), bytes)

    evaluated, colorized, live = seen
    assert np.array_equal(colorized, live)
    # The last bits are not alike: a color is a mean over pixels here and has a name there.
    for x in (evaluated, colorized):
        assert np.array_equal(trained[3], x[3]) and np.abs(trained - x).max() < 1e-6
