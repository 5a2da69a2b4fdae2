"""``adacolvit bench``: every engine that is here runs the same networks, and agrees on what they cost."""

import importlib.util
import json
import os

import numpy as np
import pytest
import torch
from PIL import Image

from adacolvit.bench import measure
from adacolvit.bench.command import SIDE
from adacolvit.bench.executions import RIVALS, executions
from adacolvit.bench.journal import Journal
from adacolvit.cli import main
from adacolvit.evaluation.threads import one_core
from adacolvit.hints.encoder import AB_SCALE
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.counter import run_counted
from adacolvit.model.registry import build
from adacolvit.runtime import native
from adacolvit.runtime.native_engine import random_weights
from adacolvit.weights import load_weights

from ..compiled import require_compiler
from ..runtime.test_engine import picture

require_compiler()  # ours is one of the engines that are compared

DENSE = ModelConfig(width=64, depth=3, heads=2, groups=1, adaptive=False)


@pytest.fixture(scope="module")
def report(small_weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    rng = np.random.default_rng(0)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(folder / f"{name}.png")
    target = folder / "bench.json"
    wanted = ["bench", "--model", str(small_weights), "--data", str(folder), "--rounds", "2", "--json", str(target)]
    assert main(wanted) == 0
    return json.loads(target.read_text())


def test_every_engine_that_is_here_has_a_row_for_each_network(report):
    engines = {"torch", "onnxruntime", "adacolvit"} | ({"openvino"} if importlib.util.find_spec("openvino") else set())
    for adaptive in (False, True):
        rows = [row for row in report["rows"] if row["adaptive"] is adaptive]
        assert {row["engine"] for row in rows} == engines
        assert len({row["gmacs"] for row in rows if row["precision"] == "fp32"}) == 1
        assert all(row["ms"] > 0 and row["cold_ms"] > 0 for row in rows)


def test_a_network_for_any_budget_runs_alike_in_every_engine(budget_weights, tmp_path, capsys):
    weights = load_weights(budget_weights)
    x = np.random.default_rng(2).uniform(-0.5, 0.5, (4, 64, 64)).astype(np.float32)
    spent = set()
    for budget in (0.4, None, 1.0):
        ways = [
            way for way in executions(random_weights("dense", DENSE), weights, 64, budget) if way.precision == "fp32"
        ]
        outs = [way.load()(x) for way in ways if way.adaptive]
        assert len(outs) >= 3 and len({macs for _, macs in outs}) == 1
        assert all(np.abs(ab - outs[0][0]).max() < 1e-4 * AB_SCALE for ab, _ in outs)
        spent.add(outs[0][1])
    assert len(spent) == 3
    assert main(["bench", "--dense", str(budget_weights)]) != 0
    assert "decides what to leave out" in capsys.readouterr().err


def test_the_figures_hang_together(report):
    assert report["photos"] == 2 and report["peak_gflops"]["fp32"] > 0.1
    for row in report["rows"]:
        assert row["gflops"] == pytest.approx(2 * row["gmacs"] * 1e3 / row["ms"])
        peak = report["peak_gflops"].get(row["precision"])
        assert row["peak_share"] == (peak and pytest.approx(row["gflops"] / peak))
        if not row["adaptive"]:
            assert row["gmacs"] == pytest.approx(cost(DENSE, 196) / 1e9)
            assert row["psnr10"] is None  # of random weights
    quality = [row["psnr10"] for row in report["rows"] if row["adaptive"] and row["precision"] == "fp32"]
    assert max(quality) - min(quality) < 0.01
    ours = [row for row in report["rows"] if row["adaptive"] and row["engine"] == "adacolvit"]
    assert {row["precision"] for row in ours} == {native.precision_of(name) for name in native.instruction_sets()}
    assert max(abs(row["psnr10"] - quality[0]) for row in ours) < 0.5  # of a random network
    click = report["click"]
    assert click["clicks"] >= 100 and all(ms > 0 for ms in click["stages_ms"].values())
    assert click["network_ms"] < click["socket_ms"] <= click["socket_p95_ms"]  # the whole way, network included


def test_all_executions_give_the_same_picture():
    adaptive = ModelConfig(width=64, depth=2, heads=2, groups=2)
    x = picture(3, 3, 0)
    for config in (DENSE, adaptive):
        weights = random_weights("random", config)
        pair = (weights, weights)
        first, *others = [e.load()(x) for e in executions(*pair, side=48) if e.precision == "fp32"]
        assert len(others) >= 3  # torch, ONNX Runtime and the compiled engine, twice each
        for ab, macs in others:
            assert np.abs(ab - first[0]).max() / AB_SCALE < 1e-4 and macs == first[1]


def test_the_networks_of_the_comparison_run_in_the_same_measure(small_weights, tmp_path):
    target = tmp_path / "bench.json"
    command = ["bench", "--model", str(small_weights), "--photos", "1", "--rounds", "1", "--json", str(target)]
    assert main([*command, "--rivals"]) == 0
    rows = {row["model"].removesuffix(", random weights"): row for row in json.loads(target.read_text())["rows"]}
    assert {*RIVALS, "dense", "small"} == rows.keys()
    for name in RIVALS:
        _, macs = run_counted(build(name).eval(), torch.zeros(1, 4, SIDE, SIDE), "dense")
        assert rows[name]["gmacs"] == pytest.approx(macs / 1e9) and rows[name]["ms"] > 0
        assert (rows[name]["engine"], rows[name]["adaptive"], rows[name]["psnr10"]) == ("torch", False, None)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not pin processes")
def test_the_process_is_pinned_while_it_is_timed_and_not_after():
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_what_cannot_be_done_is_said_before_any_work(small_weights, tmp_path, capsys):
    command = ["bench", "--model", str(small_weights)]
    with pytest.raises(SystemExit):
        main([*command, "--hints", "101"])
    assert "from 1 to 100" in capsys.readouterr().err
    assert main([*command, "--json", str(tmp_path / "missing" / "x.json")]) == 1
    assert "make it first" in capsys.readouterr().err


def test_the_samples_are_the_default(small_weights, capsys):
    assert main(["bench", "--model", str(small_weights), "--rounds", "1"]) == 0
    out = capsys.readouterr().out
    assert "3 photos, 10 hints each" in out and "a click in the product" in out


def test_a_run_that_was_stopped_goes_on(small_weights, tmp_path, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    target, part = tmp_path / "bench.json", tmp_path / "bench.json.part"
    wanted = ["bench", "--model", str(small_weights), "--rounds", "1", "--json", str(target), "--markdown"]
    with monkeypatch.context() as patch:
        record, photos = measure._record, []
        patch.setattr(
            measure, "_record", lambda *given: stopped() if len(photos) == 2 else photos.append(0) or record(*given)
        )
        assert main(wanted) == 130
    assert len(part.read_text().splitlines()) == 3 and not target.exists()  # settings, two photos
    with part.open("a") as file:
        file.write('{"times": [[1.0')  # it was stopped while it wrote
    with monkeypatch.context() as patch:
        patch.setattr(measure, "_record", lambda *given: photos.append(0) or record(*given))
        assert main(wanted) == 0
    assert len(photos) == 3 and not part.exists()
    assert json.loads(target.read_text())["photos"] == 3
    assert "| small 0." in capsys.readouterr().out


def test_other_settings_begin_anew(tmp_path):
    first = Journal(tmp_path / "part", {"rounds": 1})
    first.note({"times": [[1.0]]})
    assert Journal(tmp_path / "part", {"rounds": 1}).records == first.records
    assert Journal(tmp_path / "part", {"rounds": 2}).records == []
