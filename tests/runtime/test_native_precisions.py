"""Products in bf16 and int8: agreement with fp32, on this processor and, for instructions that it lacks, emulated."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from adacolvit.bench.command import SAMPLES
from adacolvit.color.hex import format_hex
from adacolvit.colorizer import Colorizer
from adacolvit.errors import EngineError
from adacolvit.hints.encoder import AB_SCALE
from adacolvit.model.config import ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.decisions import Decisions
from adacolvit.photo import open_photo
from adacolvit.runtime import native, native_engine
from adacolvit.runtime.engine import PRECISION, Engine
from adacolvit.runtime.native_engine import TOLERANCE, NativeEngine
from adacolvit.weights import load_weights

from ..compiled import BUILD, require_compiler
from ..conftest import random_network
from .test_engine import picture, weights

EMULATED = Path(__file__).with_name("emulated.h")
EMULATES = "amx", "avx512_bf16", "avx_vnni"

require_compiler()

HERE = [name for name in native.instruction_sets() if native.precision_of(name) != "fp32"]
CONFIGS = {
    "g2": ModelConfig(width=128, depth=2, heads=2, groups=2),
    "g8": ModelConfig(width=64, depth=2, heads=1, groups=8),
    "odd widths": ModelConfig(width=36, depth=2, heads=3, groups=3, mlp_ratio=3, head_kernel=1),
    "dense": ModelConfig(width=64, depth=2, heads=2, groups=1, adaptive=False),
    "few pictures": ModelConfig(width=64, depth=2, heads=2, groups=2, head_rank=40),
    "slim": ModelConfig(width=96, depth=2, heads=2, slim=(((4, 24, 30), (20, 8, 0)), ((24, 5, 192), (0, 0, 17)))),
    "tiny": ModelConfig(depth=3),
}
GRIDS = [(1, 1), (1, 2), (3, 1), (1, 40), (40, 1), (3, 5), (4, 8), (11, 3), (14, 14)]


def forget() -> None:
    for cached in (
        native.library,
        native.instruction_sets,
        native_engine.trusted_instruction_set,
        native_engine.default_precision,
    ):
        cached.cache_clear()


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """The library with the instructions that are missing here done in plain C++, from the engine's own sources."""
    sets = dict(BUILD["INSTRUCTION_SETS"].get("x86_64"))
    if "avx2" not in native.instruction_sets():
        pytest.skip("the emulation is for x86-64 with AVX2")
    base = next(name for name in ("avx512", "avx2") if name in native.instruction_sets())
    sets["amx"] = (16, [*sets[base][1], BUILD["MATRIX"]])
    sets["avx512_bf16"] = (16, sets[base][1])
    sets["avx_vnni"] = (8, sets["avx2"][1])
    options = ["-O2", "-include", str(EMULATED)]
    return BUILD["build"](tmp_path_factory.mktemp("emulated") / "engine.so", options=options, sets=sets)


@pytest.fixture
def with_all(emulated, monkeypatch):
    """As if this processor had all instructions."""
    monkeypatch.setattr(native, "LIBRARY", emulated)
    forget()
    yield
    forget()


def narrowed(precision: str, x: torch.Tensor, groups: int = 1) -> torch.Tensor:
    """Rows as the engine's products see them: rounded to bf16, or each group of a row to its own 256 steps."""
    if precision == "bf16":
        return x.bfloat16().float()
    parts = x.unflatten(-1, (groups, -1))
    low, high = parts.amin(-1, keepdim=True).clamp(max=0), parts.amax(-1, keepdim=True).clamp(min=0)
    step = ((high - low) / 255).clamp(min=1e-30)
    zero = (-low / step + 0.5).floor()
    return (((parts / step + zero + 0.5).floor().clamp(0, 255) - zero) * step).flatten(-2)


def narrowed_weight(precision: str, weight: torch.Tensor) -> torch.Tensor:
    if precision == "bf16":
        return weight.bfloat16().float()
    step = weight.abs().amax(1, keepdim=True) / 127
    return (weight / step).round() * step


