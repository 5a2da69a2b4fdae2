"""`adacolvit colorize`: what is written, what is said, and the exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adacolvit.cli import main
from adacolvit.colorizer import Colorizer
from adacolvit.hints.file import HintFile, save_hints
from adacolvit.hints.hint import Hint
from adacolvit.saving import SUFFIX_OF

from .files import photo, pixels


def test_one_photo(table, run):
    photo(table / "grandma.jpg")
    code, out, err = run("grandma.jpg", "--hint", "10,20,#ff0000", "--hint", "30,40,#00f,5")
    assert (code, err) == (0, "")
    assert out == ["grandma.jpg -> grandma.color.jpg (2 hints)"]
    picture = pixels(table / "grandma.color.jpg")
    assert picture.shape == (48, 64, 3) and np.ptp(picture.astype(int), axis=-1).max() > 10


def test_folder_is_the_same_as_one_by_one(table, run):
    for i, name in enumerate(["a.png", "b/c.webp", "b/d.bmp", ".hidden/x.png", "done.color.png"]):
        photo(table / "in" / name, i)
    (table / "in" / "notes.txt").write_text("not a photo")
    code, out, _ = run("in", "-o", "all")
    assert code == 0 and len(out) == 3
    found = sorted(str(p.relative_to(table / "all")) for p in (table / "all").rglob("*") if p.is_file())
    assert found == ["a.png", "b/c.webp", "b/d.png"]
    assert run("in/a.png", "-o", "one.png")[0] == 0
    assert np.array_equal(pixels(table / "one.png"), pixels(table / "all" / "a.png"))


@pytest.mark.parametrize(("format", "suffix"), SUFFIX_OF.items())
def test_pictures_of_one_format(table, run, format, suffix):
    for i, name in enumerate(["a.png", "b/c.TIF", "b/d.bmp"]):
        photo(table / "in" / name, i)
    code, out, _ = run("in", "-o", "out", "--format", format)
    written = sorted(p.relative_to(table / "out").as_posix() for p in (table / "out").rglob("*.*"))
    assert code == 0 and len(out) == 3 and written == [f"a{suffix}", f"b/c{suffix}", f"b/d{suffix}"]
    for name in written:
        with Image.open(table / "out" / name) as image:
            assert image.format == format.upper()
    assert run("in/b/d.bmp", "--format", format)[1] == [f"in/b/d.bmp -> in/b/d.color{suffix} (0 hints)"]
    assert run("in/a.png", "-o", f"one{suffix.upper()}", "--format", format)[0] == 0


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_quality(table, run, format):
    photo(table / "p.png", size=(256, 256))
    sizes = []
    for options in (["--quality=30"], ["--quality=95"], []):
        line = json.loads(run("p.png", "--format", format, "--force", "--json", *options)[1][0])
        sizes.append(Path(line["output"]).stat().st_size)
    assert 2 * sizes[0] < sizes[1] == sizes[2]


def test_a_folder_passes_over_no_photo_in_silence(table, run):
    for name in ("a.jp2", "b.jfif", "c.tga", "d.pgm"):
        photo(table / "in" / name)
    for name in ("e.heic", "f.NEF", "notes.txt"):
        (table / "in" / name).write_bytes(b"no picture that is read")
    code, out, err = run("in", "-o", "out")
    assert code == 1 and len(out) == 4
    assert sorted(path.name for path in (table / "out").iterdir()) == ["a.png", "b.png", "c.png", "d.png"]
    assert "e.heic" in err and "f.NEF" in err and "notes" not in err


def test_several_processes_give_the_same_in_the_same_order(table, run):
    names = [f"{i}.png" for i in range(9)]
    for i, name in enumerate(names):
        photo(table / "in" / name, i, size=(640, 480) if i == 0 else (64, 48))  # the first one takes longest
    (table / "in" / "4.png").write_bytes(b"no picture")
    assert run("in", "-o", "one", "--workers", "1")[0] == 1
    code, out, err = run("in", "-o", "two", "--workers", "2", "--json")
    lines = [json.loads(line) for line in out]
    assert code == 1 and [Path(line["photo"]).name for line in lines] == names
    assert ["error" in line for line in lines] == [name == "4.png" for name in names]
    assert "4.png: " in err and "8 pictures, " in err and " images/s" in err
    for name in names[:4] + names[5:]:
        assert (table / "two" / name).read_bytes() == (table / "one" / name).read_bytes()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_an_interrupted_run_has_done_is_left_as_it_is(table, run, workers):
    for i in range(6):
        photo(table / "in" / f"{i}.png", i)
    assert run("in/0.png", "in/3.png", "-o", "out")[0] == 0
    (table / "out" / "3.png").write_bytes(b"touched up by hand")
    code, _, err = run("in", "-o", "out", "--workers", workers)
    assert code == 1 and err.count("--skip-existing to leave it") == 2
    (table / "in" / "5.png").write_bytes(b"no picture")
    (table / "out" / "5.png").unlink()
    code, out, err = run("in", "-o", "out", "--workers", workers, "--skip-existing")
    assert code == 1 and out == [] and "5.png: " in err and "5 pictures are there from an earlier run" in err
    assert (table / "out" / "3.png").read_bytes() == b"touched up by hand"
    with pytest.raises(SystemExit):
        run("in", "-o", "out", "--skip-existing", "--force")


def test_an_error_that_nobody_foresaw_is_that_photos_alone(table, run, monkeypatch):
    real = Colorizer.set_photo

    def set_photo(self, source):
        if Path(source).name == "b.png":
            raise ZeroDivisionError("in a library")
        return real(self, source)

    monkeypatch.setattr(Colorizer, "set_photo", set_photo)
    for name in ("a.png", "b.png", "c.png"):
        photo(table / "in" / name)
    code, out, err = run("in", "-o", "out", "--workers", "1")
    assert code == 1 and len(out) == 2 and "b.png: an error that was not foreseen, ZeroDivisionError: in a lib" in err


# Ends the process that opens poison.png, as the system ends one that asks for too much memory.
POISON = """
import os, sys
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("poison.png") and "spawn_main" in str(sys.orig_argv):
        os.kill(os.getpid(), 9)
