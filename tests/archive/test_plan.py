"""Listings, places and the journal, on a disk and in an object store kept in memory; no cluster."""

import importlib.util
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adacolvit.batch import Look, Order
from adacolvit.cli import main
from adacolvit.errors import PhotoError, SaveError, UsageError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("fsspec") is None, reason="fsspec is not installed: pip install 'adacolvit[ray]'"
)

ORDER = Order(Look())
NAMES = ("a.png", "b/c.jpg", "b/d.bmp", ".hidden/x.png", "done.color.png", "notes.txt")


def unforeseen(folder, why):
    raise AssertionError(f"{folder} was not listed: {why}")


@pytest.fixture(params=["disk", "memory"])
def url(request, tmp_path):
    """Address of an empty folder."""
    if request.param == "disk":
        return str(tmp_path / "in")
    return f"memory://{tmp_path.name}/in"


@pytest.fixture
def storage(url):
    """The folder with some files."""
    from adacolvit.archive.storage import Storage

    storage = Storage(url)
    for name in NAMES:
        storage.write(name, name.encode())
    return storage


def test_what_is_written_is_listed_and_read(storage, url):
    assert set(storage.files(unforeseen)) == set(NAMES)
    assert all(storage.read(name) == name.encode() for name in NAMES)
    assert storage.name("a.png") == f"{url}/a.png"
    marks = storage.files(unforeseen)
    storage.write("a.png", b"another content")
    changed = {name for name, mark in storage.files(unforeseen).items() if marks[name] != mark}
    assert changed == {"a.png"} and storage.read("a.png") == b"another content"
    with pytest.raises(PhotoError, match=r"nothing\.png"):
        storage.read("nothing.png")


def test_a_write_that_fails_leaves_what_was_there(storage, monkeypatch):
    def fail(*_, **__):
        raise OSError("the line is cut")

    kind = type(storage._fs)
    monkeypatch.setattr(kind, "mv", fail)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(SaveError, match="the line is cut"):
        storage.write("a.png", b"half")
    assert storage.read("a.png") == b"a.png"


def test_what_a_killed_worker_left_is_taken_over(tmp_path, monkeypatch):
    from adacolvit.archive.storage import Storage

    def killed(*_, **__):
        raise SystemExit

    storage = Storage(str(tmp_path))
    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", killed)
        dying.setattr(Path, "unlink", lambda *_: None)
        with pytest.raises(SystemExit):
            storage.write("a.png", b"half")
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    storage.write("a.png", b"whole")  # by the worker that has the photo next
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert storage.read("a.png") == b"whole"


def test_an_unknown_address():
    from adacolvit.archive.storage import Storage

    with pytest.raises(PhotoError, match="nosuch://bucket"):
        Storage("nosuch://bucket/folder")


@pytest.fixture
def closed(storage, url, monkeypatch):
    """Closes a folder below it, "" for its own."""

    def close(folder: str) -> None:
        listed, place = type(storage._fs).ls, storage.place(folder).rpartition("://")[2]

        def ls(fs, path, *args, **options):
            if os.path.realpath(path) == place:
                raise PermissionError(13, "Permission denied")
            return listed(fs, path, *args, **options)

        monkeypatch.setattr(type(storage._fs), "ls", ls)

    return close


def test_a_folder_that_cannot_be_listed_is_named(storage, url, closed):
    from adacolvit.archive.plan import plan

    closed(".hidden")
    assert plan([url], f"{url}-out", ORDER)[1] == []  # nobody asked for it
    closed("b")
    told = {}
    assert set(storage.files(told.__setitem__)) == {"a.png", "done.color.png", "notes.txt"}
    assert told.keys() == {".hidden", "b"} and "Permission denied" in str(told["b"])
    items, ((folder, why),) = plan([url], f"{url}-out", ORDER)
    assert [item.photo for item in items] == ["a.png"]
    assert folder == f"{url}/b" and "cannot be listed" in str(why)
    closed("")
    items, ((folder, _),) = plan([url], f"{url}-out", ORDER)
    assert not items and folder == url


