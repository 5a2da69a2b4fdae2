"""Many photos in the background: the same pictures as one by one, with progress, cancel, and a ZIP."""

import io
import json
import multiprocessing
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from fastapi import HTTPException
from PIL import Image

from adacolvit.app.exports import MOST_KEPT, Export, Exports
from adacolvit.app.library import content_id
from adacolvit.app.messages import ExportItem, ExportRequest
from adacolvit.app.routes import many
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.app.worker import Task, Worker
from adacolvit.batch import Look
from adacolvit.errors import HintError, SaveError

from .conftest import picture, run_to_end, serve

HINTS = [{"x": 40, "y": 50, "color": "#7b4a2d", "size": 2}]


def open_photos(client, *names: str) -> list[str]:
    return [
        client.post("/api/photos", params={"name": name}, content=picture(200, 150, seed=10 + i)).json()["id"]
        for i, name in enumerate(names)
    ]


def finish(client, export: dict) -> dict:
    """Follows the events to the last one."""
    with client.stream("GET", f"/api/exports/{export['id']}/events", timeout=120) as events:
        lines = [line for line in events.iter_lines() if line and not line.startswith(":")]  # signs of life
    assert all(line.startswith("data: ") for line in lines)
    return json.loads(lines[-1].removeprefix("data: "))


def unzip(client, export: dict) -> dict[str, bytes]:
    reply = client.get(f"/api/exports/{export['id']}/zip")
    assert (
        reply.headers["content-type"] == "application/zip" and "colorized.zip" in reply.headers["content-disposition"]
    )
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_export_writes_what_rendering_one_by_one_does(client):
    first, second = open_photos(client, "anna.png", "ANNA.jpg")
    session = {"version": 1, "past": [], "future": [], "present": HINTS, "adjustments": {"saturation": 0.5}}
    client.put(f"/api/photos/{second}/session", json=session).raise_for_status()
    body = {"format": "png", "items": [{"photo": first, "hints": []}, {"photo": second}], "label": "new colors"}
    export = client.post("/api/exports", json=body)
    assert export.status_code == 202 and export.json()["total"] == 2
    done = finish(client, export.json())
    assert done["finished"] and not done["canceled"] and done["done"] == 2 and done["failed"] == []
    files = unzip(client, done)
    assert set(files) == {"anna.color.png", "anna.hints.json", "ANNA (2).color.png", "ANNA (2).hints.json"}
    assert json.loads(files["ANNA (2).hints.json"])["hints"] == HINTS
    for name, key, hints, saturation in (
        ("anna.color.png", first, [], 1),
        ("ANNA (2).color.png", second, HINTS, 0.5),
    ):
        look = {"format": "png", "hints": hints, "saturation": saturation, "label": "new colors"}
        alone = client.post(f"/api/photos/{key}/render", json=look).content
        assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(data))) for data in (files[name], alone)))
    client.delete(f"/api/sessions/{second}")


def test_the_quality_is_as_asked(client):
    (key,) = open_photos(client, "anna.png")
    body = {"format": "jpeg", "items": [{"photo": key, "hints": HINTS}], "quality": 20}
    files = unzip(client, finish(client, client.post("/api/exports", json=body).json()))
    usual, coarse = (
        client.post(f"/api/photos/{key}/render", json={"format": "jpeg", "hints": HINTS, **quality}).content
        for quality in ({}, {"quality": 20})
    )
    assert files["anna.color.jpg"] == coarse and len(coarse) < len(usual) / 2
    assert client.post("/api/exports", json=body | {"quality": 0}).status_code == 422


def test_a_photo_that_fails_is_named_and_the_others_are_written(client):
    good, bad = open_photos(client, "good.png", "bad.png")
    outside = [HINTS[0] | {"x": 5000}]
    body = {"format": "jpeg", "items": [{"photo": bad, "hints": outside}, {"photo": good, "hints": []}]}
    done = finish(client, client.post("/api/exports", json=body | {"hint_files": False}).json())
    (failure,) = done["failed"]
    assert failure["name"] == "bad.png" and "outside" in failure["error"] and done["done"] == 2
    assert set(unzip(client, done)) == {"good.color.jpg"}


def test_cancel_stops_it_and_removes_its_pictures(client):
    (key,) = open_photos(client, "many.png")
    items = [{"photo": key, "hints": []}] * 500
    export = client.post("/api/exports", json={"format": "png", "items": items}).json()
    assert client.get(f"/api/exports/{export['id']}/zip").status_code == 409
    assert client.delete(f"/api/exports/{export['id']}").status_code == 204
    assert client.get(f"/api/exports/{export['id']}").status_code == 404
    assert client.delete(f"/api/exports/{export['id']}").status_code == 404
    after = client.post("/api/exports", json={"format": "png", "items": items[:1]}).json()
    assert finish(client, after)["done"] == 1  # the queue goes on


