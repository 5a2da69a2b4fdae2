import pytest

from adacolvit.app.table import Table, bare_name
from adacolvit.errors import PhotoError
from adacolvit.hints.hint import Hint

from .conftest import picture


def test_the_least_recently_used_photo_makes_room(engine):
    table = Table(engine, most_photos=2)
    first, second = (table.put(picture(40, 30, seed=seed), "a.png").id for seed in (1, 2))
    assert table.get(first)  # now the second is the older one
    third = table.put(picture(40, 30, seed=3), "c.png").id
    assert table.get(second) is None
    assert table.get(first).id == first and table.get(third).id == third


def test_pixels_count_too_but_the_newest_photo_always_stays(engine):
    table = Table(engine, most_pixels=2000)
    small, large = table.put(picture(40, 30), "small.png").id, table.put(picture(100, 30), "large.png").id
    assert table.get(small) is None
    assert table.get(large).photo.width == 100


def test_the_same_bytes_are_opened_once_under_their_latest_name(engine):
    table = Table(engine)
    first = table.put(picture(40, 30), "a.png", (Hint(1, 2, "#123456"),))
    again = table.put(picture(40, 30), "b.png")
    assert again.id == first.id and again.photo is first.photo
    assert table.get(first.id).name == "b.png" and again.hints == first.hints


def test_what_is_no_photo_leaves_the_table_as_it_was(engine):
    table = Table(engine, most_photos=1)
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
