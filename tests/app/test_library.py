"""What is kept on disk survives other processes, failed writes and damaged files."""

import json
import multiprocessing
import os
import time
from contextlib import suppress

import pytest

from adacolvit.app import library as library_module
from adacolvit.app.folder import Folder
from adacolvit.app.library import About, Library, NotKept, StaleRevision, content_id
from adacolvit.app.messages import SessionState
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table
from adacolvit.errors import LibraryFull, SaveError

from .conftest import picture, serve

ROUNDS = 30


def work(revision: int = 0, writer: str = "") -> SessionState:
    hint = {"x": 1, "y": 1, "color": "#ff0000", "size": 2}
    return SessionState(version=1, revision=revision, past=[writer], future=[], present=[hint])


def keep(library: Library, data: bytes, source=None) -> str:
    key = content_id(data)
    library.keep_photo(key, data, About("a.png", 40, 30, False, [], source and str(source)))
    return key


def _write_at_once(folder, key, writer, barrier, told) -> None:
    library = Library(folder)
    for _ in range(ROUNDS):
        barrier.wait()
        stored = library.session(key)
        barrier.wait()
        with suppress(StaleRevision):
            told.put(library.save_session(key, work(stored.revision if stored else 0, writer))[0])


def test_of_two_apps_that_write_at_once_one_is_refused(tmp_path):
    key = keep(Library(tmp_path), picture(40, 30))
    spawn = multiprocessing.get_context("spawn")
    barrier, told = spawn.Barrier(2), spawn.Queue()
    apps = [spawn.Process(target=_write_at_once, args=(tmp_path, key, name, barrier, told)) for name in "ab"]
    for app in apps:
        app.start()
    revisions = [told.get(timeout=60) for _ in range(ROUNDS)]
    for app in apps:
        app.join(60)
        assert app.exitcode == 0
    assert sorted(revisions) == list(range(1, ROUNDS + 1)) and told.empty()


def test_no_work_is_kept_for_a_photo_that_another_app_forgot(engine, library):
    here = Studio(Table(engine, library))
    key = here.table.put(picture(40, 30), "a.png").id
    assert Library(library.folder).forget(key)
    assert here.table.find(key)
    for client in serve(create_app(here)):
        reply = client.put(f"/api/photos/{key}/session", json=work().model_dump())
        assert reply.status_code == 404
        assert not (library.folder / "sessions" / key).exists()
        again = client.post("/api/photos", content=picture(40, 30)).json()
        assert again["id"] == key
        assert client.put(f"/api/photos/{key}/session", json=work().model_dump()).status_code == 200


def test_a_photo_of_the_folder_that_another_app_forgot_is_kept_again(engine, library, tmp_path):
    album = tmp_path / "album"
    album.mkdir()
    (album / "a.png").write_bytes(picture(40, 30))
    studio = Studio(Table(engine, library), folder=Folder(album))
    assert studio.folder.wait(10)
    key = content_id(picture(40, 30))
    for client in serve(create_app(studio)):
        assert client.get(f"/api/photos/{key}").status_code == 200
        library.forget(key)
        assert client.put(f"/api/photos/{key}/session", json=work().model_dump()).status_code == 200
        assert [info.id for info in library.sessions()] == [key]


def test_a_photo_of_which_nothing_is_known_any_more_is_described_anew(engine, library):
    table = Table(engine, library)
    key = table.put(picture(40, 30), "a.png").id
    (library.folder / "sessions" / key / "about.json").unlink()
    with pytest.raises(NotKept):
        library.save_session(key, work())
    table.drop(key)
    assert table.get(key).name == "photo"
    library.save_session(key, work())
    assert [info.id for info in library.sessions()] == [key]


