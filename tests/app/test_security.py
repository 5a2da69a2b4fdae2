"""Other web pages must not reach the server: by another name for this machine, by a request, or by a socket."""

import pytest
from websockets.exceptions import InvalidStatus


@pytest.mark.parametrize("host", ["127.0.0.1:7862", "localhost:1234", "[::1]:80", "127.0.0.1"])
def test_this_machine_is_answered(client, host):
    assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:7862", "192.168.0.3", "", "[", "localhost@evil"]
)
def test_another_name_for_this_machine_is_refused(client, host):
    for path in ("/", "/api/samples", "/health"):
        reply = client.get(path, headers={"host": host})
        assert reply.status_code == 403
        assert "127.0.0.1" in reply.json()["error"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_other_pages_may_send_nothing(client, photo, live, origin):
    headers = {"origin": origin}
    assert client.post("/api/photos", content=b"x", headers=headers).status_code == 403
    assert client.get(f"/api/photos/{photo['id']}", headers=headers).status_code == 403
    with pytest.raises(InvalidStatus, match="403"), live(photo["id"], **headers):
        pass


def test_other_pages_may_embed_nothing(client, photo):
    for site in ("cross-site", "same-site"):
        reply = client.get(f"/api/photos/{photo['id']}/gray", headers={"sec-fetch-site": site})
        assert reply.status_code == 403
        assert client.get("/", headers={"sec-fetch-site": site}).status_code == 200  # a link to the app is welcome


def test_the_apps_own_page_may(client, photo, live):
    own = str(client.base_url)
    headers = {"origin": own, "sec-fetch-site": "same-origin"}
    assert client.get(f"/api/photos/{photo['id']}", headers=headers).status_code == 200
    with live(photo["id"], origin=own) as socket:
        socket.send('{"seq": 1, "hints": []}')
        assert isinstance(socket.recv(), bytes)


def test_every_answer_forbids_what_the_app_does_not_need(client, photo):
    for path in ("/", "/app.js", f"/api/photos/{photo['id']}", "/api/nothing"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        # Drawing is compiled where there is no graphics card; scripts from texts are something else.
        assert "unsafe" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
    preflight = client.options("/api/photos", headers={"origin": "http://evil.example"})
    assert preflight.status_code == 403
