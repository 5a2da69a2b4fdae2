"""The protocol: known predictions get known scores, networks go through the product's engine, processes agree."""

import math
import multiprocessing
import sys

import numpy as np
import pytest
from PIL import Image

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import BudgetError, DataError, MissingExtra, UsageError, WeightsError
from adacolvit.evaluation import metrics
from adacolvit.evaluation.classical import Nearest
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.methods import Network, make_methods
from adacolvit.evaluation.photos import Source, iter_sources, lay, load
from adacolvit.evaluation.protocol import evaluate, evaluate_photo, join, resize_ab
from adacolvit.hints.encoder import encode
from adacolvit.model.cost import cost
from adacolvit.runtime.engine import Engine
from adacolvit.runtime.refine import refine
from adacolvit.weights import load_weights


@pytest.fixture(scope="module")
def sources(photo_set):
    return list(iter_sources(photo_set))


@pytest.fixture(scope="module")
def hint_set(sources):
    return draw(sources, seed=2)


class Always:
    """A method whose prediction is known before."""

    name, digest = "always", ""

    def __init__(self, ab):
        self.ab, self.asked = ab, []

    def predict(self, lightness, rows, columns, sizes, ab):
        assert lightness.shape == self.ab.shape[:2] and lightness.dtype == np.float32
        self.asked.append((rows, columns, sizes, ab))
        return self.ab, 1000


@pytest.mark.parametrize("frame", ["square", "native"])
def test_the_truth_scores_best_on_the_frame_it_was_shown(sources, hint_set, frame):
    truth = lay(load(sources[0]), frame)
    method = Always(truth.lab[..., 1:])
    none, some = evaluate_photo(sources[0], [(method, [0, 5])], hint_set, frame)
    assert (none.psnr if frame == "square" else none.psnr_native) == 50
    assert min(none.psnr, none.psnr_native) > 40, "the other frame differs by resampling alone"
    assert none.macs == 1000 and none.hints == 0 and some.hints == 5 and none.frame == frame
    assert none.chroma == none.true_chroma and none.seam == none.true_seam
    assert some.hint_error == pytest.approx(0, abs=1e-3) and math.isnan(none.hint_error)
    assert none.gain > 0 and [len(asked[0]) for asked in method.asked] == [0, 5]


def test_gray_gains_nothing_and_scores_as_computed_by_hand(sources, hint_set):
    truth = lay(load(sources[1]), "square")
    (row,) = evaluate_photo(sources[1], [(Always(np.zeros((224, 224, 2), np.float32)), [10])], hint_set, "square")
    luma = Image.fromarray(truth.lab[..., 0])  # L alone, back to sRGB by the definition of Lab
    f = (np.asarray(luma, np.float64) + 16) / 116
    linear = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    gray = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    assert row.psnr == pytest.approx(metrics.psnr(gray[..., None], truth.rgb), abs=1e-2)
    assert row.gain == 0 and row.chroma == 0 and math.isnan(row.seam) and row.ciede2000 > 1


def test_photos_of_another_set_are_refused(sources, hint_set):
    with pytest.raises(DataError, match="no places"):
        evaluate_photo(Source("other", sources[0].content), [(Nearest(), [1])], hint_set, "square")


def test_resizing_color():
    ab = np.random.default_rng(0).normal(size=(32, 48, 2)).astype(np.float32)
    assert resize_ab(ab, 32, 48) is ab
    flat = np.broadcast_to(np.float32([3, -4]), (32, 48, 2))
    assert resize_ab(flat, 64, 20) == pytest.approx(np.broadcast_to([3, -4], (64, 20, 2)), abs=1e-5)
    ramp = np.stack(np.meshgrid(np.arange(48), np.arange(32)), -1).astype(np.float32)  # a is x, b is y
    larger = resize_ab(ramp, 64, 96)
    assert larger[40, 50] == pytest.approx([(50.5 / 2) - 0.5, (40.5 / 2) - 0.5], abs=1e-4)


