"""The compiled engine: agreement with torch, the count of what it executed, its memory, its threads, its fallback."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
import torch

from adacolvit.errors import EngineError
from adacolvit.hints.encoder import AB_SCALE
from adacolvit.model.config import VARIANTS, ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions as TorchDecisions
from adacolvit.runtime import native, native_engine
from adacolvit.runtime.engine import VARIABLE, Engine
from adacolvit.runtime.native_engine import NativeEngine
from adacolvit.runtime.onnx_engine import OnnxEngine
from adacolvit.weights import load_weights

from ..compiled import BUILD, require_compiler
from ..conftest import random_network
from .test_engine import picture, weights

require_compiler()

SETS = native.instruction_sets("fp32")
GROUPS = {g: ModelConfig(width=128, depth=2, heads=2, groups=g) for g in (1, 2, 4, 8)}
ODD = ModelConfig(width=36, depth=2, heads=3, groups=3, mlp_ratio=3, head_kernel=1)  # nothing fills a vector
DENSE = ModelConfig(width=64, depth=2, heads=2, groups=1, adaptive=False)
FEW = ModelConfig(width=36, depth=2, heads=3, groups=3, head_rank=200)  # pictures, though more than there are channels
SLIM = ModelConfig(width=40, depth=2, heads=2, slim=(((3, 10, 7), (10, 2, 80)), ((10, 1, 80), (0, 0, 0))))
CORNERS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 40), (40, 1), (3, 3), (14, 14)]


def grids(seed: int, count: int = 6) -> list[tuple[int, int]]:
    """The corners of 1 x 1 to 40 x 40, and some of what is between."""
    rng = np.random.default_rng(seed)
    return CORNERS + [tuple(g) for g in np.exp(rng.uniform(0, np.log(41), (count, 2))).astype(int).tolist()]


def forced(config: ModelConfig, patches: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random decisions; of the patches sometimes none, sometimes all."""
    rng = np.random.default_rng(seed)
    share = rng.choice([0, 0.1, 0.5, 0.9, 1], (config.depth, 2, 1))
    return rng.random((config.depth, 2)) < 0.8, rng.random((config.depth, 2, patches)) < share


def reference(net, x: np.ndarray, decisions, mode: str) -> np.ndarray:
    given = None if decisions is None else TorchDecisions(*(torch.from_numpy(d[None]).float() for d in decisions))
    with torch.no_grad():
        return net(torch.from_numpy(x)[None], mode, forced=given)["ab"][0].numpy()


def test_the_library_is_built_from_the_sources_that_are_here():
    built = native.library().adacolvit_sources().decode()
    assert built == BUILD["sources_digest"](), "native/ has changed since it was built: python native/build.py"


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("groups", GROUPS)
def test_agrees_with_torch_on_any_decisions_and_grid(groups, instruction_set):
    config = GROUPS[groups]
    net = random_network(config, groups)
    engine = NativeEngine(weights(net), instruction_set=instruction_set)
    for i, (rows, columns) in enumerate(grids(groups)):
        x, decisions = picture(rows, columns, i), forced(config, rows * columns, i)
        ab, returned = engine.run(x, forced=decisions)
        expected = reference(net, x, decisions, ("masked", "gathered")[i % 2])
        assert np.abs(ab / AB_SCALE - expected).max() < 1e-4, (rows, columns)
        assert np.array_equal(returned.layers, decisions[0])
        assert np.array_equal(returned.patches, decisions[1] & decisions[0][..., None])
        ran = cost(config, rows * columns, decisions[0], decisions[1].sum(-1))
        deciding = config.width * (2 * config.depth + int(decisions[0].sum()) * rows * columns)
        assert returned.macs == ran - deciding  # what is forced is not decided
    assert expected.std() > 0.01  # a constant would agree too easily


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize(
    "config",
    [ODD, DENSE, FEW, SLIM, VARIANTS["small-g4"]],
    ids=["odd widths", "dense", "few pictures", "slim", "small"],
)
def test_agrees_with_torch_on_its_own_decisions(config, instruction_set):
    net = random_network(config, 5)
    engine = NativeEngine(weights(net), instruction_set=instruction_set)
    for rows, columns in [(1, 1), (5, 3), (9, 10)]:
        x = picture(rows, columns, rows)
        ab, decisions = engine.run(x)
        with torch.no_grad():
            expected = net(torch.from_numpy(x)[None], "gathered")
        assert np.abs(ab / AB_SCALE - expected["ab"][0].numpy()).max() < 1e-4
        if config.adaptive:
            assert np.array_equal(decisions.layers, expected["decisions"].layers[0].numpy() > 0)
            assert np.array_equal(decisions.patches, expected["decisions"].patches[0].numpy() > 0)
        assert decisions.macs == cost(config, rows * columns, decisions.layers, decisions.patches.sum(-1))


