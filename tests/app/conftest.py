import asyncio
import io
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image
from websockets.sync.client import connect

from adacolvit.app.command import bind, configure
from adacolvit.app.library import Library
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.runtime.engine import Engine
from adacolvit.weights import load_weights

MOST_BYTES = 300_000


def run_to_end(coroutine: Coroutine):
    """Its result. Run in a thread of its own, since the browser tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as fresh:
        return fresh.submit(asyncio.run, coroutine).result()


def picture(width: int, height: int, kind: str = "PNG", seed: int = 0) -> bytes:
    """The file of a gray photo with some structure in it."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    noise = np.random.default_rng(seed).uniform(0, 20, (height, width))
    gray = 120 + 80 * np.sin(7 * x + seed) * np.cos(5 * y) + noise
    file = io.BytesIO()
    Image.fromarray(gray.clip(0, 255).astype(np.uint8)).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def engine(small_weights) -> Engine:
    return Engine(load_weights(small_weights))


class _Server(uvicorn.Server):
    def __init__(self, config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


def serve(app) -> Iterator[httpx.Client]:
    """A real server on this machine, and a client of it."""
    with bind(0) as listener:
        server = _Server(configure(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.ready.wait(20)
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
            yield client
        server.should_exit = True
        thread.join()


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(tmp_path / "data")


@pytest.fixture(scope="session")
def client(engine, tmp_path_factory):
    table = Table(engine, Library(tmp_path_factory.mktemp("data")))
    yield from serve(create_app(Studio(table, most_bytes=MOST_BYTES)))


@pytest.fixture
def photo(client) -> dict:
    """An open photo of 300 x 200 px."""
    return client.post("/api/photos", params={"name": "grandma.png"}, content=picture(300, 200)).json()


@pytest.fixture
def live(client):
    """Opens a live socket to a photo."""

    def open_socket(photo_id: str, **headers):
        url = f"{str(client.base_url).replace('http', 'ws', 1)}/api/photos/{photo_id}/live"
        return connect(url, additional_headers=headers)

    return open_socket
