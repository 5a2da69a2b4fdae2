"""Reached from elsewhere: a token, a reverse proxy with a path of its own; and what those who watch over it see."""

import re

import pytest
from starlette.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from adacolvit.app.command import access_for
from adacolvit.app.library import Library
from adacolvit.app.security import Access
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.errors import AppError

from .conftest import picture, serve

TOKEN = "right-token"


@pytest.fixture(scope="module")
def guarded(engine, tmp_path_factory):
    """A server as in a museum: a token, behind a proxy that serves it as https://museum.example/color/."""
    studio = Studio(Table(engine, Library(tmp_path_factory.mktemp("data"))))
    yield from serve(create_app(studio, Access(TOKEN, "https://museum.example/color")))


def test_without_the_token_nothing_is_answered(guarded):
    for path in ("/", "/api/samples", "/metrics", "/docs", "/?token=wrong", "/app.js"):
        reply = guarded.get(path)
        assert reply.status_code == 401 and "token" in reply.json()["error"]
    assert guarded.get("/api/samples", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert guarded.post(f"/api/photos?token={TOKEN}", content=picture(9, 9)).status_code == 401  # pages only
    assert guarded.get("/health").status_code == 200
    with pytest.raises(InvalidStatus, match="403"), connect(f"ws{str(guarded.base_url)[4:]}/api/photos/x/live"):
        pass


def test_the_address_with_the_token_sets_a_cookie_that_opens_everything(guarded):
    page = guarded.get(f"/?token={TOKEN}&photo=abc")
    assert 'url=./?photo=abc"' in page.text and TOKEN not in page.text
    cookie = page.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/color", "Secure"):
        assert part in cookie
    headers = {"cookie": cookie.split(";")[0]}
    assert guarded.get("/api/samples", headers=headers).status_code == 200
    assert guarded.get("/", headers=headers).status_code == 200
    photo = guarded.post("/api/photos", content=picture(30, 20), headers=headers).json()
    url = f"ws{str(guarded.base_url)[4:]}/api/photos/{photo['id']}/live"
    with connect(url, additional_headers={"Cookie": headers["cookie"]}) as socket:
        socket.send('{"seq": 1, "hints": []}')
        assert isinstance(socket.recv(timeout=30), bytes)


def test_cookies_of_other_programs_do_not_hide_it(guarded):
    for other in ("foo[bar]=1", 'prefs={"theme": "dark"}', "@", "=;;"):
        for cookie in (f"{other}; adacolvit={TOKEN}", f"adacolvit={TOKEN}; {other}"):
            assert guarded.get("/api/samples", headers={"cookie": cookie}).status_code == 200, cookie
    assert guarded.get("/api/samples", headers={"cookie": f"adacolvit={TOKEN}x; {TOKEN}"}).status_code == 401


def test_servers_on_other_ports_keep_their_own_cookies():
    """A browser keeps one cookie of a name for all ports of a machine."""
    first, second = Access("one"), Access("two")
    kept = dict(
        access.cookie(host).split(";")[0].split("=", 1)
        for access, host in ((first, "127.0.0.1:7862"), (second, "127.0.0.1:7863"))
    )
    headers = Headers({"cookie": "; ".join(f"{name}={token}" for name, token in kept.items())})
    assert first.admits(headers, "/api/samples") and second.admits(headers, "/api/samples")
    assert not Access("three").admits(headers, "/api/samples")
    assert first.cookie("127.0.0.1:7862") == Access("one").cookie("127.0.0.1:7862")


def test_programs_send_it_as_bearer(guarded):
    assert guarded.get("/api/samples", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_behind_a_proxy_it_works_with_and_without_the_proxys_path(guarded):
    headers = {"authorization": f"Bearer {TOKEN}", "host": "museum.example", "origin": "https://museum.example"}
    for path in ("/api/samples", "/color/api/samples", "/color/", "/color/app.js"):
        assert guarded.get(path, headers=headers).status_code == 200
    assert guarded.get("/api/samples", headers=headers | {"origin": "https://evil.example"}).status_code == 403


def test_the_front_end_names_nothing_by_an_absolute_address(client):
    page = client.get("/").text
    assert not re.findall(r'(?:src|href)="/', page)
    assert all(not sample["url"].startswith("/") for sample in client.get("/api/samples").json())


def test_without_a_token_it_is_called_by_the_public_name_or_from_here():
    access = Access(public_url="http://studio:7862")
    for host in ("studio:7862", "127.0.0.1:7862"):
        assert access.refusal(Headers({"host": host, "origin": "http://studio:7862"}), "/api/samples") is None
    assert "use http://studio:7862" in access.refusal(Headers({"host": "evil.example"}), "/")


class Args:
    def __init__(self, host="127.0.0.1", public_url=None, token=True):
        self.host, self.public_url, self.token = host, public_url, token


def test_a_token_is_made_where_others_can_reach_the_server(monkeypatch):
    monkeypatch.delenv("ADACOLVIT_TOKEN", raising=False)
    assert access_for(Args()) == Access()
    one, two = access_for(Args(host="0.0.0.0")), access_for(Args(host="0.0.0.0"))
    assert len(one.token) > 20 and one.token != two.token
    assert access_for(Args(public_url="https://a.example/color/")).root == "/color"
    assert access_for(Args(host="0.0.0.0", public_url="http://studio:7862", token=False)).token is None
    with pytest.raises(AppError, match="--public-url"):
        access_for(Args(host="0.0.0.0", token=False))
    monkeypatch.setenv("ADACOLVIT_TOKEN", "mine")
    assert access_for(Args(host="::")).token == "mine"
    with pytest.raises(AppError, match="https://"):
        access_for(Args(public_url="museum"))
    for token in ("my secret", "a;b", "ключ"):
        monkeypatch.setenv("ADACOLVIT_TOKEN", token)
        with pytest.raises(AppError, match="choose another"):
            access_for(Args(host="::"))


def test_metrics_count_by_route(client, photo):
    before = client.get("/metrics").text
    client.get(f"/api/photos/{photo['id']}")
    client.post(f"/api/photos/{photo['id']}/render", json={"hints": [], "format": "png"})
    after = client.get("/metrics").text
    route = 'adacolvit_requests_total{method="GET",route="/api/photos/{photo_id}",status="200"}'
    count = [float((re.search(re.escape(route) + r" (\S+)", text) or [0, 0])[1]) for text in (before, after)]
    assert count[1] == count[0] + 1
    assert float(re.search(r"(?m)^adacolvit_photos_in_memory (\S+)", after)[1]) >= 1
    assert float(re.search(r"(?m)^adacolvit_network_seconds_count (\S+)", after)[1]) >= 1


def test_the_page_of_the_api_names_every_address_and_needs_nothing_from_elsewhere(client):
    document = client.get("/openapi.json").json()
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page.text
    assert (
        "<script" not in page.text and "http" not in re.sub(r"https?://(www\.)?w3", "", page.text).split("HTTP API")[0]
    )
    for name in re.findall(r'href="#([^"]+)"', page.text):
        assert f'id="{name}"' in page.text
    assert client.get("/reference.css").status_code == 200


def test_a_host_that_is_not_this_machine_is_an_error():
    from adacolvit.app.command import bind

    with pytest.raises(AppError, match="no address of this machine"):
        bind(0, "203.0.113.7")
    with bind(0, "0.0.0.0") as listener:
        assert listener.getsockname()[0] == "0.0.0.0"