@pytest.mark.parametrize("folder", ["", "b"])
def test_what_stands_in_a_folder_that_cannot_be_listed_is_not_replaced(
    storage, url, closed, folder, small_weights, capsys
):
    from adacolvit.archive.storage import Storage

    Storage(f"{url}-in").write("b/c.jpg", b"a photo")
    closed(folder)
    command = ["colorize", f"{url}-in", "-o", url, f"--model={small_weights}", "--ray", "nobody:1", "--json"]
    for force in ([], ["--force"]):
        assert main([*command, *force]) == 1
        (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        assert "cannot be listed" in line["error"]
    assert storage.read("b/c.jpg") == b"b/c.jpg"


def test_every_photo_has_a_place_of_its_own(storage, url):
    from adacolvit.archive.plan import plan

    items, failures = plan([url], f"{url}-out", ORDER)
    assert [(item.photo, item.picture) for item in items] == [
        ("a.png", "a.png"),
        ("b/c.jpg", "b/c.jpg"),
        ("b/d.bmp", "b/d.png"),
    ]
    assert not failures
    items, _ = plan([url], None, ORDER)
    assert [item.picture for item in items] == ["a.color.png", "b/c.color.jpg", "b/d.color.png"]
    items, failures = plan([f"{url}/b/c.jpg", f"{url}/b", f"{url}/none"], f"{url}-out", ORDER)
    assert [item.photo for item in items] == ["c.jpg", "d.bmp"]
    assert ["different folders" in str(why) for _, why in failures] == [True, False]
    assert failures[1][0] == f"{url}/none" and "no photo" in str(failures[1][1])
    items, _ = plan([url], f"{url}-out", Order(Look(format="webp")))
    assert [item.picture for item in items] == ["a.webp", "b/c.webp", "b/d.webp"]
    with pytest.raises(UsageError, match=r"c\.jpg cannot have 16 bits"):
        plan([url], f"{url}-out", Order(Look(depth=16)))
    _, failures = plan([url], url, ORDER)
    assert {place for place, _ in failures} == {f"{url}/a.png", f"{url}/b/c.jpg"}


def test_no_picture_takes_the_place_of_a_photo(storage, url):
    from adacolvit.archive.plan import plan

    storage.write("b/d.png", b"another photo")
    items, failures = plan([f"{url}/b"], f"{url}/b", ORDER)
    assert not items and {place for place, _ in failures} == {f"{url}/b/{name}" for name in ("c.jpg", "d.bmp", "d.png")}
    assert all("replace the photo" in str(why) for _, why in failures)


def test_a_folder_written_otherwise_is_the_same_folder(tmp_path, monkeypatch):
    from adacolvit.archive.plan import plan
    from adacolvit.archive.storage import Storage

    monkeypatch.chdir(tmp_path)
    Storage("album").write("x.jpg", b"a photo")
    (tmp_path / "link").symlink_to(tmp_path / "album")
    (item,), _ = plan(["album"], "out", ORDER)
    for output in ("./album", str(tmp_path / "album"), f"file://{tmp_path}/album", "link", "link/"):
        items, failures = plan(["album"], output, ORDER)
        assert not items and "replace the photo" in str(failures[0][1])
        (again,), _ = plan([output], "out", ORDER)
        assert again.key == item.key


def test_what_is_in_an_output_folder_below_is_no_photo(storage, url):
    from adacolvit.archive.plan import plan

    before, _ = plan([url], f"{url}/b/colored", ORDER)
    storage.write("b/colored/a.png", b"a picture")
    again, failures = plan([url], f"{url}/b/colored", ORDER)
    assert [item.photo for item in again] == [item.photo for item in before] and not failures
    assert "b/colored/a.png" in [item.photo for item in plan([url], f"{url}-out", ORDER)[0]]


def test_a_hints_file_beside_a_photo_is_seen_and_marks_it(storage, url):
    from adacolvit.archive.plan import plan

    (before, *_), _ = plan([url], None, ORDER)
    storage.write("a.hints.json", b"{}")
    (after, *_), _ = plan([url], None, ORDER)
    assert (before.hints, after.hints) == (None, "a.hints.json") and before.key != after.key
    (asked, *_), _ = plan([url], None, Order(Look(), file=b""))
    assert asked.key == before.key


def test_the_journal_remembers_by_setting(storage):
    from adacolvit.archive.journal import Journal

    journal = Journal(storage, "red")
    journal.claim(["x.png", "y.png"])
    journal.note(("in/x", "1", "x.png"))
    journal.flush()
    again = Journal(storage, "red")
    assert again.claimed == {"x.png", "y.png"} and again.done == {("in/x", "1", "x.png")}
    assert again.holds("a.png") and not again.holds("x.png")
    other = Journal(storage, "blue")
    assert not other.claimed and not other.done


def test_what_a_run_with_other_settings_has_written_since_is_its_own(storage):
    from adacolvit.archive.journal import Journal

    red = Journal(storage, "red")
    red.claim(["x.png", "y.png", "z.png"])
    for name in ("x", "z"):
        red.note((f"in/{name}", "1", f"{name}.png"))
    red.flush()
    blue = Journal(storage, "blue")
    blue.claim(["y.png"])  # the other was killed before it came to this one
    blue.note(("in/x", "1", "x.png"))  # by --force
    blue.flush()
    red = Journal(storage, "red")
    assert red.claimed == {"z.png"} and red.done == {("in/z", "1", "z.png")}
    blue = Journal(storage, "blue")
    assert blue.claimed == {"y.png"} and blue.done == {("in/x", "1", "x.png")}


@pytest.mark.parametrize("name", ["caf\udce9.jpg", "a\u2028b.jpg", "a\x85b.jpg"])
def test_the_journal_takes_every_name_that_a_file_can_have(storage, name):
    from adacolvit.archive.journal import Journal

    journal = Journal(storage, "red")
    journal.claim([name])
    journal.note((f"in/{name}", "1", name))
    journal.flush()
    again = Journal(storage, "red")
    assert again.claimed == {name} and again.done == {(f"in/{name}", "1", name)}


def test_nothing_but_failures_needs_no_cluster(url, small_weights, capsys):
    from adacolvit.archive.storage import Storage

    out = io.BytesIO()
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(out, "PNG")
    Storage(url).write("p.png", out.getvalue())
    Storage(f"{url}-out").write("p.png", b"mine")
    command = ["colorize", url, "-o", f"{url}-out", f"--model={small_weights}", "--ray", "nobody:1", "--json"]
    assert main(command) == 1
    (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "--force" in line["error"] and Storage(f"{url}-out").read("p.png") == b"mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["memory://bucket/in"], "needs --ray"),
        (["in", "-o", "memory://bucket/out"], "needs --ray"),
        (["in", "-o", "one.png", "--ray", "local"], "writes into a folder"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    assert main(["colorize", *arguments]) == 2 and message in capsys.readouterr().err
