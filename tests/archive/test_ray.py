"""A cluster of two workers, of which one is killed half-way, and a photo that kills whoever touches it."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adacolvit.cli import main

PHOTOS = 60
WORKER = b"ray::MapWorker(Map(Painter))"  # not an agent of Ray's, without which the whole node ends
PATIENCE = 200  # seconds, of a busy machine; it takes 20 on a quiet one

# Ends a worker of Ray that opens poison.png, as the system ends one that asks for too much memory.
POISON = """
import os, sys
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("poison.png") and "default_worker" in sys.argv[0]:
        os.kill(os.getpid(), 9)
sys.addaudithook(hook)
"""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'adacolvit[ray]'"
)


@pytest.fixture
def archive(tmp_path):
    """A folder of photos, some in a subfolder; one is damaged."""
    rng = np.random.default_rng(0)
    for i in range(PHOTOS):
        path = tmp_path / "in" / ("sub" if i % 3 == 0 else "") / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (96, 128), dtype=np.uint8)).save(path)
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "in" / "poison.png").write_bytes((tmp_path / "in" / "01.png").read_bytes())
    return tmp_path


def processes(mark: str, name: bytes = b"") -> list[int]:
    """Processes started, at whatever remove, with ``mark`` in their environment, whose title begins with ``name``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark.encode() in (folder / "environ").read_bytes()
            if marked and (folder / "cmdline").read_bytes().startswith(name):
                found.append(int(folder.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found


def until(condition, what: str):
    """The first true value of ``condition()``."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def pictures(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds Ray's workers in /proc")
def test_every_photo_is_written_once_or_reported_though_workers_die(archive, small_weights, capsys):
    mark = f"ADACOLVIT_TEST={uuid.uuid4()}"
    (archive / "sitecustomize.py").write_text(POISON)
    environment = os.environ | dict([mark.split("=")]) | {"PYTHONPATH": str(archive)}
    source, target = f"file://{archive}/in", f"file://{archive}/out"
    arguments = ["colorize", source, "-o", target, f"--model={small_weights}", "--json", "--hint=9,9,#b04030"]
    command = [sys.executable, "-m", "adacolvit.cli", *arguments, "--ray", "local", "--workers", "2"]
    out = archive / "out"
    with (archive / "lines").open("wb") as lines, (archive / "errors").open("wb") as errors:
        run = subprocess.Popen(command, env=environment, stdout=lines, stderr=errors)
        try:
            until(lambda: run.poll() is not None or len(pictures(out)) >= PHOTOS // 6, "the first pictures")
            workers = processes(mark, WORKER)
            assert len(pictures(out)) < PHOTOS and len(workers) >= 2, (archive / "errors").read_text()
            os.kill(workers[0], signal.SIGKILL)
            assert run.wait(PATIENCE) == 1, (archive / "errors").read_text()
            until(lambda: not processes(mark), "Ray's processes to end")
        finally:
            for process in processes(mark):
                os.kill(process, signal.SIGKILL)
    reported = [json.loads(line) for line in (archive / "lines").read_text().splitlines()]
    failed = {Path(line["photo"]).name: line["error"] for line in reported if "error" in line}
    good = [line for line in reported if "error" not in line]
    assert len(reported) == len({line["photo"] for line in reported}) == PHOTOS + 2
    assert set(failed) == {"bad.jpg", "poison.png"}
    assert "not a picture" in failed["bad.jpg"] and "worker ended each time" in failed["poison.png"]
    assert sorted(line["output"] for line in good) == [f"{target}/{name}" for name in pictures(out)]
    assert all(line["hints"] == 1 and line["width"] == 128 for line in good)
    names = {p.name for p in out.rglob("*") if p.is_file() and p.suffix != ".jsonl"}
    assert names == {Path(line["output"]).name for line in good}  # nothing half-written is left

    # The same pictures as without Ray.
    here = arguments.copy()
    here[1:4] = [str(archive / "in" / "sub"), "-o", str(archive / "here")]
    assert main(here) == 0
    for name in pictures(archive / "here"):
        assert (archive / "here" / name).read_bytes() == (out / "sub" / name).read_bytes()
    capsys.readouterr()

    # A second run colors nothing again; so no cluster is asked for, once the two are out of the way.
    for name in failed:
        (archive / "in" / name).unlink()
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.png")}
    assert main([*arguments, "--ray", "nobody:1"]) == 0
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(again) == PHOTOS and all(line["kept"] for line in again)
    assert main([*arguments, "--ray", "nobody:1", "--saturation", "0.5"]) == 1  # other settings, and no --force
    refused = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(refused) == PHOTOS and all("--force" in line["error"] for line in refused)
    assert before == {p: p.stat().st_mtime_ns for p in out.rglob("*.png")}


def test_a_picture_saved_by_hand_after_an_interrupted_run_stays(tmp_path, small_weights, capsys):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a", "b", "c"):
        Image.fromarray(np.arange(96 * 128, dtype=np.uint8).reshape(96, 128)).save(source / f"{name}.png")
    options = ["-o", str(out), f"--model={small_weights}", "--json"]
    arguments = ["colorize", str(source), *options]

    def by(cluster: str, **environment: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "adacolvit.cli", *arguments, "--ray", cluster, "--workers", "1"]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=PATIENCE)

    nowhere = by("auto", RAY_TMPDIR=str(tmp_path))  # where no cluster left its address
    assert "no Ray cluster answers" in nowhere.stderr  # it noted the places of its pictures, and came no further
    assert main(arguments) == 0
    colored = (out / "a.png").read_bytes()
    (out / "b.png").write_bytes(b"by hand")
    (out / "c.png").unlink()
    done = by("local")
    lines = {Path(line["photo"]).stem: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1 and lines.keys() == {"a", "b", "c"}, done.stderr
    assert "exists already" in lines["b"]["error"] and "error" not in lines["a"] | lines["c"]
    assert (out / "b.png").read_bytes() == b"by hand"
    assert (out / "a.png").read_bytes() == (out / "c.png").read_bytes() == colored
    capsys.readouterr()
    assert main(["colorize", *(str(source / f"{name}.png") for name in "ac"), *options, "--ray", "nobody:1"]) == 0
    assert capsys.readouterr().out.count('"kept"') == 2


def test_a_cluster_that_does_not_answer(archive, small_weights):
    command = [
        sys.executable,
        "-m",
        "adacolvit.cli",
        "colorize",
        archive / "in",
        "-o",
        archive / "out",
        "--ray",
        "auto",
    ]
    environment = os.environ | {"RAY_TMPDIR": str(archive)}  # where no cluster left its address
    command = [*map(str, command), f"--model={small_weights}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE)
    assert done.returncode == 1 and "no Ray cluster answers at auto" in done.stderr and "Traceback" not in done.stderr