def test_a_silent_export_gives_signs_of_life(tmp_path, monkeypatch):
    """A photo of 100 megapixels, or a worker that starts on a busy machine, may take longer than proxies wait."""
    monkeypatch.setattr(many, "_QUIET_SECONDS", 0)
    export = Export("slow", tmp_path, [])

    async def follow() -> list[str]:
        events = many._events(export)
        before = [await anext(events), await anext(events)]
        export.finished.set()
        return before + [event async for event in events]

    first, sign, last = run_to_end(follow())
    assert not json.loads(first.removeprefix("data: "))["finished"]
    assert sign.startswith(":") and sign.endswith("\n\n")  # a comment of the format, which browsers pass over
    assert json.loads(last.removeprefix("data: "))["finished"]


def test_what_says_finished_has_the_last_count(tmp_path):
    class Finishing(list):
        def __iter__(self):
            export.done = 1
            export.finished.set()
            return super().__iter__()

    export = Export("quick", tmp_path, [None], failed=Finishing())
    assert not export.info().finished  # its count may be the one before
    assert export.info().finished and export.info().done == 1


def test_a_worker_that_ends_is_told_and_started_anew(engine, tmp_path):
    """It is ended while it starts, with a task waiting that it never reads."""
    (tmp_path / "photo.png").write_bytes(picture(60, 40))
    key, output = content_id(picture(60, 40)), tmp_path / "photo.color.png"
    task = Task(key, "photo.png", tmp_path / "photo.png", [], output, Look())
    worker, never = Worker(engine.weights), threading.Event()
    others = set(multiprocessing.active_children())
    with ThreadPoolExecutor(1) as pool:
        problem = pool.submit(worker.perform, task, never)
        while not (started := set(multiprocessing.active_children()) - others):
            time.sleep(0.001)
        started.pop().kill()
        assert "the program for it ended" in problem.result(60)
    assert worker.perform(task, never) is None and output.exists()
    worker.close()


def test_clicks_are_answered_while_an_export_runs(client):
    (key,) = open_photos(client, "busy.png")
    export = client.post("/api/exports", json={"format": "png", "items": [{"photo": key, "hints": []}] * 200}).json()
    reply = client.post(f"/api/photos/{key}/render", json={"format": "jpeg", "hints": HINTS})
    assert reply.status_code == 200
    assert not client.get(f"/api/exports/{export['id']}").json()["finished"]
    client.delete(f"/api/exports/{export['id']}")


@pytest.mark.parametrize(
    ("items", "status"),
    [([{"photo": "0" * 32}], 404), ([], 422), ([{"photo": "x", "hints": [HINTS[0] | {"color": "red"}]}], 404)],
)
def test_what_cannot_be_exported_is_told_before_anything_runs(client, items, status):
    reply = client.post("/api/exports", json={"format": "png", "items": items})
    assert reply.status_code == status and reply.json()["error"]


def test_what_cannot_be_exported_leaves_no_folder_behind(engine, library):
    studio = Studio(Table(engine, library))
    kept = studio.table.put(picture(40, 30), "anna.png").id
    for item in (ExportItem(photo="0" * 32), ExportItem(photo=kept, hints=[HINTS[0] | {"color": "red"}])):
        wanted = ExportRequest(format="png", items=[ExportItem(photo=kept), item])
        with pytest.raises((HTTPException, HintError)):
            many._start(studio, wanted)
    assert not (library.folder / "exports").exists()
    studio.close()


def test_a_hint_without_a_chosen_color_is_not_exported(client):
    """The network's own guess is kept with the work, but is no wish of a person."""
    guess = {"x": 120, "y": 100, "color": "#ff0000", "size": 7, "guess": True}
    chosen, both, none = open_photos(client, "chosen.png", "both.png", "none.png")
    for key, present in ((both, [guess, *HINTS]), (none, [guess])):
        session = {"version": 1, "past": [], "future": [], "present": present}
        client.put(f"/api/photos/{key}/session", json=session).raise_for_status()
    items = [{"photo": chosen, "hints": HINTS}, {"photo": both}, {"photo": none}]
    files = unzip(client, finish(client, client.post("/api/exports", json={"format": "png", "items": items}).json()))
    hints = {name: json.loads(files[f"{name}.hints.json"])["hints"] for name in ("chosen", "both", "none")}
    assert hints == {"chosen": HINTS, "both": HINTS, "none": []}
    for key, name, told in ((both, "both", HINTS), (none, "none", [])):
        alone = client.post(f"/api/photos/{key}/render", json={"format": "png", "hints": told}).content
        obeyed = [{name: guess[name] for name in ("x", "y", "color", "size")}]
        wrong = client.post(f"/api/photos/{key}/render", json={"format": "png", "hints": told + obeyed}).content
        assert files[f"{name}.color.png"] == alone != wrong


