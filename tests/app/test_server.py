import io
import json

import numpy as np
import pytest
from PIL import Image

from adacolvit.app.routes.photos import MOST_HINT_BYTES
from adacolvit.colorizer import Colorizer

from .conftest import picture

HINTS = [{"x": 40, "y": 50, "color": "#7b4a2d", "size": 2}, {"x": 200.5, "y": 120.2, "color": "#3060c0", "size": 5}]


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def error(response) -> str:
    body = response.json()
    assert body.keys() == {"error"} and "Traceback" not in body["error"]
    return body["error"]


def test_opening_tells_what_was_opened(client):
    reply = client.post("/api/photos", params={"name": "C:\\old\\grandma.jpg"}, content=picture(300, 200, "JPEG"))
    info = reply.json()
    assert reply.status_code == 200
    assert (info["name"], info["width"], info["height"], info["has_color"]) == ("grandma.jpg", 300, 200, False)
    assert client.get(f"/api/photos/{info['id']}").json() == info


def test_gray_is_the_photo(client, photo):
    whole = read(client.get(f"/api/photos/{photo['id']}/gray").content)
    assert whole.dtype == np.uint8 and np.abs(whole.astype(int) - read(picture(300, 200))).max() <= 1
    assert read(client.get(f"/api/photos/{photo['id']}/gray?max=150").content).shape == (100, 150)


@pytest.mark.parametrize(
    ("format", "kind", "name"),
    [
        ("png", "PNG", "grandma.color.png"),
        ("jpeg", "JPEG", "grandma.color.jpg"),
        ("webp", "WEBP", "grandma.color.webp"),
        ("tiff", "TIFF", "grandma.color.tif"),
    ],
)
def test_render_is_the_colorizers_picture_at_full_size(client, photo, engine, format, kind, name):
    reply = client.post(f"/api/photos/{photo['id']}/render", json={"hints": HINTS, "format": format})
    saved = Image.open(io.BytesIO(reply.content))
    assert saved.format == kind and saved.size == (300, 200)
    assert name in reply.headers["content-disposition"] and reply.headers["content-disposition"].startswith(
        "attachment"
    )
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(300, 200))
    expected = Image.fromarray(colorizer.colorize(HINTS).image)
    if kind in ("JPEG", "WEBP"):  # lossy, most of all in the fine color noise of an untrained network
        saved, expected = (image.convert("RGB").resize((30, 20), Image.Resampling.BOX) for image in (saved, expected))
    difference = np.abs(np.asarray(saved).astype(int) - np.asarray(expected))
    assert difference.mean() < (5 if kind in ("JPEG", "WEBP") else 0.01)


def test_hints_written_can_be_read_again(client, photo):
    written = client.post(f"/api/photos/{photo['id']}/hints/write", json={"hints": HINTS})
    assert "grandma.hints.json" in written.headers["content-disposition"]
    assert json.loads(written.content)["photo"] == {"name": "grandma.png", "width": 300, "height": 200}
    back = client.post(f"/api/photos/{photo['id']}/hints/read", content=written.content)
    assert back.json()["hints"] == HINTS


def test_dots_on_a_transparent_picture_are_hints(client, photo):
    dots = Image.new("RGBA", (300, 200))
    dots.paste((123, 74, 45, 255), (40, 50, 46, 56))
    out = io.BytesIO()
    dots.save(out, "PNG")
    (hint,) = client.post(f"/api/photos/{photo['id']}/hints/read", content=out.getvalue()).json()["hints"]
    assert hint["color"] == "#7b4a2d" and abs(hint["x"] - 43) <= 1 and abs(hint["y"] - 53) <= 1
    for kind in ("PNG", "JPEG"):
        reply = client.post(f"/api/photos/{photo['id']}/hints/read", content=picture(300, 200, kind))
        assert reply.status_code == 422 and "transparen" in error(reply)


def test_a_picture_of_hints_may_be_larger_than_a_hints_file(client, photo):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1350, 4), np.uint8)  # under full transparency
    noise[..., 3] = 0
    noise[300:330, 300:330] = 123, 74, 45, 255
    dots = io.BytesIO()
    Image.fromarray(noise).save(dots, "TIFF")
    assert len(dots.getvalue()) > MOST_HINT_BYTES
    (hint,) = client.post(f"/api/photos/{photo['id']}/hints/read", content=dots.getvalue()).json()["hints"]
    assert hint["color"] == "#7b4a2d"
    reply = client.post(f"/api/photos/{photo['id']}/hints/read", content=b" " * (MOST_HINT_BYTES + 1))
    assert reply.status_code == 422 and "it has 4 MB" in error(reply)


def test_hints_that_could_not_be_read_again_are_not_written(client, photo):
    hints = [HINTS[0] | {"x": 300}]
    reply = client.post(f"/api/photos/{photo['id']}/hints/write", json={"hints": hints})
    assert reply.status_code == 422 and "outside" in error(reply)


