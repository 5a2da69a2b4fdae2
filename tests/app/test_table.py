import pytest

from adacolvit.app.folder import Folder
from adacolvit.app.library import Library
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Table, bare_name
from adacolvit.errors import PhotoError
from adacolvit.hints.file import HintFile, save_hints
from adacolvit.hints.hint import Hint

from .conftest import picture, serve


def test_the_least_recently_used_photo_makes_room(engine, library):
    table = Table(engine, library, most_photos=2)
    first, second = (table.put(picture(40, 30, seed=seed), "a.png").id for seed in (1, 2))
    assert table.get(first)  # now the second is the older one
    third = table.put(picture(40, 30, seed=3), "c.png").id
    assert list(table.in_memory()) == [first, third]
    again = table.get(second)  # from disk
    assert (again.id, again.name, again.photo.width) == (second, "a.png", 40)
    assert list(table.in_memory()) == [third, second]


def test_pixels_count_too_but_the_newest_photo_always_stays(engine, library):
    table = Table(engine, library, most_pixels=2000)
    small, large = table.put(picture(40, 30), "small.png").id, table.put(picture(100, 30), "large.png").id
    assert table.in_memory() == {large: 3000} and small != large


def test_idle_photos_give_back_their_memory_and_are_opened_again_from_disk(engine, library):
    table = Table(engine, library)
    key = table.put(picture(40, 30), "a.png", (Hint(1, 2, "#123456"),)).id
    table.evict_idle(3600)
    assert key in table.in_memory()
    table.evict_idle(0)
    assert table.in_memory() == {}
    assert table.get(key).hints == (Hint(1, 2, "#123456"),)


def test_a_photo_whose_copy_made_room_is_not_open_any_more(engine, tmp_path):
    photos = [picture(40, 30, seed=seed) for seed in (1, 2, 3)]
    library = Library(tmp_path, most_disk=round(2.5 * len(photos[0])))
    table = Table(engine, library)
    first, second = (table.put(data, "a.png").id for data in photos[:2])
    assert table.get(first)  # now the second is the older one
    third = table.put(photos[2], "a.png").id
    assert list(table.in_memory()) == [first, third]
    assert table.get(second) is None, "whoever works on it opens it anew, so that work is kept with its photo"
    assert library.photo(first) and library.photo(third)


def test_forgotten_is_forgotten(engine, library):
    table = Table(engine, library)
    key = table.put(picture(40, 30), "a.png").id
    assert table.forget(key) and table.get(key) is None and not table.forget(key)
    assert list(library.folder.rglob("*.*")) == []


def test_a_file_with_its_own_place_is_not_copied_but_read_there(engine, library, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(picture(40, 30))
    key = Table(engine, library).put(path.read_bytes(), "a.png", source=str(path)).id
    assert library.photo_bytes() == 0
    later = Table(engine, library)
    assert later.get(key).photo.width == 40
    path.write_bytes(picture(50, 30))  # another photo now
    assert Table(engine, library).get(key) is None


def test_a_folder_that_was_moved_is_where_its_photos_are(engine, library, tmp_path):
    before, now = tmp_path / "before", tmp_path / "now"
    before.mkdir()
    (before / "a.png").write_bytes(picture(40, 30))
    table = Table(engine, library)
    key = table.put((before / "a.png").read_bytes(), "a.png", source=str(before / "a.png")).id
    before.rename(now)
    studio = Studio(table, folder=Folder(now))
    assert studio.folder.wait(10)
    assert studio.source(key) == (now.resolve() / "a.png", "a.png")
    for client in serve(create_app(studio)):
        assert client.get(f"/api/photos/{key}/thumbnail?max=20").content.startswith(b"\xff\xd8")


def test_a_name_that_is_no_text_is_a_name_all_the_same(engine, library, tmp_path):
    album = tmp_path / "album"
    album.mkdir()
    try:
        (album / "caf\udce9.png").write_bytes(picture(40, 30))
        (album / "no\udce9.png").write_bytes(b"no photo")
    except OSError:
        pytest.skip("this file system takes no such names")
    table = Table(engine, library)
    studio = Studio(table, folder=Folder(album))
    assert studio.folder.wait(10)
    info = studio.folder.info(library)
    info.model_dump_json()
    (photo,), (failure,) = info.photos, info.failed
    assert photo.name == photo.path == "caf\ufffd.png" and failure.name == "no\ufffd.png"
    entry = table.put((album / "caf\udce9.png").read_bytes(), "caf\udce9.png", source=str(album / "caf\udce9.png"))
    assert (entry.name, entry.id) == ("caf.png", photo.id)
    assert Table(engine, library).get(entry.id).photo.width == 40, "its place is kept as it is"
    assert studio.source(entry.id)[0].is_file()
    studio.close()


def test_the_same_bytes_are_opened_once_under_their_latest_name(engine, library):
    table = Table(engine, library)
    first = table.put(picture(40, 30), "a.png", (Hint(1, 2, "#123456"),))
    again = table.put(picture(40, 30), "b.png")
    assert again.id == first.id and again.photo is first.photo
    assert table.get(first.id).name == "b.png" and again.hints == first.hints


def test_what_is_no_photo_leaves_the_table_as_it_was(engine, library):
    table = Table(engine, library, most_photos=1)
    kept = table.put(picture(40, 30), "a.png").id
    with pytest.raises(PhotoError):
        table.put(b"nothing", "b.png")
    assert table.get(kept)


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ('a\r\nSet-Cookie: "x".jpg', 'aSet-Cookie: "x".jpg'),
        ("", "photo"),
        ("..", "photo"),
        ("Großmutter 祖母.jpg", "Großmutter 祖母.jpg"),
    ],
)
def test_names_are_bare(given, bare):
    assert bare_name(given) == bare


def test_a_copy_in_a_folder_is_named_and_its_hints_are_used(library, tmp_path):
    album = tmp_path / "album"
    (album / "sub").mkdir(parents=True)
    for path in (album / "a.png", album / "sub" / "copy.png"):
        path.write_bytes(picture(40, 30))
    save_hints(album / "sub" / "copy.hints.json", HintFile("copy.png", 40, 30, (Hint(5, 5, "#7b4a2d"),)))
    folder = Folder(album)
    assert folder.wait(10)
    info = folder.info(library)
    (photo,), (failure,) = info.photos, info.failed
    assert (photo.path, photo.hints) == ("a.png", 1)
    assert failure.name == "sub/copy.png" and "the same photo as a.png" in failure.error
    folder.close()
    save_hints(album / "a.hints.json", HintFile("a.png", 40, 30, (Hint(6, 6, "#000000"), Hint(7, 7, "#7b4a2d"))))
    folder = Folder(album)
    assert folder.wait(10)
    info = folder.info(library)
    assert info.photos[0].hints == 2 and "the hints file of this one is not used" in info.failed[0].error
    folder.close()
