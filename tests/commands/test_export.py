"""`adacolvit export --format onnx`: what ONNX Runtime makes of it."""

import numpy as np
import onnx
import onnxruntime

from adacolvit.cli import main
from adacolvit.hints.encoder import AB_SCALE
from adacolvit.model.positions import sine_positions
from adacolvit.runtime.engine import Engine
from adacolvit.weights import load_weights


def test_exported_network_gives_the_engines_picture(table, small_weights, capsys):
    assert main(["export", "--model", str(small_weights), "--format", "onnx"]) == 0
    assert main(["export", "--model", str(small_weights), "--format", "onnx"]) == 1
    assert "--force" in capsys.readouterr().err
    model = onnx.load(table / "small.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""} and model.opset_import[0].version <= 20
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 48, 80)).astype(np.float32)
    x[3] = x[1] > 0.49
    weights = load_weights(small_weights)
    session = onnxruntime.InferenceSession(table / "small.onnx", providers=["CPUExecutionProvider"])
    ab, layers, patches = session.run(None, {"x": x[None], "positions": sine_positions(3, 5, weights.config.width)})
    expected, decisions = Engine(weights).run(x)
    assert np.abs(ab[0] * AB_SCALE - expected).max() < 1e-3
    assert np.array_equal(layers, decisions.layers) and np.array_equal(patches, decisions.patches)


def test_an_exported_network_takes_budgets(table, budget_weights, capsys):
    assert main(["export", "--model", str(budget_weights), "-o", "any.onnx"]) == 0
    assert "budget (1,)" in capsys.readouterr().out
    onnx.checker.check_model("any.onnx", full_check=True)
    session = onnxruntime.InferenceSession("any.onnx", providers=["CPUExecutionProvider"])
    engine = Engine(load_weights(budget_weights))
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 64, 48)).astype(np.float32)
    for budget in (0.0, 0.5, 1.0):
        feeds = {"x": x[None], "positions": sine_positions(4, 3, 64), "budget": np.array([budget], np.float32)}
        ab, layers, _ = session.run(None, feeds)
        expected, decided = engine.run(x, budget=budget)
        np.testing.assert_allclose(ab[0] * AB_SCALE, expected, atol=1e-2)
        assert np.array_equal(layers, decided.layers)
