"""What takes long waits for its turn without holding up others, and not for clients that have gone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from adacolvit.app import studio as studio_module
from adacolvit.app import table as table_module
from adacolvit.app.library import Library
from adacolvit.app.routes import suggest
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table

from .conftest import picture, serve

MANY = 50  # more than the server has threads


class Slow:
    """Takes until it is let go, and counts who began and how many at once."""

    def __init__(self, gives) -> None:
        self.let_go, self.begun, self.at_once, self.most = threading.Event(), 0, 0, 0
        self._lock = threading.Lock()
        self._gives = gives

    def __call__(self, *_, **__):
        with self._lock:
            self.begun += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.let_go.wait(30)
        with self._lock:
            self.at_once -= 1
        return self._gives


@pytest.fixture
def app(engine, tmp_path):
    yield from serve(create_app(Studio(Table(engine, Library(tmp_path)))))


def test_suggestions_hold_up_nothing_else_and_are_not_made_for_nobody(app, monkeypatch):
    slow = Slow([])
    monkeypatch.setattr(suggest, "suggest_places", slow)
    monkeypatch.setattr(studio_module, "_LOOK_SECONDS", 0.05)
    key = app.post("/api/photos", content=picture(40, 30)).json()["id"]

    def ask(timeout: float) -> int | None:
        body = {"hints": [], "count": 3}
        try:
            return httpx.post(f"{app.base_url}/api/photos/{key}/suggest/places", json=body, timeout=timeout).status_code
        except httpx.TimeoutException:
            return None

    with ThreadPoolExecutor(MANY) as clients:
        gone = [clients.submit(ask, 1.5) for _ in range(MANY)]
        assert app.get(f"/api/photos/{key}/gray").status_code == 200
        assert [answer.result() for answer in gone] == [None] * MANY
        deadline = time.monotonic() + 30
        while f'suggest/places",status="499"}} {MANY}' not in app.get("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.05)  # the server looks whether they are there once in a while
        stays = clients.submit(ask, 30)
        assert app.get(f"/api/photos/{key}/gray").status_code == 200
        slow.let_go.set()
        assert stays.result() == 200
    assert slow.most == 2 and slow.begun == 3


def test_photos_that_were_stepped_over_are_not_opened(engine, tmp_path, monkeypatch):
    studio = Studio(Table(engine, Library(tmp_path)))
    keys = [studio.table.put(picture(40, 30, seed=seed), "a.png").id for seed in range(MANY)]
    for key in keys:
        studio.table.drop(key)
    opens, slow = table_module.open_photo, Slow(None)
    monkeypatch.setattr(table_module, "open_photo", lambda *args, **options: slow() or opens(*args, **options))
    monkeypatch.setattr(studio_module, "_LOOK_SECONDS", 0.05)

    def step(key: str, timeout: float) -> int | None:
        try:
            return httpx.get(f"{app.base_url}/api/photos/{key}", timeout=timeout).status_code
        except httpx.TimeoutException:
            return None

    for app in serve(create_app(studio)):
        with ThreadPoolExecutor(MANY) as clients:
            gone = [clients.submit(step, key, 1.5) for key in keys[1:]]
            assert [answer.result() for answer in gone] == [None] * (MANY - 1)
            deadline = time.monotonic() + 30
            while f'"/api/photos/{{photo_id}}",status="499"}} {MANY - 1}' not in app.get("/metrics").text:
                assert time.monotonic() < deadline
                time.sleep(0.05)  # the server looks whether they are there once in a while
            stays = clients.submit(step, keys[0], 30)
            slow.let_go.set()
            assert stays.result() == 200
    assert slow.begun == 2  # the first of those that have gone was being opened already


def test_few_photos_are_opened_at_once_for_thumbnails(app, monkeypatch):
    key = app.post("/api/photos", content=picture(40, 30)).json()["id"]
    decode = studio_module.decode
    slow = Slow(None)

    def slowly(*args, **options):
        slow()
        return decode(*args, **options)

    monkeypatch.setattr(studio_module, "decode", slowly)
    with ThreadPoolExecutor(10) as clients:
        asked = [clients.submit(app.get, f"/api/photos/{key}/thumbnail") for _ in range(10)]
        assert app.get("/health").status_code == 200
        slow.let_go.set()
        assert {reply.result().status_code for reply in asked} == {200}
    assert slow.most <= 2
