"""Work is kept: on disk when the server answers, through kill -9, and never over somebody else's."""

import json
import signal

import httpx
import pytest

from adacolvit.app.library import About, Library, content_id
from adacolvit.app.messages import SessionState
from adacolvit.errors import LibraryFull

from .conftest import picture
from .test_command import address, app  # noqa: F401  a fixture

HINT = {"x": 40, "y": 50, "color": "#7b4a2d", "size": 2}


def state(revision: int = 0, **more) -> dict:
    return {
        "version": 1,
        "revision": revision,
        "past": [{"at": 0, "drop": 0, "put": [HINT]}],
        "future": [],
        "present": [HINT | {"locked": True}],
        "snapshots": [{"name": "red", "hints": [HINT], "time": 1.5}],
        "adjustments": {"saturation": 1.2, "strength": 0.9, "lightness": 1.1},
        "status": "started",
        **more,
    }


@pytest.fixture
def session(client, photo):
    """Address of the photo's session; forgotten afterwards, for the photo is the same in every test."""
    yield f"/api/photos/{photo['id']}/session"
    client.delete(f"/api/sessions/{photo['id']}")


def test_work_comes_back_as_it_was_with_a_new_revision(client, session):
    assert client.get(session).json() is None
    saved = client.put(session, json=state()).json()
    assert saved["revision"] == 1 and saved["saved"] > 1.6e12
    assert client.get(session).json() == state(1)
    assert client.put(session, json=state(1, future=[{"any": "step"}])).json()["revision"] == 2


def test_an_older_revision_is_refused_with_what_is_stored(client, session):
    client.put(session, json=state())
    client.put(session, json=state(1, status="done"))
    reply = client.put(session, json=state(1, present=[]))
    assert reply.status_code == 409
    assert reply.json()["stored"] == state(2, status="done") and "elsewhere" in reply.json()["error"]
    assert client.get(session).json() == state(2, status="done")
    assert client.put(session, json=state(2, present=[])).status_code == 200  # knowingly over it


def test_the_same_written_twice_is_no_conflict(client, session):
    client.put(session, json=state())
    assert client.put(session, json=state()).json()["revision"] == 1  # its first answer was lost on the way


def test_the_list_says_what_there_is_and_forgetting_forgets(client, photo, session):
    client.put(session, json=state())
    (info,) = [info for info in client.get("/api/sessions").json() if info["id"] == photo["id"]]
    assert info["saved"] > 1.6e12
    assert info | {"saved": 0} == {
        "id": photo["id"], "name": "grandma.png", "width": 300, "height": 200, "hints": 1, "saved": 0,
        "status": "started",
    }  # fmt: skip
    assert client.delete(f"/api/sessions/{photo['id']}").status_code == 204
    assert client.get(session).status_code == 404
    assert client.delete(f"/api/sessions/{photo['id']}").status_code == 404
    assert all(info["id"] != photo["id"] for info in client.get("/api/sessions").json())


def test_work_that_says_no_status_is_listed_as_begun(client, photo, session):
    least = {"version": 1, "past": [], "future": [], "present": [HINT]}
    assert client.put(session, json=least).status_code == 200
    (listed,) = (info for info in client.get("/api/sessions").json() if info["id"] == photo["id"])
    assert (listed["hints"], listed["status"]) == (1, "started")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"version": 2}', json.dumps(state(-1)).encode(), json.dumps(state(status="x")).encode()],
)
def test_what_is_no_session_is_told_and_changes_nothing(client, session, body):
    client.put(session, json=state())
    reply = client.put(session, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 422 and len(reply.json()["error"]) > 15
    assert client.get(session).json() == state(1)


@pytest.mark.parametrize("key", ["nothing", "..", "%2e%2e%2f%2e%2e", "0" * 32])
def test_no_work_without_its_photo(client, key):
    assert client.put(f"/api/photos/{key}/session", json=state()).status_code in (404, 405)
    assert client.delete(f"/api/sessions/{key}").status_code in (404, 405)


def test_nothing_is_lost_by_kill_9(app):  # noqa: F811
    process, printed = app("--port", 0)
    photo = httpx.post(f"{address(printed)}api/photos?name=anna.png", content=picture(300, 200)).json()
    path = f"api/photos/{photo['id']}"
    httpx.put(f"{address(printed)}{path}/session", json=state())
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, printed = app("--port", 0)
    assert httpx.get(f"{address(printed)}{path}").json() == photo
    assert httpx.get(f"{address(printed)}{path}/session").json() == state(1)
    assert [info["name"] for info in httpx.get(f"{address(printed)}api/sessions").json()] == ["anna.png"]
    body = {"hints": [HINT], "format": "png"}
    assert httpx.post(f"{address(printed)}{path}/render", json=body).status_code == 200


def keep(library: Library, seed: int, work: bool = False) -> str:
    data = picture(40, 30, seed=seed)
    key = content_id(data)
    library.keep_photo(key, data, About(f"{seed}.png", 40, 30, False, []))
    if work:
        library.save_session(key, SessionState.model_validate(state()))
    return key


def test_photos_without_work_make_room_and_work_never_does(tmp_path):
    size = len(picture(40, 30, seed=1))
    library = Library(tmp_path, most_disk=round(3.5 * size))
    worked = keep(library, 1, work=True)
    idle = [keep(library, seed) for seed in (2, 3)]
    newest = keep(library, 4)
    assert library.photo(worked) and library.photo(newest) and library.photo(idle[0]) is None
    keep(library, 5, work=True)
    keep(library, 6, work=True)
    with pytest.raises(LibraryFull, match=r"kept work fill.*--keep"):
        keep(library, 7)
    assert library.photo(worked), "what cannot be kept makes nobody else leave"
    assert len(library.sessions()) == 3 and library.session(worked)


def test_a_full_library_is_told_to_the_client(engine, tmp_path):
    from adacolvit.app.server import create_app
    from adacolvit.app.studio import Studio
    from adacolvit.app.table import Table

    from .conftest import serve

    for client in serve(create_app(Studio(Table(engine, Library(tmp_path, most_disk=100))))):
        reply = client.post("/api/photos", content=picture(40, 30))
        assert reply.status_code == 507 and "--keep" in reply.json()["error"]


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity"])
def test_what_json_cannot_hold_is_refused_before_it_is_kept(client, photo, number):
    hint = f'{{"x": {number}, "y": 1, "color": "#123456", "size": 2}}'
    text = f'{{"version": 1, "past": [], "future": [], "present": [{hint}]}}'
    headers = {"content-type": "application/json"}
    reply = client.put(f"/api/photos/{photo['id']}/session", content=text, headers=headers)
    assert reply.status_code == 422
    assert client.get(f"/api/photos/{photo['id']}/session").status_code == 200


def test_a_session_that_cannot_be_read_is_told_not_written_over(tmp_path):
    library = Library(tmp_path)
    key = keep(library, 1, work=True)
    path = tmp_path / "sessions" / key / "session.json"
    path.write_text("{broken")
    with pytest.raises(Exception, match="cannot be read: move that file away"):
        library.save_session(key, SessionState.model_validate(state(1)))
    assert path.read_text() == "{broken" and library.sessions() == []