@pytest.mark.parametrize("damage", [b"", picture(40, 30)[:100], picture(40, 30)[:-1] + b"x"])
def test_a_damaged_copy_is_repaired_by_the_photo_itself(library, damage):
    data = picture(40, 30)
    key = keep(library, data)
    copy = library.folder / "sessions" / key / "photo"
    copy.write_bytes(damage)
    assert library.photo(key) is None
    keep(library, data)
    assert copy.read_bytes() == data


def test_a_damaged_copy_does_not_hide_the_file_itself(library, tmp_path):
    data, file = picture(40, 30), tmp_path / "a.png"
    file.write_bytes(data)
    keep(library, data)
    key = keep(library, data, file)
    (library.folder / "sessions" / key / "photo").write_bytes(b"damaged")
    assert library.photo(key) == data
    file.write_bytes(b"another")
    assert library.photo(key) is None


def test_nobody_makes_room_for_what_is_not_written(engine, tmp_path, monkeypatch):
    data = [picture(40, 30, seed=seed) for seed in (1, 2)]
    library = Library(tmp_path, most_disk=round(1.5 * len(data[0])))
    table = Table(engine, library)
    first = table.put(data[0], "a.png").id

    def full(path, *_) -> None:
        raise SaveError(f"cannot write {path}: no space left")

    with monkeypatch.context() as patch:
        patch.setattr(library_module, "write_file", full)
        with pytest.raises(SaveError, match="no space"):
            table.put(data[1], "b.png")
    assert table.find(first) and library.photo(first) == data[0]
    table.put(data[1], "b.png")
    assert not table.find(first) and library.photo(first) is None


def test_a_photo_that_is_too_large_leaves_nothing_behind(tmp_path):
    library = Library(tmp_path, most_disk=10)
    with pytest.raises(LibraryFull):
        keep(library, picture(40, 30))
    assert list((tmp_path / "sessions").iterdir()) == []


@pytest.mark.parametrize(
    "about", ["[]", "{", "null", '{"name": "a", "width": null, "height": 3, "has_color": 0, "hints": []}', "\udce9"]
)
def test_one_description_that_cannot_be_read_does_not_hide_the_other_work(library, about):
    bad, good = (keep(library, picture(40, 30, seed=seed)) for seed in (1, 2))
    for key in (bad, good):
        library.save_session(key, work())
    (library.folder / "sessions" / bad / "about.json").write_bytes(about.encode(errors="surrogateescape"))
    assert [info.id for info in library.sessions()] == [good]


def test_of_many_photos_each_is_read_once(library):
    key = keep(library, picture(40, 30))
    library.save_session(key, work())
    files = {file.name: file.read_bytes() for file in (library.folder / "sessions" / key).glob("*.json")}
    for number in range(5000):
        home = library.folder / "sessions" / f"{number:032x}"
        home.mkdir()
        for name, content in files.items():
            (home / name).write_bytes(content)
    assert len(library.sessions()) == 5001
    read = library_module._session_facts.cache_info().misses
    assert len(library.sessions()) == 5001 and library_module._session_facts.cache_info().misses == read


def test_what_cannot_be_removed_is_told(library, monkeypatch):
    key = keep(library, picture(40, 30))

    def closed(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(library_module.Path, "rename", closed)
        with pytest.raises(SaveError, match="check the permissions"):
            library.forget(key)
    assert library.forget(key)


def test_a_folder_that_takes_nothing_is_told(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(SaveError, match="cannot write below"):
        keep(Library(tmp_path), picture(40, 30))


def test_what_a_killed_app_left_behind_is_removed_at_the_start(library):
    key = keep(library, picture(40, 30))
    home = library.folder / "sessions" / key
    grave = home.with_name(f".{key}.1")
    foreign = home.with_name(".of-a-backup")
    grave.mkdir()
    foreign.mkdir()
    old, young = home / ".old.part", home / ".young.part"
    for path in (grave / "photo", old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    Library(library.folder)
    assert not grave.exists() and not old.exists() and young.exists() and foreign.exists()
    assert json.loads((home / "about.json").read_text())["name"] == "a.png" and library.photo(key)