def test_what_another_app_still_has_is_not_left_behind(tmp_path):
    first = Exports(tmp_path, None)
    folder = first.new_folder()
    (tmp_path / "of a killed app" / "export").mkdir(parents=True)
    second = Exports(tmp_path, None)
    assert folder.exists() and not (tmp_path / "of a killed app").exists()
    first.close()
    assert not folder.parent.exists()
    second.close()


def test_the_process_that_colors_ends_when_nothing_is_to_be_exported(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("adacolvit.app.exports._IDLE_SECONDS", 0.05)
    (tmp_path / "photo.png").write_bytes(picture(60, 40))
    key = content_id(picture(60, 40))
    others = set(multiprocessing.active_children())
    exports = Exports(tmp_path / "exports", engine.weights)
    for _ in range(2):  # and another one colors the next
        folder = exports.new_folder()
        task = Task(key, "photo.png", tmp_path / "photo.png", [], folder / "photo.color.png", Look())
        export = exports.start(folder, [task])
        assert export.finished.wait(60) and not export.failed and task.output.exists()
        deadline = time.monotonic() + 30
        while set(multiprocessing.active_children()) - others and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not set(multiprocessing.active_children()) - others
    exports.close()


def test_thumbnails_are_small_and_upright(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.open(io.BytesIO(picture(400, 200))).save(file, "JPEG", exif=exif)
    key = client.post("/api/photos", content=file.getvalue()).json()["id"]
    thumbnail = Image.open(io.BytesIO(client.get(f"/api/photos/{key}/thumbnail?max=100").content))
    assert thumbnail.format == "JPEG" and thumbnail.size == (50, 100)
    assert client.get("/api/photos/nothing/thumbnail").status_code == 404


def test_no_folder_was_opened(client):
    assert client.get("/api/folder").json() is None


def test_names_fit_into_a_file_system(client):
    """Names in other scripts take several bytes a letter; a second one of the same name is numbered."""
    names = ["\u3042" * 199 + ".png", "\u3042" * 198 + "x.png"]
    items = [{"photo": key, "hints": []} for key in open_photos(client, *names)]
    done = finish(client, client.post("/api/exports", json={"format": "tiff", "items": items}).json())
    assert done["failed"] == []
    written = unzip(client, done)
    assert len(written) == 4 and all(len(name.encode()) <= 255 for name in written)


def test_what_nobody_foresaw_is_told_as_it_is_and_the_worker_goes_on(engine, tmp_path):
    (tmp_path / "photo.png").write_bytes(picture(60, 40))
    key = content_id(picture(60, 40))
    worker, never = Worker(engine.weights), threading.Event()
    good = Task(key, "photo.png", tmp_path / "photo.png", [], tmp_path / "photo.color.png", Look())
    problem = worker.perform(replace(good, look=Look(saturation="much")), never)
    assert problem.startswith("photo.png could not be colored (") and "memory" not in problem
    assert worker.perform(good, never) is None
    worker.close()


def test_pictures_stay_while_they_are_fetched(tmp_path):
    exports = Exports(tmp_path, None)

    def finished(name: str) -> Export:
        folder = exports.new_folder()
        (folder / name).write_bytes(b"x" * 3 * 2**20)
        export = exports.start(folder, [])
        assert export.finished.wait(10)
        return export

    oldest = finished("a.png")
    assert exports.begin_reading(oldest.id) is exports.begin_reading(oldest.id) is oldest
    pieces = oldest.zip()
    read = next(pieces)
    others = [finished("b.png") for _ in range(2 * MOST_KEPT)]
    assert exports.get(oldest.id) and not exports.get(others[0].id) and not others[0].folder.exists()
    assert exports.cancel(oldest.id) and exports.begin_reading(oldest.id) is None
    exports.end_reading(oldest)
    read += b"".join(pieces)
    with zipfile.ZipFile(io.BytesIO(read)) as archive:
        assert archive.testzip() is None and archive.namelist() == ["a.png"]
    exports.end_reading(oldest)
    assert not oldest.folder.exists()
    exports.close()


def test_a_client_that_goes_while_it_fetches_lets_go_of_the_pictures(engine, library):
    studio = Studio(Table(engine, library))
    for client in serve(create_app(studio)):
        folder = studio.exports.new_folder()
        (folder / "a.png").write_bytes(bytes(64 * 2**20))  # more than what lies between the two
        export = studio.exports.start(folder, [])
        assert export.finished.wait(10)
        with client.stream("GET", f"/api/exports/{export.id}/zip") as reply:
            next(reply.iter_bytes())
            assert export.readers == 1
        deadline = time.monotonic() + 20
        while export.readers and time.monotonic() < deadline:
            time.sleep(0.01)
        assert export.readers == 0 and studio.exports.get(export.id)


def test_a_disk_that_takes_no_export_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SaveError, match="ADACOLVIT_DATA"):
        Exports(tmp_path / "file", None).new_folder()
