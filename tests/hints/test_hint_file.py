"""The hints file: stable, diffable, and strict about what it reads."""

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adacolvit.errors import HintError, SaveError
from adacolvit.hints.file import HintFile, dump_hints, load_hints, parse_hints, save_hints
from adacolvit.hints.hint import Hint

TEXT = """\
{
  "version": 1,
  "photo": {"name": "Großmutter.jpg", "width": 2400, "height": 3200},
  "hints": [
    {"x": 412, "y": 220, "color": "#7b4a2d", "size": 2},
    {"x": 8.25, "y": 3199, "color": "#00ff00", "size": 7}
  ]
}
"""
FILE = HintFile("Großmutter.jpg", 2400, 3200, (Hint(412, 220, "#7b4a2d"), Hint(8.25, 3199, "#00ff00", 7)))


def changed(**entries):
    return json.dumps(json.loads(TEXT) | entries)


def test_the_text_is_one_line_per_hint():
    assert dump_hints(FILE) == TEXT
    assert parse_hints(TEXT) == FILE


def test_no_hints():
    empty = HintFile("a.png", 1, 1, ())
    assert json.loads(dump_hints(empty))["hints"] == []
    assert parse_hints(dump_hints(empty)) == empty


@given(
    st.text(),
    st.lists(
        st.builds(
            Hint,
            st.floats(0, 600, exclude_max=True),
            st.floats(0, 400, exclude_max=True),
            st.integers(0, 2**24 - 1).map("{:06x}".format),
            st.integers(2, 7),
        ),
        max_size=5,
    ),
)
def test_round_trip(name, hints):
    hint_file = HintFile(name, 600, 400, tuple(hints))
    text = dump_hints(hint_file)
    assert parse_hints(text) == hint_file
    assert dump_hints(parse_hints(text)) == text
    assert json.loads(text)["version"] == 1


def test_a_name_that_is_no_text_comes_back(tmp_path):
    named = HintFile(b"Gro\xdfmutter.jpg".decode("utf-8", "surrogateescape"), 2400, 3200, FILE.hints)
    save_hints(tmp_path / "a.hints.json", named)
    assert load_hints(tmp_path / "a.hints.json") == named
    assert json.loads((tmp_path / "a.hints.json").read_bytes())["photo"]["name"] == "Gro\udcdfmutter.jpg"


def test_a_file_on_disk(tmp_path):
    path = tmp_path / "grandma.hints.json"
    save_hints(path, FILE)
    assert load_hints(path) == FILE
    assert path.read_text(encoding="utf-8") == TEXT
    assert [p.name for p in tmp_path.iterdir()] == ["grandma.hints.json"]
    usual = tmp_path / "usual"
    usual.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "windows.json").write_text(TEXT, encoding="utf-8-sig")
    assert load_hints(tmp_path / "windows.json") == FILE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "needs the entries version, photo and hints"),
        ("{}", "needs the entries version, photo and hints"),
        (changed(version=2), "version 2, known is 1: update adacolvit"),
        (changed(version="1"), "version '1'"),
        (changed(version=True), "version True"),
        (changed(note=1), "this one has version, photo, hints, note"),
        (changed(photo=None), "photo must be like"),
        (changed(photo={"name": "a", "width": 1}), "photo must be like"),
        (changed(photo={"name": 1, "width": 1, "height": 1}), "photo must be like"),
        (changed(photo={"name": "a", "width": 0, "height": 1}), "width 0: it must be a whole number"),
        (changed(photo={"name": "a", "width": 10.5, "height": 1}), "width 10.5"),
        (changed(photo={"name": "a", "width": True, "height": 1}), "width True"),
        (changed(photo={"name": "a", "width": 10**400, "height": 1}), "must be a whole number"),
        (changed(hints={}), "as a list, not as dict"),
        (changed(hints=None), "as a list, not as NoneType"),
        (changed(hints=[None]), "hint 1: None is not a hint"),
        (changed(hints=[{"x": 1, "y": 2, "color": "#fff", "size": 2, "siez": 3}]), "hint 1: a hint has no 'siez'"),
        (changed(hints=[{"x": "1", "y": 2, "color": "#fff"}]), "hint 1: a hint's x is '1'"),
        (changed(hints=[{"x": float("nan"), "y": 2, "color": "#fff"}]), "hint 1: a hint's x is nan"),
        (changed(hints=[{"x": 1, "y": 2, "color": "brown"}]), "hint 1: 'brown' is not a color"),
        (changed(hints=[{"x": 1, "y": 3200, "color": "#fff"}]), "hint 1 at .* outside the photo"),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(HintError, match=message):
        parse_hints(text)


def test_errors_name_the_file(tmp_path):
    with pytest.raises(HintError, match=r"nothing\.json: No such file"):
        load_hints(tmp_path / "nothing.json")
    with pytest.raises(HintError, match="cannot read the hints file"):
        load_hints(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(HintError, match=r"bad\.json: .*not JSON"):
        load_hints(tmp_path / "bad.json")
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(HintError, match=r"photo\.json is not a hints file, for it is not text"):
        load_hints(tmp_path / "photo.json")
    with pytest.raises(SaveError, match="does not exist; make it first"):
        save_hints(tmp_path / "no" / "hints.json", FILE)


def test_hints_fit_their_own_photo_and_its_other_sizes():
    assert FILE.for_photo(2400, 3200) is FILE.hints
    half = FILE.for_photo(1200, 1600)
    assert [(int(h.x), int(h.y), h.color, h.size) for h in half] == [(206, 110, "#7b4a2d", 2), (4, 1599, "#00ff00", 7)]
    assert FILE.for_photo(1201, 1600)  # rounded when it was scaled
    large = HintFile("small.png", 100, 75, (Hint(99, 74, "#fff"),)).for_photo(4032, 3024)
    assert 4031 - 40 < large[0].x < 4032 and 3023 - 40 < large[0].y < 3024


@pytest.mark.parametrize(("width", "height"), [(3200, 2400), (2400, 3202), (1200, 1700), (1, 1000), (10**6, 10)])
def test_hints_of_another_photo_are_refused(width, height):
    with pytest.raises(HintError, match=rf"of 2400 x 3200 px, this photo has {width} x {height} px"):
        FILE.for_photo(width, height)


@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(0.01, 30))
def test_scaled_hints_stay_inside_the_photo(width, height, scale):
    corners = tuple(Hint(x, y, "#fff") for x in (0, width - 1) for y in (0, height - 1))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    for hint in HintFile("a", width, height, corners).for_photo(*size):
        assert 0 <= hint.x < size[0] and 0 <= hint.y < size[1]


def test_an_entry_that_is_there_twice_is_refused():
    twice = TEXT.replace('"version": 1,', '"version": 1, "hints": [],')
    with pytest.raises(HintError, match="hints twice"):
        parse_hints(twice)
    with pytest.raises(HintError, match="color twice"):
        parse_hints(TEXT.replace('"color": "#7b4a2d"', '"color": "#000000", "color": "#7b4a2d"'))


def test_many_entries_are_read_in_no_time():
    many = {f"entry {number}": number for number in range(200_000)}
    with pytest.raises(HintError, match="this one has version, photo, hints, entry 0"):
        parse_hints(changed(**many))


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(HintError, match="outside"):
        save_hints(tmp_path / "p.hints.json", HintFile("p.png", 30, 20, (Hint(30, 5, "#ffffff"),)))
    assert not list(tmp_path.iterdir())
