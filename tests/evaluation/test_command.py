"""Stories of ``adacolvit evaluate``, run as a person runs it."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from adacolvit.cli import main
from adacolvit.evaluation import keeping, latency
from adacolvit.evaluation.classical import Nearest
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.methods import Network
from adacolvit.evaluation.photos import iter_sources, load
from adacolvit.evaluation.report import public_command
from adacolvit.weights import load_weights, write_weights


def evaluate(*arguments) -> int:
    return main(["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def measured(photo_set, small_weights, tmp_path_factory):
    """A folder with everything one evaluation writes."""
    folder = tmp_path_factory.mktemp("measured")
    outputs = [f"--{kind}={folder / name}" for kind, name in OUTPUTS.items()]
    options = ["--data", photo_set, "--model", small_weights, "--baselines", "gray,nearest", "--hints", "0,10,100"]
    assert evaluate(*options, *outputs) == 0
    return folder


OUTPUTS = {"json": "out.json", "csv": "out.csv", "sheet": "out.png", "hint-set": "hints.npz"}


def test_the_summary_says_what_was_measured(measured):
    content = json.loads((measured / "out.json").read_text())
    assert content["data"]["name"] == "made-up.tar" and content["photos"] == 3 and content["frame"] == "square"
    entries = {(entry["method"], entry["hints"]): entry for entry in content["summary"]}
    assert list(entries) == [(m, n) for m in ("small", "gray", "nearest") for n in (0, 10, 100)]
    assert entries["gray", 0]["psnr"] == entries["gray", 100]["psnr"] == entries["nearest", 0]["psnr"]
    assert entries["nearest", 100]["psnr"] > entries["nearest", 10]["psnr"] > entries["gray", 10]["psnr"]
    assert entries["nearest", 10]["difference_low"] <= entries["nearest", 10]["difference"]
    assert entries["small", 10]["macs_p5"] <= entries["small", 10]["macs"] and entries["gray", 10]["macs"] is None


def test_the_summary_keeps_names_and_digests_but_no_folders(measured, photo_set, small_weights):
    text = (measured / "out.json").read_text()
    assert str(measured) not in text and str(photo_set.parent) not in text and str(small_weights.parent) not in text
    content = json.loads(text)
    assert content["compared_with"] == "small"
    assert content["models"] == {"small": hashlib.sha256(small_weights.read_bytes()).hexdigest()}
    assert len(content["data"]["digest"]) == 12


def test_a_command_is_published_without_folders():
    words = ["evaluate", "--data=/a/b/dev.tar", "--model", "alone:runs/x.safetensors", "--model", "tiny"]
    words += ["--hints", "1,10", "--data", "ctest10k:/imagenet/val,/lists/ctest10k.txt", "--json", "C:\\me\\out.json"]
    assert public_command(words) == (
        "adacolvit evaluate --data=dev.tar --model alone:x.safetensors --model tiny --hints 1,10 "
        "--data ctest10k:val,ctest10k.txt --json out.json"
    )


def test_latency_is_measured_for_every_method_in_turn(photo_set, small_weights, tmp_path, capsys):
    options = ["--data", photo_set, "--model", small_weights, "--baselines", "gray", "--hints", "10", "--latency"]
    assert evaluate(*options, "--json", tmp_path / "out.json") == 0
    found = json.loads((tmp_path / "out.json").read_text())["latency"]
    small, gray = found["milliseconds"]["small"], found["milliseconds"]["gray"]
    assert small["runs"] == gray["runs"] == 3 * latency.ROUNDS and found["hints"] == 10
    assert 0 < gray["median"] < small["median"] and small["p5"] <= small["median"] <= small["p95"]
    assert found["machine"]["processor"] and " ms " in capsys.readouterr().out


def test_methods_take_turns_on_one_core(photo_set):
    """The clock runs for each in turn, and the first, cold run is not counted."""
    order, cores = [], set()

    class Slow:
        def __init__(self, name, seconds):
            self.name, self.digest, self.seconds = name, "", seconds

        def predict(self, lightness, rows, *_):
            order.append(self.name)
            cores.add(tuple(os.sched_getaffinity(0)))
            time.sleep(self.seconds)
            assert lightness.shape == (224, 224) and len(rows) == 5

    before = os.sched_getaffinity(0)
    sources = list(iter_sources(photo_set, 2))
    found = latency.measure(sources, [Slow("a", 0.002), Slow("b", 0.02)], draw(sources), 5, "square", rounds=3)
    assert order == ["a", "b"] * 4 * 2 and found["a"]["runs"] == 3 * 2
    assert found["a"]["median"] >= 2 and found["b"]["median"] >= 20
    assert len(cores) == 1 and len(next(iter(cores))) == 1 and os.sched_getaffinity(0) == before


def test_the_table_of_photos_agrees_with_the_summary(measured):
    summary = json.loads((measured / "out.json").read_text())
    with open(measured / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3 * 3
    assert {row["hint_set"] for row in rows} == {summary["hint_set"]["digest"]}
    chosen = [float(row["psnr"]) for row in rows if row["method"] == "nearest" and row["hints"] == "100"]
    entry = next(e for e in summary["summary"] if (e["method"], e["hints"]) == ("nearest", 100))
    assert np.mean(chosen) == pytest.approx(entry["psnr"])


def test_the_sheet_shows_gray_hints_methods_and_truth(measured, photo_set):
    with Image.open(measured / "out.png") as image:
        sheet = np.asarray(image.convert("RGB")).astype(int)
    columns = 2 + 3 + 1
    assert sheet.shape == (3 * (224 + 8 + 16) + 16 + 2 * 8, columns * (224 + 8) + 8, 3)
    lines = [sheet[24 + i * 248 : 24 + i * 248 + 224] for i in range(3)]
    pictures = [[line[:, 8 + i * 232 : 8 + i * 232 + 224] for i in range(columns)] for line in lines]
    photos = [load(source).resize((224, 224), Image.Resampling.BILINEAR) for source in iter_sources(photo_set)]
    for photo, (gray, hinted, _, also_gray, nearest, truth) in zip(photos, pictures, strict=True):
        assert np.abs(np.ptp(gray, axis=-1)).max() <= 1, "equal channels, up to rounding"
        assert np.array_equal(gray, also_gray)
        assert 0.005 < (gray != hinted).any(-1).mean() < 0.1, "ten rings"
        assert np.ptp(nearest, axis=-1).mean() > 20
        assert np.array_equal(truth, np.asarray(photo))


def test_the_hint_set_and_baselines_are_used_again(measured, photo_set, tmp_path, capsys):
    """A changed value in the earlier table must come through: what is there is not computed again."""
    lines = (measured / "out.csv").read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if ",lake,nearest,10," in line)
    cells = lines[number].split(",")
    lines[number] = ",".join([*cells[:5], "42.5", *cells[6:]])
    (tmp_path / "earlier.csv").write_text("\n".join(lines) + "\n")
    options = ["--data", photo_set, "--baselines", "nearest", "--hint-set", measured / "hints.npz"]
    again = ["--reuse", tmp_path / "earlier.csv", "--csv", tmp_path / "new.csv"]
    assert evaluate(*options, *again, "--hints", "5,10") == 0
    with open(tmp_path / "new.csv", newline="") as file:
        psnr = {(row["key"], row["hints"]): float(row["psnr"]) for row in csv.DictReader(file)}
    assert len(psnr) == 6 and psnr["lake", "10"] == 42.5 and psnr["lake", "5"] != 42.5
    assert psnr["town", "10"] == float(next(line for line in lines if ",town,nearest,10," in line).split(",")[5])
    capsys.readouterr()
    assert evaluate(*options, *again, "--frame", "native", "--force") == 1
    assert "another hint set or frame" in capsys.readouterr().err


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("end", [interrupt, lambda: signal.raise_signal(signal.SIGTERM)], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_run_can_go_on(photo_set, tmp_path, monkeypatch, capsys, end):
    """Ended during the third photo: the table holds two, and a run that uses it colors only the third."""
    colored = []
    real = Nearest.predict

    def predict(self, lightness, *hints):
        colored.append(lightness)
        if len(colored) == 3:
            end()
        return real(self, lightness, *hints)

    monkeypatch.setattr(Nearest, "predict", predict)
    options = ["--data", photo_set, "--baselines", "nearest", "--hints", "10", "--csv", tmp_path / "rows.csv"]
    before = signal.getsignal(signal.SIGTERM)
    assert evaluate(*options) == 130 and signal.getsignal(signal.SIGTERM) == before
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 1 + 2
    assert evaluate(*options, "--reuse", tmp_path / "rows.csv") == 0
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 1 + 3 and len(colored) == 4
    assert "3 photos" in capsys.readouterr().out


def test_a_table_is_written_on_the_way(photo_set, tmp_path, monkeypatch):
    """What kills a process outright leaves what was written by then."""
    written = []
    real = Nearest.predict

    def predict(*arguments):
        path = tmp_path / "rows.csv"
        written.append(len(path.read_text().splitlines()) if path.exists() else 0)
        return real(*arguments)

    monkeypatch.setattr(Nearest, "predict", predict)
    monkeypatch.setattr(keeping, "EVERY", 0)
    options = ["--data", photo_set, "--baselines", "nearest", "--hints", "10", "--csv", tmp_path / "rows.csv"]
    assert evaluate(*options) == 0
    assert written == [0, 1 + 1, 1 + 2]


def test_a_reused_table_keeps_what_is_not_measured_again(photo_set, tmp_path, monkeypatch):
    """Fewer methods, other hint counts, fewer photos: all that was there is there afterwards; interrupted too."""
    path = tmp_path / "rows.csv"
    options = ["--data", photo_set, "--reuse", path, "--csv", path]
    assert evaluate("--data", photo_set, "--baselines", "gray,nearest", "--hints", "5,10", "--csv", path) == 0
    before = set(path.read_text().splitlines())
    assert len(before) == 1 + 2 * 2 * 3
    assert evaluate(*options, "--baselines", "nearest", "--hints", "20", "--limit", "2") == 0
    after = path.read_text().splitlines()
    assert before < set(after) and len(after) == len(before) + 2
    assert evaluate(*options, "--baselines", "nearest", "--hints", "10") == 0
    monkeypatch.setattr(Nearest, "predict", lambda *_: interrupt())
    assert evaluate(*options, "--baselines", "nearest", "--hints", "10,50") == 130
    assert sorted(path.read_text().splitlines()) == sorted(after)


def test_what_exists_is_not_replaced_unasked(photo_set, tmp_path, capsys):
    options = ["--data", photo_set, "--baselines", "gray", "--hints", "1"]
    for kind, name in (("csv", "rows.csv"), ("parquet", "rows.parquet"), ("json", "out.json"), ("sheet", "out.png")):
        path = tmp_path / name
        path.write_bytes(b"mine")
        assert evaluate(*options, f"--{kind}", path) == 1
        assert f"{name} exists already" in capsys.readouterr().err and path.read_bytes() == b"mine"
        assert evaluate(*options, f"--{kind}", path, "--force") == 0
        assert path.read_bytes() != b"mine"


def test_a_network_is_measured_again_only_where_its_weights_are_others(photo_set, small_weights, tmp_path, monkeypatch):
    options = ["--data", photo_set, "--hints", "10", "--csv", tmp_path / "rows.csv"]
    assert evaluate(*options, "--model", small_weights) == 0
    colored = []
    real = Network.predict
    monkeypatch.setattr(Network, "predict", lambda *arguments: colored.append(1) or real(*arguments))
    assert evaluate(*options, "--model", small_weights, "--reuse", tmp_path / "rows.csv") == 0
    assert not colored
    (tmp_path / "other").mkdir()
    weights = load_weights(small_weights)
    tensors = {name: tensor + np.float32(1e-3) for name, tensor in weights.tensors.items()}
    write_weights(tmp_path / "other" / small_weights.name, weights.config, tensors, np.float32)
    other = ["--model", tmp_path / "other" / small_weights.name, "--reuse", tmp_path / "rows.csv"]
    assert evaluate(*options, *other) == 0
    assert len(colored) == 3


def test_a_hint_set_of_another_seed_is_not_taken(photo_set, measured, capsys):
    options = ["--data", photo_set, "--baselines", "gray", "--hints", "1", "--hint-set", measured / "hints.npz"]
    assert evaluate(*options, "--seed", "0") == 0
    assert evaluate(*options, "--seed", "7") == 1
    assert "was drawn with seed 0, not 7" in capsys.readouterr().err


def test_a_table_is_printed(photo_set, capsys):
    assert evaluate("--data", photo_set, "--baselines", "gray,nearest", "--hints", "10", "--limit", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith("2 photos") and "PSNR dB" in out and "less gray" in out
    assert "gray with 10 hints gains least over gray on lake (+0.0 dB), meadow (+0.0 dB)" in out


def test_what_cannot_be_done_is_said_before_the_work(photo_set, measured, tmp_path, capsys, monkeypatch):
    def fails(*arguments):
        assert evaluate(*arguments) in (1, 2)
        return capsys.readouterr().err

    assert "nothing to evaluate" in fails("--data", photo_set)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        assert "pip install" in fails(
            "--data", "missing", "--baselines", "gray", "--parquet", tmp_path / "rows.parquet"
        )
    assert "no baseline named 'grey'" in fails("--data", photo_set, "--baselines", "grey")
    assert "there is no model named" in fails("--data", photo_set, "--model", "enormous")
    assert "does not exist" in fails("--data", tmp_path / "missing.tar", "--baselines", "gray")
    assert "make it first" in fails("--data", photo_set, "--baselines", "gray", "--json", tmp_path / "no" / "out.json")
    assert "name it .png" in fails("--data", photo_set, "--baselines", "gray", "--sheet", tmp_path / "sheet.txt")
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "photos" / "lake.png")
    other = ("--data", tmp_path / "photos", "--baselines", "gray", "--hint-set", measured / "hints.npz")
    assert "the photo lake is not the one of the hint set" in fails(*other)
    with pytest.raises(SystemExit) as stopped:
        evaluate("--data", photo_set, "--baselines", "gray", "--hints", "101")
    assert stopped.value.code == 2 and "between 0 and 100" in capsys.readouterr().err


def test_measuring_weights_needs_neither_torch_nor_scipy(photo_set, small_weights):
    code = (
        "import sys; from adacolvit.cli import main\n"
        f"code = main(['evaluate', '--data', {str(photo_set)!r}, '--model', {str(small_weights)!r}, '--hints', '10'])\n"
        "assert code == 0 and not {'torch', 'scipy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