@pytest.fixture(scope="module")
def tiny():
    return load_weights("tiny")


@pytest.mark.parametrize("instruction_set", SETS)
def test_the_shipped_network_gives_the_picture_of_onnx_runtime(tiny, instruction_set):
    x = picture(14, 14, 0)
    ab, decisions = NativeEngine(tiny, instruction_set=instruction_set).run(x)
    expected, of_onnx = OnnxEngine(tiny).run(x)
    assert np.abs(ab - expected).max() / AB_SCALE < 1e-4
    assert np.array_equal(decisions.layers, of_onnx.layers) and np.array_equal(decisions.patches, of_onnx.patches)
    assert decisions.macs == of_onnx.macs


@pytest.mark.parametrize("threads", [1, 2])
def test_every_layer_that_ran_was_timed(threads):
    config = GROUPS[2]
    engine = NativeEngine(weights(random_network(config, 7)), threads=threads)
    x, decisions = picture(14, 14, 0), forced(config, 14 * 14, 0)
    decisions[0][0] = True, False
    start = perf_counter()
    _, returned = engine.run(x, forced=decisions)
    whole = (perf_counter() - start) * 1e3
    assert np.array_equal(returned.milliseconds > 0, decisions[0])
    assert 0 < returned.milliseconds.sum() < whole


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_share_the_rows_of_one_call(threads):
    network = weights(random_network(GROUPS[2], 3))
    one, several = (NativeEngine(network, threads=n, precision="fp32") for n in (1, threads))
    for rows, columns in [(1, 1), (1, 2), (7, 9), (14, 14)] * 5:
        x = picture(rows, columns, rows)
        expected, decisions = one.run(x)
        ab, same = several.run(x)
        assert np.abs(ab - expected).max() < 1e-4 and same.macs == decisions.macs


@pytest.mark.parametrize("threads", [1, 2])
def test_several_callers_at_once(threads):
    engine = NativeEngine(weights(random_network(GROUPS[2], 4)), threads=threads)
    pictures = [picture(*grid, i) for i, grid in enumerate([(4, 5), (9, 2), (6, 6), (1, 1), (12, 3)])]
    expected = [engine.run(x)[0] for x in pictures]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(10):
            for ab, right in zip(pool.map(lambda x: engine.run(x)[0], pictures), expected, strict=True):
                assert np.array_equal(ab, right)


def test_a_click_asks_for_no_memory():
    engine = NativeEngine(weights(random_network(GROUPS[4], 6)))
    large, small = picture(9, 8, 0), picture(3, 4, 1)
    first = engine.run(large)[0].copy()
    before = native.library().adacolvit_allocations()
    for _ in range(50):
        engine.run(small)
        again = engine.run(large)[0]
    assert native.library().adacolvit_allocations() == before
    assert np.array_equal(again, first)


@pytest.mark.parametrize("shape", [(3, 32, 32), (4, 32, 40), (4, 0, 16)])
def test_a_picture_of_the_wrong_shape_is_refused(shape):
    engine = NativeEngine(weights(random_network(DENSE, 0)))
    with pytest.raises(ValueError, match="multiples of 16"):
        engine.run(np.zeros(shape, np.float32))


@pytest.mark.parametrize("execution", ["native", "onnxruntime"])
def test_every_engine_takes_and_refuses_the_same_pictures(tiny, execution):
    engine, x = Engine(tiny, execution=execution), picture(3, 4, 0)
    assert np.array_equal(engine.run(x.astype(np.float64))[0], engine.run(x)[0])
    for shape in [(3, 32, 32), (4, 100, 112), (4, 8, 8), (4, 32)]:
        with pytest.raises(ValueError, match="multiples of 16"):
            engine.run(np.zeros(shape, np.float32))