def test_more_hints_than_can_be_sent_back_are_refused(client, photo):
    hints = [{"x": i % 300, "y": i // 300, "color": "#7b4a2d", "size": 2} for i in range(10_001)]
    file = {"version": 1, "photo": {"name": "a.png", "width": 300, "height": 200}, "hints": hints}
    reply = client.post(f"/api/photos/{photo['id']}/hints/read", content=json.dumps(file))
    assert reply.status_code == 422 and "10001 hints" in error(reply) and "takes 10000" in error(reply)


@pytest.mark.parametrize("content", [b"", b"hello", b"[]", b"{}", b'{"version": 9}', b"\xff\xfe\x00"])
def test_what_is_no_hints_file_is_told_in_a_sentence(client, photo, content):
    reply = client.post(f"/api/photos/{photo['id']}/hints/read", content=content)
    assert reply.status_code == 422
    assert "hints file" in error(reply)


@pytest.mark.parametrize("data", [b"", b"not a picture", picture(300, 200)[:500], picture(60, 40, "JPEG")[:200]])
def test_what_is_no_photo_is_told_in_a_sentence(client, data):
    reply = client.post("/api/photos", params={"name": "broken.jpg"}, content=data)
    assert reply.status_code == 422
    assert "broken.jpg" in error(reply)


def test_a_file_that_is_too_long_is_refused_with_its_size(client):
    reply = client.post("/api/photos", content=b"x" * 300_001)
    assert reply.status_code == 413
    assert "limit" in error(reply)
    chunks = (b"x" * 100_000 for _ in range(4))  # a client that does not say how much will come
    assert client.post("/api/photos", content=chunks).status_code == 413


def test_a_decompression_bomb_is_refused_before_it_is_decoded(client):
    file = io.BytesIO()
    Image.new("1", (30_000, 12_000)).save(file, "PNG")
    assert len(file.getvalue()) < 300_000
    reply = client.post("/api/photos", content=file.getvalue())
    assert reply.status_code == 413


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2000, 5), (3, 400)])
def test_odd_shapes_are_colored(client, width, height):
    info = client.post("/api/photos", content=picture(width, height)).json()
    hints = [{"x": width - 0.5, "y": 0, "color": "#ff0000", "size": 7}]
    reply = client.post(f"/api/photos/{info['id']}/render", json={"hints": hints, "format": "png"})
    assert read(reply.content).shape == (height, width, 3)


@pytest.mark.parametrize(
    ("hint", "word"),
    [
        ({"x": 300, "y": 0, "color": "#123456", "size": 2}, "outside"),
        ({"x": 1, "y": 1, "color": "reddish", "size": 2}, "color"),
        ({"x": 1, "y": 1, "color": "#123456", "size": 1}, "size"),
        ({"x": 1, "y": 1, "color": "#123456"}, "size"),
        ({"x": 1, "y": 1, "color": "#123456", "size": 2, "colour": "#fff"}, "colour"),
    ],
)
def test_an_unusable_hint_is_told_in_a_sentence(client, photo, hint, word):
    reply = client.post(f"/api/photos/{photo['id']}/render", json={"hints": [hint], "format": "png"})
    assert reply.status_code == 422
    assert word in error(reply)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1e400"])
def test_a_place_that_is_no_number_is_told_in_a_sentence(client, photo, value):
    body = f'{{"hints": [{{"x": {value}, "y": 1, "color": "#123456", "size": 2}}], "format": "png"}}'
    reply = client.post(f"/api/photos/{photo['id']}/render", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 422
    assert "x" in error(reply)


@pytest.mark.parametrize("path", ["/api/photos/nothing", "/api/photos/nothing/gray", "/api/samples/nothing.jpg", "/x"])
def test_what_is_not_here_is_told_in_a_sentence(client, path):
    reply = client.get(path)
    assert reply.status_code == 404
    assert error(reply)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/api/nothing", 404, None),
        ("POST", "/api/nothing", 404, None),
        ("GET", "/nothing.js", 404, None),
        ("GET", "/api/photos", 405, "POST"),
        ("DELETE", "/api/photos", 405, "POST"),
        ("POST", "/api/photos/x/session", 405, "GET, PUT"),
        ("PATCH", "/app.js", 405, "GET"),
    ],
)
def test_an_address_that_takes_no_such_request_says_what_does(client, method, path, status, allowed):
    reply = client.request(method, path)
    assert (reply.status_code, reply.headers.get("allow")) == (status, allowed)
    assert path in error(reply) and "/docs" in error(reply)
    assert not allowed or f"{method}: use {allowed}" in error(reply)


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (b"{}", None, "Content-Type: application/json"),
        (b"{}", "text/plain", "Content-Type: application/json"),
        (b"", "application/json", "needs a message"),
        (b"{", "application/json", "no JSON"),
        (b"[]", "application/json", "no object"),
        (b"{}", "application/json; charset=utf-8", "format"),
    ],
)
def test_a_message_that_is_none_is_told_how_to_send_one(client, photo, body, media_type, words):
    headers = {"content-type": media_type} if media_type else {}
    reply = client.post(f"/api/photos/{photo['id']}/render", content=body, headers=headers)
    assert reply.status_code == 422
    assert words in error(reply)


def test_samples_are_gray_photos_that_open(client):
    samples = client.get("/api/samples").json()
    assert len(samples) == 3
    for sample in samples:
        data = client.get(sample["url"]).content
        info = client.post("/api/photos", content=data).json()
        assert not info["has_color"] and min(info["width"], info["height"]) >= 300


def test_the_front_end_is_served(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    for part in ("/app.js", "/app.css", "/icon.svg"):
        assert part in page.text and client.get(part).status_code == 200
    assert client.get("/health").json()["status"] == "ok"