@pytest.mark.parametrize("frame", ["square", "native"])
def test_a_network_is_run_as_in_the_product(sources, hint_set, small_weights, frame):
    (row,) = evaluate_photo(sources[0], [(Network(load_weights(small_weights)), [10])], hint_set, frame)
    truth, square = lay(load(sources[0]), frame), lay(load(sources[0]), "square")
    lightness = np.ascontiguousarray(truth.lab[..., 0])
    hints = hint_set.hints(sources[0].key, 10, truth.frame, truth.lab[..., 1:])
    engine = Engine(load_weights(small_weights))
    ab, decisions = engine.run(encode(lightness[None], *(part[None] for part in hints))[0])
    rows, columns = truth.frame.grid
    assert row.macs == cost(engine.config, rows * columns, decisions.layers, decisions.patches.sum(-1))
    assert row.macs < cost(engine.config, rows * columns), "its random decisions skip something"
    refined = refine(lightness, ab, *hints)
    assert row.psnr == metrics.psnr(lab_to_srgb(join(square, refined.transpose(1, 2, 0))), square.rgb)
    (alone,) = evaluate_photo(sources[0], [(make_methods([f"alone:{small_weights}"], [])[0], [10])], hint_set, frame)
    assert alone.psnr == metrics.psnr(lab_to_srgb(join(square, ab.transpose(1, 2, 0))), square.rgb)
    assert row.method == "small" and row.chroma > 0


def test_methods_are_made_by_name(small_weights, tmp_path):
    twin = tmp_path / small_weights.name
    twin.write_bytes(small_weights.read_bytes())
    methods = make_methods([small_weights, twin], ["levin", "gray"])
    assert [method.name for method in methods] == ["small", f"{tmp_path.name}/small", "levin", "gray"]
    with pytest.raises(UsageError, match="no baseline named 'grey': take some of gray, nearest, levin"):
        make_methods([], ["grey"])
    with pytest.raises(UsageError, match="two methods share a name"):
        make_methods([], ["gray", "gray"])
    with pytest.raises(WeightsError):
        make_methods([tmp_path / "missing.safetensors"], [])


def test_a_network_is_measured_at_a_budget(sources, hint_set, budget_weights, small_weights):
    names = [f"{budget_weights}@0.4", f"alone:{budget_weights}@1", budget_weights]
    methods = make_methods(names, [])
    assert [method.name for method in methods] == ["any-budget@0.4", "any-budget@1 alone", "any-budget"]
    rows = evaluate_photo(sources[0], [(method, [10]) for method in methods], hint_set, "square")
    dense = cost(methods[0]._engine.config, 196)
    assert rows[0].macs < rows[2].macs < rows[1].macs == dense
    with pytest.raises(BudgetError, match="one budget only"):
        make_methods([f"{small_weights}@0.4"], [])


def test_only_levins_method_needs_scipy(small_weights, monkeypatch):
    monkeypatch.delitem(sys.modules, "adacolvit.evaluation.levin", raising=False)
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert len(make_methods([small_weights], ["gray", "nearest"])) == 3
    with pytest.raises(MissingExtra, match=r"scipy is not installed.*adacolvit\[train\]"):
        make_methods([], ["levin"])


def test_several_processes_measure_the_same(sources, hint_set, small_weights):
    options = {"models": [str(small_weights)], "baselines": ["gray", "nearest"], "frame": "native"}

    def todo(key):
        return {"small": [0, 10], "nearest": [] if key == "lake" else [5]}

    alone = list(evaluate(sources, hint_set, todo=todo, **options))
    together = list(evaluate(sources, hint_set, todo=todo, workers=2, **options))
    assert [len(rows) for rows in alone] == [2, 3, 3]
    assert [[str(row) for row in rows] for rows in together] == [[str(row) for row in rows] for rows in alone]


def test_an_error_in_another_process_arrives(sources, hint_set):
    bad = [*sources, Source("stranger", b"")]
    with pytest.raises(DataError, match="no places for the photo stranger"):
        list(evaluate(bad, hint_set, baselines=["gray"], todo=lambda key: {"gray": [0]}, workers=2))


def test_a_process_that_is_ended_is_reported(sources, hint_set):
    measuring = evaluate(sources * 5, hint_set, baselines=["gray"], todo=lambda key: {"gray": [0]}, workers=2)
    next(measuring)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(DataError, match="use fewer workers"):
        list(measuring)
