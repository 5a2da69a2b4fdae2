"""Weights files: written, listed, verified, and refused where they are not what they say."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from adacolvit.errors import UsageError, WeightsError
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost
from adacolvit.runtime.engine import Engine
from adacolvit.runtime.native_engine import random_weights
from adacolvit.weights import Weights, list_models, load_weights, write_weights
from adacolvit.weights.publish import main, publish
from adacolvit.weights.store import HOME, sha256

from ..compiled import require_compiler

CONFIG = ModelConfig(width=64, depth=2, heads=2)
BESIDE = Path(__file__).parents[2] / "weights"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "manifest.json").write_text('{"version": 1, "models": []}')
    return tmp_path


def some_weights() -> Weights:
    tensors = {"a": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), "b": np.ones(5, np.float32)}
    return Weights("mine", CONFIG, tensors, "")


def published(home):
    return publish(some_weights(), "mine", gmacs=0.78, psnr=26.5, description="A test.", home=home)


def test_round_trip(home):
    info = published(home)
    loaded = load_weights("mine", home=home)
    assert loaded.config == CONFIG and loaded.info == info and loaded.name == "mine"
    assert info.parameters == 17 and info.sha256 == sha256(home / "mine.safetensors")
    for name, tensor in some_weights().tensors.items():
        assert loaded.tensors[name].dtype == np.float32
        assert np.abs(loaded.tensors[name] - tensor).max() < 1e-3  # stored as float16
    assert list_models(home) == [info]
    assert published(home) == info and list_models(home) == [info]  # replaced, not repeated


def test_by_path_without_manifest_entry(tmp_path):
    write_weights(tmp_path / "own.safetensors", CONFIG, some_weights().tensors, np.float32)
    loaded = load_weights(tmp_path / "own.safetensors")
    assert loaded.name == "own" and loaded.info is None
    assert np.array_equal(loaded.tensors["a"], some_weights().tensors["a"])
    assert [path.name for path in tmp_path.iterdir()] == ["own.safetensors"]


def test_publish_from_the_command_line(capsys, home):
    write_weights(home / "trained.safetensors", CONFIG, some_weights().tensors)
    figures = ["--gmacs=0.7", "--psnr=25", "--description=d"]
    main([str(home / "trained.safetensors"), "--name=x", *figures, f"--home={home}"])
    assert "x: x.safetensors" in capsys.readouterr().out
    assert [model.name for model in list_models(home)] == ["x"]


def test_damaged_file_is_refused(home):
    published(home)
    content = bytearray((home / "mine.safetensors").read_bytes())
    content[-1] ^= 1
    (home / "mine.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"not those that were published.*reinstall"):
        load_weights("mine", home=home)


def test_missing_file_and_name(home, tmp_path):
    published(home)
    (home / "mine.safetensors").unlink()
    with pytest.raises(WeightsError, match="reinstall"):
        load_weights("mine", home=home)
    with pytest.raises(UsageError, match=r"no model named 'big'; here are: mine"):
        load_weights("big", home=home)
    with pytest.raises(WeightsError, match="check the path"):
        load_weights(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a weights file"), (b"\x00" * 100, "not a weights file"), (b"\xff" * 100, "not a weights file")],
)
def test_not_safetensors(tmp_path, content, message):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "does not say which network"),
        ({"config": "{"}, "does not say which network"),
        ({"config": "[1]"}, "not an object"),
        ({"config": json.dumps({"colour": 1})}, "unknown entries"),
        ({"config": json.dumps({"width": "wide"})}, "whole number"),
        ({"config": json.dumps({"width": 65})}, "65"),
    ],
)
def test_config_of_another_kind(tmp_path, metadata, message):
    save_file({"a": np.zeros(1, np.float32)}, tmp_path / "x.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path / "x.safetensors")


def test_values_beyond_float16_are_refused_not_ruined(tmp_path):
    with pytest.raises(WeightsError, match="float16"):
        write_weights(tmp_path / "x.safetensors", CONFIG, {"a": np.array([1e6], np.float32)})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 2, "models": []}', '{"version": 1, "models": [{"name": 1}]}']
)
def test_unreadable_manifest(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(WeightsError):
        list_models(tmp_path)


def test_every_model_in_the_package_is_intact():
    for model in list_models():
        assert (HOME / model.file).is_file()
        weights = load_weights(model.name)
        assert sum(tensor.size for tensor in weights.tensors.values()) == model.parameters


def test_tensors_are_read_from_the_file_that_was_opened_or_not_at_all(tmp_path):
    path = tmp_path / "own.safetensors"
    write_weights(path, CONFIG, some_weights().tensors)
    loaded = load_weights(path)
    sent = pickle.loads(pickle.dumps(loaded))  # to the process that exports
    assert len(pickle.dumps(loaded)) < 2_000 and np.array_equal(sent.tensors["a"], loaded.tensors["a"])
    assert set(loaded.tensors) == {"a", "b"} and "c" not in loaded.tensors
    write_weights(path, CONFIG, {name: tensor + 1 for name, tensor in some_weights().tensors.items()})
    for weights in (loaded, sent):
        with pytest.raises(WeightsError, match="was replaced since it was opened"):
            weights.tensors["a"]
    path.unlink()
    with pytest.raises(WeightsError, match="cannot be read any more"):
        loaded.tensors["a"]


@pytest.mark.parametrize("path", sorted(BESIDE.glob("*.safetensors")), ids=lambda p: p.stem)
def test_networks_beside_the_package_run(path):
    weights = load_weights(path)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 64, 96)).astype(np.float32)
    engine = Engine(weights)
    ab, decisions = engine.run(x)
    assert np.isfinite(ab).all() and ab.std() > 0
    assert 0 < decisions.macs <= cost(weights.config, 24)
    if path.stem == "tiny-any":
        spent = [engine.run(x, budget=budget)[1].macs for budget in (0.25, 0.5, 1.0)]
        assert spent == sorted(spent) and spent[0] < 0.4 * cost(weights.config, 24)
        assert decisions.budget == pytest.approx(0.4986, abs=1e-4)


@pytest.mark.parametrize(
    "changed",
    [
        {"depth": -1}, {"depth": 10**6}, {"depth": 2.0}, {"heads": 0}, {"heads": -2}, {"width": 48.0}, {"groups": 0},
        {"adaptive": "no"}, {"adaptive": -1}, {"adaptive": 5}, {"head_kernel": 2}, {"head_kernel": "3"},
        {"head_rank": -1}, {"head_rank": 513}, {"head_rank": True},
        {"hint_gain": "a"}, {"hint_gain": None}, {"hint_gain": float("nan")}, {"hint_gain": 1e39}, {"mlp_ratio": 10**7},
        {"budget_knots": -3}, {"slim": 3}, {"slim": "no"}, {"slim": [[[8, 8, 64], [8, 8, 64]]] * 99}, {"slim": [1, 2]},
        {"slim": [[[0, 0, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1]]]}, {"slim": [[[1, 1, 1], [1, 0, 1]]] * 2},
        {"slim": [[[1, 1, 10**6], [1, 1, 1]]] * 2}, {"slim": [[[1, 1, 1.0], [1, 1, 1]]] * 2},
        {"slim": [[[1, 1, 1]]] * 2},
    ],
    ids=str,
)  # fmt: skip
def test_a_config_that_no_network_has_is_refused(changed):
    with pytest.raises(WeightsError):
        ModelConfig.from_dict(CONFIG.to_dict() | changed)


def test_a_deep_config_is_refused(tmp_path):
    nested = "[" * 100_000 + "]" * 100_000
    save_file({"a": np.ones(2, np.float32)}, tmp_path / "deep.safetensors", metadata={"config": nested})
    with pytest.raises(WeightsError):
        load_weights(tmp_path / "deep.safetensors")


def damaged(tmp_path, change) -> Weights:
    """Weights of a network, one of whose tensors was changed."""
    tensors = dict(random_weights("of a test", CONFIG).tensors)
    tensors["norm.bias"] = change(tensors["norm.bias"])
    save_file(tensors, tmp_path / "own.safetensors", metadata={"config": json.dumps(CONFIG.to_dict())})
    return load_weights(tmp_path / "own.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: np.full_like(t, np.nan), "norm.bias is not finite"),
        (lambda t: np.full(t.shape, 1e300), "norm.bias is not finite"),
        (lambda t: t.astype(np.int32), "of type I32"),
        (lambda t: t[1:], "has shape"),
    ],
)
@pytest.mark.parametrize("execution", ["native", "onnxruntime"])
def test_damaged_tensors_are_refused_by_every_engine(tmp_path, change, message, execution):
    if execution == "native":
        require_compiler()
    with pytest.raises(WeightsError, match=message):
        Engine(damaged(tmp_path, change), execution=execution)


def test_a_model_is_published_over_its_own_file(home):
    published(home)
    again = publish(load_weights("mine", home=home), "mine", gmacs=0.5, psnr=27.0, description="Anew.", home=home)
    assert list_models(home) == [again] and again.gmacs == 0.5
    assert load_weights("mine", home=home).info == again