@contextmanager
def narrow_products(precision: str, config: ModelConfig):
    """All products with weights in torch as the engine has them in this precision, but for decisions."""
    linear, conv2d, functional = F.linear, F.conv2d, torch.nn.functional

    def product(x, weight, bias=None):
        if len(weight) <= 2:
            return linear(x, weight, bias)
        if weight.shape[1] == config.patch_values:  # the hints' gain belongs to the weights
            gain = torch.ones(4).index_fill(0, torch.tensor([1, 2, 3]), config.hint_gain).repeat_interleave(256)
            x, weight = narrowed(precision, x / gain, 4), weight * gain
        else:
            x = narrowed(precision, x)
        return linear(x, narrowed_weight(precision, weight), bias)

    def head(x, weight, bias, *_):
        taps = weight.shape[2] * weight.shape[3]
        rows = F.unfold(x, weight.shape[2:]).unflatten(1, (-1, taps)).permute(0, 3, 2, 1).flatten(2)  # B N taps-C
        matrix = narrowed_weight(precision, weight.permute(0, 2, 3, 1).flatten(1))
        out = linear(narrowed(precision, rows, taps), matrix, bias)
        shape = [x.shape[2] - weight.shape[2] + 1, x.shape[3] - weight.shape[3] + 1]
        return out.transpose(1, 2).unflatten(2, shape)

    functional.linear, functional.conv2d = product, head
    try:
        yield
    finally:
        functional.linear, functional.conv2d = linear, conv2d


def check(config: ModelConfig, instruction_set: str) -> None:
    """The same rounded products done by torch give the same color, on grids of every shape and random decisions."""
    net = random_network(config, 1)
    with torch.no_grad():
        net.head.weight *= 0.1  # else most of the color is at its limits, where nothing is to be seen
    network = weights(net)
    engine, threaded = (NativeEngine(network, instruction_set=instruction_set, threads=n) for n in (1, 3))
    rng, found, rounding, apart = np.random.default_rng(0), [], [], []
    for rows, columns in GRIDS:
        x = picture(rows, columns, rows)
        share = rng.choice([0, 0.1, 0.5, 0.9, 1], (config.depth, 2, 1))
        forced = rng.random((config.depth, 2)) < 0.8, rng.random((config.depth, 2, rows * columns)) < share
        given = Decisions(*(torch.from_numpy(d[None]).float() for d in forced)) if config.adaptive else None
        with torch.no_grad():
            exact = net(torch.from_numpy(x)[None], "masked", forced=given)["ab"][0].numpy()
            with narrow_products(engine.precision, config):
                expected = net(torch.from_numpy(x)[None], "masked", forced=given)["ab"][0].numpy()
        ab, decisions = engine.run(x, forced=forced)
        found.append(np.abs(ab / AB_SCALE - exact).mean())
        rounding.append(np.abs(expected - exact).mean())
        apart.append(np.abs(ab / AB_SCALE - expected).mean())
        assert np.abs(ab / AB_SCALE - exact).max() < 2 * TOLERANCE[engine.precision], (rows, columns)
        assert np.abs(threaded.run(x, forced=forced)[0] - ab).max() / AB_SCALE < 1e-2
    # It errs by what rounding makes of the products, no more, and in the same places, but for sums in another order,
    # which now and then round to the next step (and in bf16 but for attention, which torch has exact here).
    assert sum(found) < 1.3 * sum(rounding) and sum(apart) < sum(rounding)
    assert exact.std() > 0.05
    ab, decisions = engine.run(x)
    assert decisions.macs == cost(config, 14 * 14, decisions.layers, decisions.patches.sum(-1))


@pytest.mark.skipif(not HERE, reason="this processor computes in fp32 only")
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_fewer_bits_agree_with_fp32(config):
    for name in HERE:
        check(config, name)


@pytest.mark.timeout(900)  # it compiles, on a machine that may be busy
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_instructions_that_are_missing_here_agree_with_fp32(config, with_all):
    assert set(EMULATES) <= set(native.instruction_sets())
    for name in EMULATES:
        check(config, name)


