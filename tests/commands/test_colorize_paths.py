"""Which photos are meant: nothing that cannot be colored is left out in silence, or ends the run."""

import os

import pytest

from .files import photo


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_colored(run, table, monkeypatch):
    for name in ("a.png", "b/closed/b.png", "c/c.png"):
        photo(table / "in" / name)
    listed = os.scandir

    def closed(folder):
        if os.fspath(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", closed)
    code, _, err = run("in", "-o", "out")
    assert code == 1 and f"{os.path.join('in', 'b', 'closed')}: it cannot be listed (Permission denied)" in err
    assert sorted(path.name for path in (table / "out").rglob("*.png")) == ["a.png", "c.png"]
    code, _, err = run("in/b/closed")
    assert code == 1 and "cannot be listed" in err and "no photo" not in err


@pytest.mark.parametrize("skip", [[], ["--skip-existing"]])
def test_a_name_too_long_for_its_picture_is_that_photos_alone(run, table, skip):
    photo(table / "in" / "b.png")
    photo(table / "in" / f"{'x' * 250}.png")
    code, _, err = run("in", *skip)
    assert code == 1 and "too long" in err and "foreseen" not in err
    assert (table / "in" / "b.color.png").exists()


def test_a_folder_without_photos_is_named_however_it_is_written(run, table):
    for name in (".", str(table)):
        code, _, err = run(name, "-o", "out")
        assert code == 1 and "no photo is in it" in err
    assert run(".")[0] == 1