sys.addaudithook(hook)
"""


def test_a_process_that_ends_takes_one_photo_with_it(table, small_weights):
    for name in ("a.png", "poison.png", "x.png", "y.png", "z.png"):
        photo(table / "in" / name)
    (table / "sitecustomize.py").write_text(POISON)
    command = [sys.executable, "-m", "adacolvit.cli", "colorize", "in", "-o", "out", f"--model={small_weights}"]
    environment = os.environ | {"PYTHONPATH": str(table)}
    done = subprocess.run(
        [*command, "--workers", "2"], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "poison.png: the process that colored it ended" in done.stderr
    assert sorted(os.listdir(table / "out")) == ["a.png", "x.png", "y.png", "z.png"]


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C to a group of processes")
def test_ctrl_c_ends_all_processes_and_leaves_whole_pictures(table, small_weights):
    for i in range(40):
        photo(table / "in" / f"{i:02}.png", i, size=(900, 600))
    command = [sys.executable, "-m", "adacolvit.cli", "colorize", "in", "-o", "out", f"--model={small_weights}"]
    process = subprocess.Popen(
        [*command, "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # else inherited from who runs the tests
    )
    assert process.stdout.readline().startswith("in")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130 and err == ""
    end = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):  # soon nobody is left
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.02)
    written = list((table / "out").iterdir())
    assert 0 < len(written) < 40
    assert all(pixels(path).shape == (600, 900, 3) for path in written)


def test_a_budget(table, budget_weights, small_weights, capsys):
    photo(table / "a.png")
    spent = {}
    for budget in ("0", "0.4", "0.5", "1"):
        run = ["colorize", f"--model={budget_weights}", "a.png", "-o", f"{budget}.png", "--budget", budget, "--json"]
        assert main(run) == 0
        line = json.loads(capsys.readouterr().out)
        spent[budget] = line["macs"] / line["dense_macs"]
    assert spent["0"] == spent["0.4"] < spent["0.5"] < spent["1"] == 1
    assert not np.array_equal(pixels("0.4.png"), pixels("1.png"))
    assert main(["colorize", f"--model={small_weights}", "a.png", "-o", "b.png", "--budget", "0.5"]) != 0
    assert "one budget only" in capsys.readouterr().err and not Path("b.png").exists()


@pytest.mark.parametrize("suffix", [".heic", ".bmp", ".jp2", ".pdf", ".gif"])
def test_a_picture_that_cannot_be_written_is_not_taken_for_a_folder(table, run, suffix):
    photo(table / "p.png")
    code, _, err = run("p.png", "-o", f"out{suffix}")
    assert code == 2 and "cannot be written" in err and not (table / f"out{suffix}").exists()
    assert run("p.png", "-o", "version-1.2")[0] == 0 and (table / "version-1.2" / "p.png").exists()


def test_a_name_that_is_no_text_does_not_end_a_batch(table, small_weights):
    for name in (b"a.png", b"b\xe9.png", b"c.png"):
        photo(table / "in" / os.fsdecode(name))
    command = [sys.executable, "-m", "adacolvit.cli", "colorize", "in", "-o", "out", f"--model={small_weights}"]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0 and done.stdout.count(b"\n") == 3, done.stderr
    assert len(list((table / "out").iterdir())) == 3


def test_hints_beside_the_photo_are_used(table, run):
    photo(table / "p.png")
    photo(table / "q.png")
    hints = (Hint(5, 6, "#7b4a2d"), Hint(50, 40, "#2d4a7b"))
    save_hints(table / "p.hints.json", HintFile("p.png", 64, 48, hints))
    lines = [json.loads(line) for line in run("p.png", "q.png", "--json")[1]]
    assert [line["hints"] for line in lines] == [2, 0]
    assert [line["output"] for line in lines] == ["p.color.png", "q.color.png"]
    assert all(0 < line["macs"] <= line["dense_macs"] and line["milliseconds"] > 0 for line in lines)
    assert run("q.png", "--hints", "p.hints.json", "-o", "q2.png")[0] == 0
    assert np.array_equal(pixels(table / "p.color.png"), pixels(table / "q2.png"))
    line = json.loads(run("p.png", "-o", "p3.png", "--hint=1,1,#fff", "--json")[1][0])
    assert line["hints"] == 1  # what is asked for on the command line comes instead


def test_hints_painted_on_a_picture(table, run):
    photo(table / "p.png")
    painted = np.zeros((48, 64, 4), np.uint8)
    painted[10:12, 20:22] = 200, 30, 40, 255
    Image.fromarray(painted).save(table / "painted.png")
    line = json.loads(run("p.png", "--hints", "painted.png", "--json")[1][0])
    assert line["hints"] == 1


def test_a_failing_photo_is_named_and_the_others_are_written(table, run):
    photo(table / "good.png")
    photo(table / "cut.png")
    (table / "cut.png").write_bytes((table / "cut.png").read_bytes()[:200])
    (table / "empty.jpg").write_bytes(b"")
    (table / "text.jpg").write_text("hello")
    (table / "no photos").mkdir()
    code, out, err = run("cut.png", "empty.jpg", "text.jpg", "missing.jpg", "no photos", "good.png", "-o", "out")
    assert code == 1
    assert out == [f"good.png -> {os.path.join('out', 'good.png')} (0 hints)"]
    for name in ("cut.png", "empty.jpg", "text.jpg", "missing.jpg", "no photos"):
        assert f"adacolvit: {name}: " in err
    assert os.listdir(table / "out") == ["good.png"]
    *failed, good = (json.loads(line) for line in run("empty.jpg", "good.png", "-o", "out2", "--json")[1])
    assert failed[0]["photo"] == "empty.jpg" and failed[0]["error"] and "error" not in good


def test_no_other_photo_is_overwritten_either(table, run):
    photo(table / "album" / "x.gif")
    before = photo(table / "album" / "x.png", 1).read_bytes()
    code, out, err = run("album", "-o", "album", "--force")
    assert code == 1 and not out and err.count("replace the photo") == 2
    photo(table / "other" / "x.png", 2)
    code, out, _ = run("other", "album/x.png", "-o", "album", "--force")
    assert code == 1 and not out
    assert (table / "album" / "x.png").read_bytes() == before


def test_a_second_run_into_a_folder_below_colors_the_same_photos(table, run):
    photo(table / "album" / "x.png")
    for _ in range(2):
        code, out, _ = run("album", "-o", "album/colored", "--force")
        assert code == 0 and len(out) == 1
    assert sorted(os.listdir(table / "album" / "colored")) == ["x.png"]


def test_a_name_as_long_as_a_file_system_takes_does_not_stop_the_others(table, run):
    photo(table / ("x" * 251 + ".png"))
    photo(table / "z.png", 1)
    assert run(".", "-o", "out")[0] == 0
    assert len(os.listdir(table / "out")) == 2


def test_a_name_longer_than_that_is_no_photo(table, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["a" * 300])
    assert main(["a" * 300 + ".png"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err and "not foreseen" not in err and "File name too long" in err


def test_nothing_is_overwritten_by_surprise(table, run):
    photo(table / "p.png")
    before = (table / "p.png").read_bytes()
    for force in ([], ["--force"]):
        code, _, err = run("p.png", "-o", "p.png", *force)
        assert code == 1 and "replace the photo p.png" in err
        assert run("p.png", "-o", ".", *force)[0] == 1
    assert (table / "p.png").read_bytes() == before
    assert run("p.png", "-o", "out.png")[0] == 0
    written = (table / "out.png").read_bytes()
    code, _, err = run("p.png", "-o", "out.png", "--hint=3,3,#f00")
    assert code == 1 and "--force" in err and (table / "out.png").read_bytes() == written
    assert run("p.png", "-o", "out.png", "--hint=3,3,#f00", "--force")[0] == 0
    assert (table / "out.png").read_bytes() != written
    photo(table / "other" / "p.png", 1)
    code, out, err = run("p.png", "other/p.png", "-o", "both")
    assert code == 1 and len(out) == 1 and "different folders" in err


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ('{"version": 1, "photo": {"name": "x.png", "width": 9, "height": 99}, "hints": []}', "another shape"),
        ('{"version": 7, "photo": {"name": "x.png", "width": 64, "height": 48}, "hints": []}', "version 7"),
        ("nonsense", "not JSON"),
    ],
)
def test_unusable_hint_files(table, run, hints, message):
    photo(table / "p.png")
    (table / "h.json").write_text(hints)
    code, out, err = run("p.png", "--hints", "h.json")
    assert code == 1 and not out and message in err and not (table / "p.color.png").exists()


def test_a_hint_outside_the_photo(table, run):
    photo(table / "p.png")
    code, _, err = run("p.png", "--hint", "64,0,#ffffff")
    assert code == 1 and "64 x 48" in err


def test_read_only_folder(table, run):
    photo(table / "p.png")
    closed = table / "closed"
    closed.mkdir(mode=0o555)
    if os.access(closed, os.W_OK):  # root may write anywhere but where nobody may
        closed = Path("/sys")
        if not closed.is_dir():
            pytest.skip("this user may write everywhere")
    code, out, err = run("p.png", "-o", closed / "out.png")
    assert code == 1 and not out and f"the folder {closed} does not allow it" in err


def test_output_below_a_file(table, run):
    photo(table / "p.png")
    (table / "file").write_text("")
    code, _, err = run("p.png", "-o", "file/out.png")
    assert code == 1 and "file" in err


def test_full_disk(table, small_weights):
    """A limit on file size stands in for a full disk: the write fails half way."""
    resource = pytest.importorskip("resource")
    photo(table / "p.png", size=(200, 200))

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [sys.executable, "-m", "adacolvit.cli", "colorize", "p.png", "-o", "out.png", f"--model={small_weights}"]
    code = f"import signal, runpy, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); sys.argv = {command[2:]!r}\n"
    code += "runpy.run_module('adacolvit.cli', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=small_files)
    assert done.returncode == 1 and "p.png: cannot write" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in table.iterdir()] == ["p.png"]