@pytest.mark.skipif("bf16" not in map(native.precision_of, HERE), reason="this processor does not compute in bf16")
@pytest.mark.parametrize("count", [0, 1, 10])
def test_the_shipped_network_in_bf16_with_its_own_decisions_gives_the_same_picture(count):
    """A decision that falls otherwise changes little: below what bf16 is held to, but for single pixels."""
    tiny = load_weights("tiny")
    colorizers = [Colorizer(Engine(tiny, precision=precision)) for precision in ("fp32", "bf16")]
    for sample in SAMPLES.glob("*.jpg"):
        photo = open_photo(sample)
        for colorizer in colorizers:
            colorizer.set_photo(photo)
        warmer = colorizers[0].colorize().image.clip(0, 215) + np.uint8([40, 20, 0])
        rng = np.random.default_rng(1)
        places = rng.integers((0, 0), (photo.width, photo.height), (count, 2)).tolist()
        exact, ours = (c.colorize([(x, y, format_hex(warmer[y, x])) for x, y in places]) for c in colorizers)
        assert np.mean((ours.image / 255 - exact.image / 255) ** 2) < 10**-5.5  # 55 dB
        assert np.abs(ours.ab - exact.ab).max() / AB_SCALE < 2.5 * TOLERANCE["bf16"]


@pytest.mark.timeout(900)
def test_bf16_is_the_default_where_it_is(with_all, monkeypatch):
    monkeypatch.delenv(PRECISION, raising=False)
    tiny = load_weights("tiny")
    engine = Engine(tiny)
    assert (engine.precision, engine.name) == ("bf16", "compiled, amx (bf16)")
    assert Engine(tiny, precision="fp32").precision == "fp32"
    monkeypatch.setenv(PRECISION, "int8")
    assert Engine(tiny).precision == "int8"
    monkeypatch.delenv(PRECISION)
    run = NativeEngine.run

    def without_matrix_registers(self, x, **options):  # as if they computed something else
        ab, decisions = run(self, x, **options)
        return ab + 10 * (self.instruction_set == "amx"), decisions

    with monkeypatch.context() as patch:
        patch.setattr(NativeEngine, "run", without_matrix_registers)
        native_engine.trusted_instruction_set.cache_clear()
        assert Engine(tiny).name == "compiled, avx512_bf16 (bf16)"
    monkeypatch.setattr(native_engine, "TOLERANCE", TOLERANCE | {"bf16": 0})  # as if both did
    native_engine.trusted_instruction_set.cache_clear()
    native_engine.default_precision.cache_clear()
    assert Engine(tiny).precision == "fp32"
    with pytest.raises(EngineError, match="amx, avx512_bf16 failed its check"):
        Engine(tiny, precision="bf16")


@pytest.mark.skipif("avx512_bf16" not in HERE, reason="this processor has no vdpbf16ps")
@pytest.mark.timeout(900)
def test_the_emulation_of_pairs_is_exact(emulated, monkeypatch):
    """What is tested elsewhere in its place computes what this processor's own instruction does, to the last bit."""
    x, net = picture(5, 7, 0), weights(random_network(CONFIGS["g2"], 1))
    real, _ = NativeEngine(net, instruction_set="avx512_bf16").run(x)
    monkeypatch.setattr(native, "LIBRARY", emulated)
    forget()
    imitated, _ = NativeEngine(net, instruction_set="avx512_bf16").run(x)
    forget()
    assert np.array_equal(real, imitated)


def test_what_is_not_here_is_said(monkeypatch):
    tiny = load_weights("tiny")
    with pytest.raises(EngineError, match="no precision 'fp64'"):
        Engine(tiny, precision="fp64")
    with pytest.raises(EngineError, match="fp32 here, not in int8"):
        Engine(tiny, precision="int8", execution="onnxruntime")
    monkeypatch.setattr(native, "instruction_sets", lambda precision=None: ("generic",) if precision == "fp32" else ())
    monkeypatch.setattr(native_engine, "_probe", lambda: pytest.fail("there is nothing to check"))
    native_engine.trusted_instruction_set.cache_clear()
    with pytest.raises(EngineError, match="matrix registers"):
        Engine(tiny, precision="bf16")
    native_engine.trusted_instruction_set.cache_clear()