@pytest.mark.parametrize("instruction_set", SETS)
def test_a_picture_of_no_numbers_spoils_none_after_it(instruction_set):
    engine = NativeEngine(weights(random_network(ODD, 0)), instruction_set=instruction_set)
    x = picture(4, 4, 0)
    before = engine.run(x)[0]
    assert np.isnan(engine.run(np.full_like(x, np.nan))[0]).any()  # and it can be seen that they are none
    assert np.array_equal(engine.run(x)[0], before)


FORKED = """
import os, sys
import numpy as np
from adacolvit.runtime.native_engine import NativeEngine, random_weights
from adacolvit.model.config import ModelConfig
engine = NativeEngine(random_weights("of a test", ModelConfig(width=64, depth=2, heads=2)), threads=2)
x = np.zeros((4, 64, 64), np.float32)
before = engine.run(x)[0]
for colors in (True, False):
    child = os.fork()
    if not child:
        if colors:
            assert np.array_equal(engine.run(x)[0], before)
            del engine
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
assert np.array_equal(engine.run(x)[0], before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_colors_and_ends():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


ENDING = """
import threading, time
import numpy as np
from adacolvit.runtime.native_engine import NativeEngine, random_weights
from adacolvit.model.config import ModelConfig
engine = NativeEngine(random_weights("of a test", ModelConfig(width=384, depth=12, heads=6)))
x, begun = np.zeros((4, 448, 448), np.float32), threading.Event()
def color():
    while True:
        begun.set()
        engine.run(x)
threading.Thread(target=color, daemon=True).start()
begun.wait()
time.sleep(0.2)
"""


def test_a_program_ends_while_a_thread_still_colors():
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_library_of_another_version_is_not_used(tiny, forgetful, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(native, "INTERFACE", native.INTERFACE + 1)
    assert "another version" in Engine(tiny).fallback
    source = tmp_path / "other.cpp"
    source.write_text('extern "C" int adacolvit_bits(const char*) { return 0; }\n')
    other = tmp_path / "other.so"
    subprocess.run([*BUILD["compiler"]().split(), "-shared", "-fPIC", str(source), "-o", str(other)], check=True)
    monkeypatch.setattr(native, "LIBRARY", other)
    native.library.cache_clear()
    assert "another version" in Engine(tiny).fallback


def test_an_instruction_set_that_is_not_here_is_refused(tiny):
    with pytest.raises(EngineError, match=SETS[0]):
        NativeEngine(tiny, instruction_set="altivec")


@pytest.fixture
def forgetful():
    """Before and after a test that changes what the engine finds, nothing is remembered of what it found."""
    caches = native.library, native.instruction_sets, native_engine.trusted_instruction_set
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.skipif(len(SETS) < 2, reason="this processor runs one instruction set only")
def test_an_instruction_set_that_computes_something_else_is_not_trusted(tiny, forgetful, monkeypatch):
    run = NativeEngine.run

    def faulty(self, x, **options):
        ab, decisions = run(self, x, **options)
        return ab + 0.1 * (self.instruction_set == SETS[0]), decisions

    monkeypatch.setattr(NativeEngine, "run", faulty)
    assert NativeEngine(tiny, precision="fp32").instruction_set == SETS[1]


def test_the_engine_falls_back_to_onnx_runtime(tiny, forgetful, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    x = picture(4, 4, 0)
    compiled = Engine(tiny)
    assert compiled.name == f"compiled, {SETS[0]}" and compiled.fallback is None
    for library, why in [(tmp_path / "missing.so", "without a C\\+\\+ compiler"), (Path(__file__), "cannot be loaded")]:
        monkeypatch.setattr(native, "LIBRARY", library)
        native.library.cache_clear()
        engine = Engine(tiny)
        assert engine.name.startswith("ONNX Runtime")
        with pytest.raises(EngineError, match=why) as refused:
            Engine(tiny, execution="native")
        assert engine.fallback == str(refused.value)
        assert np.abs(engine.run(x)[0] - compiled.run(x)[0]).max() / AB_SCALE < 1e-4


def test_the_environment_chooses_the_engine(tiny, monkeypatch):
    monkeypatch.setenv(VARIABLE, "onnxruntime")
    engine = Engine(tiny)
    assert engine.name.startswith("ONNX Runtime") and engine.fallback is None
    monkeypatch.setenv(VARIABLE, "abacus")
    with pytest.raises(EngineError, match="no engine 'abacus'"):
        Engine(tiny)
