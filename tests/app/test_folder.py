"""The folder that the app was opened on is read to its end, whatever lies in it."""

import threading

import pytest

from adacolvit.app import folder as folder_module
from adacolvit.app.folder import Folder
from adacolvit.app.library import content_id
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table

from .conftest import picture, serve


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "m.png", "z.png")):
        (folder / name).write_bytes(picture(40, 30, seed=seed))
    return folder


def read(album, library, **options):
    folder = Folder(album, **options)
    assert folder.wait(10)
    return folder.info(library)


def test_a_file_that_is_too_large_is_named_and_not_read(album, library):
    with (album / "m.png").open("wb") as huge:
        huge.truncate(40 * 2**30)
    info = read(album, library)
    assert [photo.name for photo in info.photos] == ["a.png", "z.png"]
    (failure,) = info.failed
    assert failure.name == "m.png" and "40960 MB, the limit is 512 MB" in failure.error


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd"), RecursionError("deep"), OSError(5, "I/O error")])
def test_what_nobody_foresaw_is_named_and_the_next_files_are_read(album, library, monkeypatch, error):
    size = folder_module.upright_size

    def fails(data, name):
        if name == "m.png":
            raise error
        return size(data, name)

    monkeypatch.setattr(folder_module, "upright_size", fails)
    info = read(album, library)
    assert [photo.name for photo in info.photos] == ["a.png", "z.png"] and not info.reading
    (failure,) = info.failed
    assert failure.name == "m.png" and len(failure.error) > 10


def test_closing_does_not_wait_for_a_disk_that_does_not_answer(album, monkeypatch):
    monkeypatch.setattr(folder_module, "_PATIENCE", 0.05)
    answers = threading.Event()
    monkeypatch.setattr(folder_module, "photos_below", lambda *_: iter([answers.wait(30)][:0]))
    folder = Folder(album)
    folder.close()
    assert not folder.wait(0)
    answers.set()
    assert folder.wait(10)


def test_a_photo_that_changed_on_disk_is_gone_and_nobody_takes_its_place(album, engine, library):
    studio = Studio(Table(engine, library), folder=Folder(album))
    assert studio.folder.wait(10)
    key, other = content_id(picture(40, 30, seed=0)), picture(50, 30)
    for client in serve(create_app(studio)):
        assert client.get(f"/api/photos/{key}/thumbnail").status_code == 200
        (album / "a.png").write_bytes(other)
        assert client.get(f"/api/photos/{key}/thumbnail").status_code == 404
        assert client.get(f"/api/photos/{key}").status_code == 404
    assert studio.table.in_memory() == {} and library.about(content_id(other)) is None
