"""Which photos are meant: nothing that cannot be colored is left out in silence, or ends the run."""

import os

import numpy as np
import pytest
from PIL import Image

from adacolvit.cli import main


@pytest.fixture
def run(small_weights, tmp_path, monkeypatch, capsys):
    """``adacolvit colorize ARGS`` with the small network in an empty folder -> (exit code, stderr)."""
    monkeypatch.chdir(tmp_path)

    def colorize(*args):
        code = main(["colorize", f"--model={small_weights}", *args])
        return code, capsys.readouterr().err

    return colorize


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(64 * 48, dtype=np.uint8).reshape(48, 64)).save(path)


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_colored(run, tmp_path, monkeypatch):
    for name in ("a.png", "b/closed/b.png", "c/c.png"):
        photo(tmp_path / "in" / name)
    listed = os.scandir

    def closed(folder):
        if os.fspath(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", closed)
    code, err = run("in", "-o", "out")
    assert code == 1 and f"{os.path.join('in', 'b', 'closed')}: it cannot be listed (Permission denied)" in err
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.png")) == ["a.png", "c.png"]
    code, err = run("in/b/closed")
    assert code == 1 and "cannot be listed" in err and "no photo" not in err


@pytest.mark.parametrize("skip", [[], ["--skip-existing"]])
def test_a_name_too_long_for_its_picture_is_that_photos_alone(run, tmp_path, skip):
    photo(tmp_path / "in" / "b.png")
    photo(tmp_path / "in" / f"{'x' * 250}.png")
    code, err = run("in", *skip)
    assert code == 1 and "too long" in err and "foreseen" not in err
    assert (tmp_path / "in" / "b.color.png").exists()


def test_a_folder_without_photos_is_named_however_it_is_written(run):
    for name in (".", os.getcwd()):
        code, err = run(name, "-o", "out")
        assert code == 1 and "no photo is in it" in err
    assert run(".")[0] == 1
