"""Weights between two networks, and what one has learnt added to another."""

from dataclasses import replace

import numpy as np
import pytest

from adacolvit.errors import WeightsError
from adacolvit.model.config import ModelConfig
from adacolvit.weights import Weights, load_weights, write_weights
from adacolvit.weights.mix import main, mix

CONFIG = ModelConfig(width=64, depth=2, heads=2)


def weights(name, **tensors):
    return Weights(name, CONFIG, {key: np.full(3, value, np.float32) for key, value in tensors.items()}, "")


def test_without_a_start_the_result_lies_between():
    mixed = mix(weights("base", a=1), weights("other", a=5), share=0.25)
    np.testing.assert_array_equal(mixed["a"], [2, 2, 2])


def test_with_a_start_what_was_learnt_is_added_and_the_rest_stays():
    mixed = mix(weights("base", a=1, budgets=7), weights("other", a=5), weights("start", a=3), share=0.5)
    np.testing.assert_array_equal(mixed["a"], [2, 2, 2])
    np.testing.assert_array_equal(mixed["budgets"], [7, 7, 7])


def test_what_a_block_has_learnt_is_added_to_the_deeper_networks_that_grew_from_it():
    blocks = {f"blocks.{i}.a": np.full(3, 10 * i, np.float32) for i in range(4)}
    deep = Weights("deep", replace(CONFIG, depth=4), blocks, "")
    end, start = (weights(name, **{"blocks.0.a": 1, "blocks.1.a": value}) for name, value in (("end", 9), ("start", 3)))
    mixed = mix(deep, end, start, share=0.5)
    assert [mixed[f"blocks.{i}.a"].tolist() for i in range(4)] == [[0] * 3, [10] * 3, [23] * 3, [30] * 3]
    with pytest.raises(WeightsError, match="end has not grown from deep: 2 blocks, 4"):
        mix(end, deep)


@pytest.mark.parametrize("other", [{"a": np.zeros(4)}, {"b": np.zeros(3)}])
def test_another_network_is_refused(other):
    with pytest.raises(WeightsError, match=r"wider is another network than base: . does not fit"):
        mix(weights("base", a=1), Weights("wider", CONFIG, other, ""))


def test_command(tmp_path):
    for name, value in (("base", 1), ("other", 5), ("start", 3)):
        write_weights(tmp_path / f"{name}.safetensors", CONFIG, weights(name, a=value).tensors)
    base, other, start, out = (str(tmp_path / f"{name}.safetensors") for name in ("base", "other", "start", "out"))
    main([base, "--toward", other, "--start", start, "--share", "1", "--out", out])
    mixed = load_weights(out)
    assert mixed.config == CONFIG
    np.testing.assert_array_equal(mixed.tensors["a"], [3, 3, 3])
