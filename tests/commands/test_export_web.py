"""``adacolvit export --format web``: half the file, the same results."""

import json

import numpy as np
import onnxruntime

from adacolvit.cli import main
from adacolvit.hints.encoder import encode_one
from adacolvit.model.positions import sine_positions
from adacolvit.weights import load_weights


def run(path) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    lightness = random.uniform(0, 100, (64, 96)).astype(np.float32)
    places = np.array([10, 40]), np.array([20, 70]), np.array([2, 5]), np.array([[40, -30], [-20, 50]], np.float32)
    feeds = {"x": encode_one(lightness, *places)[None], "positions": sine_positions(4, 6, 192)}
    return onnxruntime.InferenceSession(path).run(None, feeds)


def test_the_web_format_is_half_as_large_and_gives_the_same(tmp_path):
    whole, folder = tmp_path / "tiny.onnx", tmp_path / "model"
    assert main(["export", "-o", str(whole)]) == 0
    assert main(["export", "--format", "web", "-o", str(folder)]) == 0
    description = json.loads((folder / "model.json").read_text())
    half = folder / description["file"]
    weights = load_weights("tiny")
    assert description["sha256"] == weights.sha256
    assert description["config"] == weights.config.to_dict()
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    for narrow, wide in zip(run(half), run(whole), strict=True):
        np.testing.assert_allclose(narrow, wide, atol=1e-6)
    assert main(["export", "--format", "web", "-o", str(folder)]) == 1, "nothing is replaced without --force"
