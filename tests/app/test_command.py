"""``adacolvit app`` as a person runs it: a process of its own, a real port, real sockets."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from websockets.sync.client import connect

from adacolvit.app import command
from adacolvit.errors import AppError

from .conftest import picture


@pytest.fixture
def app(small_weights, tmp_path):
    """Starts the app and returns (process, its first printed lines up to the address); ends it afterwards."""
    started = []

    def start(*args, browser=None):
        line = [sys.executable, "-m", "adacolvit.cli", "app", "--model", small_weights, *args]
        if browser is None:
            line.append("--no-browser")
        process = subprocess.Popen(
            [str(part) for part in line],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "ADACOLVIT_DATA": str(tmp_path / "data"), "BROWSER": str(browser)},
            # A shell starts background jobs with Ctrl-C ignored, and nohup with SIGHUP; children inherit that.
            preexec_fn=lambda: [signal.signal(name, signal.SIG_DFL) for name in (signal.SIGINT, signal.SIGHUP)],
        )
        started.append(process)
        printed = ""
        while "http://" not in printed:
            read = process.stdout.readline()
            if not read:
                break
            printed += read
        return process, printed

    yield start
    for process in started:
        process.kill()
        process.communicate()


def address(printed: str) -> str:
    return re.search(r"http://127\.0\.0\.1:\d+/\S*", printed)[0]


def test_a_photo_with_hints_beside_it_is_opened(app, tmp_path):
    (tmp_path / "grandma.png").write_bytes(picture(300, 200))
    (tmp_path / "grandma.hints.json").write_text(
        '{"version": 1, "photo": {"name": "grandma.png", "width": 300, "height": 200},'
        ' "hints": [{"x": 1, "y": 2, "color": "#123456", "size": 3}]}'
    )
    _, printed = app("grandma.png", "--port", 0)
    url, query = address(printed).split("?photo=")
    info = httpx.get(f"{url}api/photos/{query}").json()
    assert (info["name"], info["width"]) == ("grandma.png", 300)
    assert info["hints"] == [{"x": 1, "y": 2, "color": "#123456", "size": 3}]


def test_it_ends_quietly_even_with_a_socket_open_and_a_client_that_left(app):
    process, printed = app("--port", 0)
    url = address(printed)
    photo = httpx.post(f"{url}api/photos", content=picture(300, 200)).json()
    live = f"{url.replace('http', 'ws')}api/photos/{photo['id']}/live"
    hints = ",".join('{"x": 1, "y": 2, "color": "#123456", "size": 3}' for _ in range(50))
    for _ in range(3):  # leaves without a goodbye while its frame is being made
        with connect(live) as leaver:
            leaver.send(f'{{"seq": 1, "hints": [{hints}]}}')
            leaver.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            leaver.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(httpx.TransportError):  # and another in the middle of sending a photo
        httpx.post(f"{url}api/photos", content=_breaks_off(), headers={"content-length": "1000000"})
    with connect(live) as stays:
        stays.send('{"seq": 2, "hints": []}')
        assert isinstance(stays.recv(timeout=10), bytes)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == ""


def _breaks_off():
    yield b"x" * 1000
    raise httpx.WriteError("gone")


def test_the_next_free_port_is_taken_and_said(monkeypatch):
    first = command.bind(0)
    monkeypatch.setattr(command, "PORT", first.getsockname()[1])
    with first, command.bind(None) as second:
        assert first.getsockname()[1] < second.getsockname()[1] <= first.getsockname()[1] + command.PORTS_TRIED
        assert second.getsockname()[0] == "127.0.0.1"


def test_a_port_asked_for_but_taken_is_an_error(app):
    with command.bind(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AppError, match=f"port {port} is taken.*--port"):
            command.bind(port)
        process, _ = app("--port", port)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors.startswith(f"adacolvit: port {port} is taken") and len(errors.splitlines()) == 1


@pytest.mark.parametrize("port", [70000, -1])
def test_a_port_that_cannot_be_is_an_error(port):
    with pytest.raises(AppError, match="1024 to 65535"):
        command.bind(port)


@pytest.mark.parametrize(("name", "content"), [("none.jpg", None), ("empty.jpg", b""), ("text.jpg", b"hello")])
def test_a_photo_that_cannot_be_opened_is_told_before_anything_is_served(app, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    process, printed = app(name, "--port", 0)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1 and printed == ""
    assert errors.startswith("adacolvit: ") and name in errors and "Traceback" not in errors


def test_a_folder_is_opened_with_all_its_photos(app, tmp_path):
    (tmp_path / "album" / "more").mkdir(parents=True)
    (tmp_path / "album" / "b.png").write_bytes(picture(60, 40, seed=2))
    (tmp_path / "album" / "more" / "a.png").write_bytes(picture(40, 30, seed=1))
    (tmp_path / "album" / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "outside.png").write_bytes(picture(20, 20))
    (tmp_path / "album" / "link.png").symlink_to(tmp_path / "outside.png")
    _, printed = app("album", "--port", 0)
    info = {"reading": True}
    while info["reading"]:
        info = httpx.get(f"{address(printed)}api/folder").json()
    assert info["name"] == "album"
    assert [photo["path"] for photo in info["photos"]] == ["b.png", "more/a.png"]
    assert [failure["name"] for failure in info["failed"]] == ["broken.jpg"]
    opened = httpx.get(f"{address(printed)}api/photos/{info['photos'][1]['id']}").json()
    assert (opened["name"], opened["width"]) == ("a.png", 40)
    (tmp_path / "album" / "b.png").unlink()
    reply = httpx.get(f"{address(printed)}api/photos/{info['photos'][0]['id']}")
    assert reply.status_code == 404 and "open it again" in reply.json()["error"]


def export(url: str) -> None:
    """Has the app export a photo, and waits for its end."""
    key = httpx.post(f"{url}api/photos", content=picture(40, 30)).json()["id"]
    body = {"format": "png", "items": [{"photo": key, "hints": []}]}
    made = httpx.post(f"{url}api/exports", json=body).json()
    with httpx.stream("GET", f"{url}api/exports/{made['id']}/events", timeout=60) as events:
        assert '"finished":true' in list(events.iter_lines())[-2]


def test_exports_go_with_the_app(app, tmp_path):
    exports = tmp_path / "data" / "exports"
    process, printed = app("--port", 0)
    export(address(printed))
    assert len(list(exports.glob("*/*/*.png"))) == 1
    process.send_signal(signal.SIGHUP)  # the terminal is closed
    _, errors = process.communicate(timeout=20)
    assert not list(exports.glob("*/")) and errors == ""
    process, printed = app("--port", 0)
    export(address(printed))
    process.kill()
    process.communicate()
    assert len(list(exports.glob("*/*/*.png"))) == 1
    app("--port", 0)
    assert not list(exports.glob("*/"))


def test_the_browser_is_sent_where_the_cookie_is_valid(app, tmp_path):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    _, printed = app("--port", 0, "--public-url", "http://museum.example/color", browser=browser)
    deadline = time.monotonic() + 20
    while not opened.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert re.fullmatch(r"http://museum\.example/color/\?token=\S+", opened.read_text().strip())
    assert opened.read_text().strip() in printed
