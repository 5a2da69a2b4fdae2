"""One network for any budget, the same in every execution."""

import numpy as np
import pytest
import torch

from adacolvit.errors import BudgetError, WeightsError
from adacolvit.model.budget import check_budget, knots, shares, steering, table_shapes
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import build
from adacolvit.runtime.native_engine import NativeEngine, random_weights
from adacolvit.runtime.onnx_engine import OnnxEngine

from ..compiled import require_compiler

CONFIG = ModelConfig(width=48, depth=3, heads=2, budget_knots=5, least_budget=0.2, budget=0.5)
ONE_BUDGET = ModelConfig(width=48, depth=3, heads=2)


@pytest.mark.parametrize("budget", [0.2, 0.3, 0.4, 0.55, 0.99, 1.0])
def test_tables_are_interpolated(budget):
    tables = {name: np.random.default_rng(1).normal(size=shape) for name, shape in table_shapes(CONFIG).items()}
    row = shares(CONFIG, budget)
    assert row.sum() == pytest.approx(1)
    assert row @ knots(CONFIG) == pytest.approx(budget)
    found = steering(CONFIG, tables, budget)
    assert found.policy.shape == (48,)
    for part, table in zip(found, tables.values(), strict=True):
        flat = table.reshape(5, -1)
        each = [np.interp(budget, knots(CONFIG), flat[:, column]) for column in range(flat.shape[1])]
        np.testing.assert_allclose(part.ravel(), each, rtol=1e-5, atol=1e-6)


def test_what_a_budget_may_be():
    assert check_budget(CONFIG, None) == 0.5
    assert check_budget(CONFIG, 0.0) == 0.2
    assert check_budget(CONFIG, 0.7) == 0.7
    assert check_budget(ONE_BUDGET, None) is None
    with pytest.raises(BudgetError, match=r"0\.\.1"):
        check_budget(CONFIG, 1.5)
    with pytest.raises(BudgetError, match="one budget only"):
        check_budget(ONE_BUDGET, 0.7)


@pytest.mark.parametrize("values", [{"budget_knots": 1}, {"budget_knots": 3, "adaptive": False}, {"least_budget": 0.9}])
def test_a_config_that_makes_no_sense_is_refused(values):
    with pytest.raises(WeightsError, match="budget"):
        ModelConfig(**values)


@pytest.fixture(scope="module")
def executions():
    require_compiler()
    weights = random_weights("of a test", CONFIG)
    network = build(CONFIG)
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.tensors.items()})
    return network.eval(), NativeEngine(weights, threads=2, precision="fp32"), OnnxEngine(weights)


@pytest.mark.parametrize("budget", [None, 0.0, 0.2, 0.33, 0.5, 0.77, 1.0])
def test_every_execution_decides_and_computes_the_same(executions, budget):
    network, native, onnx = executions
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 80, 96)).astype(np.float32)
    with torch.no_grad():
        gathered, masked = (network(torch.from_numpy(x)[None], mode, budget=budget) for mode in ("gathered", "masked"))
    torch.testing.assert_close(gathered["ab"], masked["ab"], atol=1e-5, rtol=0)
    expected = gathered["decisions"]
    for engine in (native, onnx):
        ab, decided = engine.run(x, budget=budget)
        np.testing.assert_allclose(ab / 110, gathered["ab"][0], atol=1e-4)
        assert decided.budget == check_budget(CONFIG, budget)
        np.testing.assert_array_equal(decided.layers, expected.layers[0].bool())
        np.testing.assert_array_equal(decided.patches, expected.patches[0].bool())


def test_budgets_differ(executions):
    _, native, _ = executions
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 80, 96)).astype(np.float32)
    spent = {native.run(x, budget=budget)[1].macs for budget in (0.2, 0.6, 1.0)}
    assert len(spent) == 3  # the tables of this network are random: none is like another


def test_a_network_for_one_budget_refuses_others():
    require_compiler()
    for engine in (NativeEngine, OnnxEngine):
        with pytest.raises(BudgetError):
            engine(random_weights("of a test", ONE_BUDGET)).run(np.zeros((4, 32, 32), np.float32), budget=0.7)
