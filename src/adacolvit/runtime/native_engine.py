"""Runs a network on the CPU with the compiled engine."""

import math
import mmap
import weakref
from collections.abc import Iterator
from ctypes import byref, c_int64
from functools import cache, lru_cache

import numpy as np

from adacolvit.errors import EngineError, WeightsError
from adacolvit.hints.encoder import checked, decode_ab
from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import check_budget, steering, table_shapes
from adacolvit.model.config import IN_CHANNELS, NORM_EPS, OUT_CHANNELS, PAINTED, ModelConfig
from adacolvit.model.positions import sine_positions
from adacolvit.weights import Weights

from . import native
from .decisions import Decisions
from .native import address
from .tensors import embedding, tables, tensor

EMBEDDING = "patch_embed.weight"
# Of a / 110 and b / 110 for the same decisions, between instruction sets.
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2, "int8": 5e-2}


class NativeEngine:
    """A network ready to run. One engine may be used by several threads at once."""

    def __init__(
        self, weights: Weights, *, threads: int = 1, precision: str | None = None, instruction_set: str | None = None
    ) -> None:
        """``threads``: cores one call may use. ``precision``: of products, a key of ``TOLERANCE``; None for
        :func:`default_precision`. ``instruction_set``: None for the best of that precision that passes its check.

        Raises WeightsError, or EngineError where the engine cannot be had.
        """
        self._library = native.library()
        self.instruction_set = instruction_set or trusted_instruction_set(precision or default_precision())
        self.precision = native.precision_of(self.instruction_set)
        self.name = f"compiled, {self.instruction_set}" + (f" ({self.precision})" if self.precision != "fp32" else "")
        self.config = weights.config
        arrays = _tensors(weights)
        pointers = (native.Array * len(arrays))(*(address(a) for a in arrays))
        name = self.instruction_set.encode()
        widths = np.array([self.config.widths(block) for block in range(self.config.depth)], np.int32)
        config = _config(self.config, widths)
        self._handle = self._library.adacolvit_create(byref(config), pointers, name, threads)
        if not self._handle:
            raise EngineError(f"there is too little memory for the network {weights.name}: close other programs")
        # Not when the program ends: a thread may still color then, and the system takes all memory back.
        weakref.finalize(self, self._library.adacolvit_destroy, self._handle).atexit = False
        self._positions = lru_cache(maxsize=8)(sine_positions)  # a person's photos share few grids
        self._tables = tables(weights)

    def run(self, x: np.ndarray, *, budget: float | None = None, forced=None) -> tuple[np.ndarray, Decisions]:
        """As :meth:`adacolvit.runtime.engine.Engine.run`.

        forced: (layers, patches) as in Decisions, to use in place of the network's own; then nothing is decided.
        """
        x = checked(x)
        _, height, width = x.shape
        rows, columns = height // PATCH, width // PATCH
        positions = self._positions(rows, columns, self.config.width)
        ab = np.empty((OUT_CHANNELS, height, width), np.float32)
        shape = (self.config.depth, 2)
        layers, patches = np.empty(shape, bool), np.empty((*shape, rows * columns), bool)
        milliseconds = np.empty(shape, np.float32)
        budget = check_budget(self.config, budget)
        steer = None
        if budget is not None:
            steer = np.concatenate([part.ravel() for part in steering(self.config, self._tables, budget)])
        given = (None, None) if forced is None else tuple(np.ascontiguousarray(f, bool) for f in forced)
        if forced is not None and (given[0].shape, given[1].shape) != (layers.shape, patches.shape):
            raise ValueError(f"forced decisions are to have the shapes {layers.shape} and {patches.shape}")
        call = native.Call(
            address(x), address(positions), address(given[0]), address(given[1]), address(steer),
            decode_ab(1.0), address(ab), address(layers), address(patches), rows, columns, address(milliseconds),
        )  # fmt: skip
        macs = c_int64()
        if self._library.adacolvit_run(self._handle, byref(call), byref(macs)):
            raise EngineError(f"there is too little memory to run the network on {width} x {height} pixels")
        return ab, Decisions(layers, patches, macs.value, milliseconds, budget)


@cache
def default_precision() -> str:
    """bf16 where the processor multiplies it, which is nearly twice as fast or more and agrees with fp32 to 0.01 dB;
    else fp32. int8 is for those who ask for it: it differs more.
    """
    try:
        trusted_instruction_set("bf16")
    except EngineError:
        return "fp32"
    return "bf16"


@cache
def trusted_instruction_set(precision: str = "fp32") -> str:
    """The best instruction set of a precision that computes on this processor what the generic one does.

    Raises EngineError where there is none.
    """
    if precision not in TOLERANCE:
        raise EngineError(f"there is no precision {precision!r}; take {', '.join(TOLERANCE)}")
    found = native.instruction_sets(precision)
    if not found:  # often so for bf16, which is asked for at every start
        raise _cannot(precision, f"it needs {_NEEDED[precision]}")
    weights, x, forced = _probe()
    generic = native.instruction_sets("fp32")[-1]
    expected, _ = NativeEngine(weights, instruction_set=generic).run(x, forced=forced)
    for name in found:
        ab, _ = NativeEngine(weights, instruction_set=name).run(x, forced=forced)
        if np.abs(ab - expected).max() <= decode_ab(TOLERANCE[precision]):
            return name
    raise _cannot(precision, f"{', '.join(found)} failed its check")


def _cannot(precision: str, why: str) -> EngineError:
    return EngineError(f"this processor does not compute in {precision}: {why}; leave the precision open, or take fp32")


_NEEDED = {
    "bf16": "AVX-512 BF16 instructions, or matrix registers (AMX) and a system that gives them",
    "int8": "VNNI instructions",
}


def _probe() -> tuple[Weights, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """A small network, an input for it, and decisions, which else a rounding might change."""
    slim = ((12, 12, 96), (12, 12, 96)), ((4, 10, 40), (9, 3, 0))
    config = ModelConfig(width=48, depth=2, heads=2, groups=2, head_rank=24, slim=slim)
    weights = random_weights("of the engine's self-check", config)
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.5, 0.5, (IN_CHANNELS, 5 * PATCH, 7 * PATCH)).astype(np.float32)
    return weights, x, (np.ones((config.depth, 2), bool), rng.random((config.depth, 2, 5 * 7)) < 0.5)


def random_weights(name: str, config: ModelConfig) -> Weights:
    """A network that was never trained, to check or to time an execution."""
    rng = np.random.default_rng(0)
    shapes = (*filter(None, _layout(config)), *table_shapes(config).items())
    tensors = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes}
    return Weights(name, config, tensors, "")


def _config(config: ModelConfig, widths: np.ndarray) -> native.Config:
    """``widths``: (D, 2, 3) int32, which the caller keeps."""
    return native.Config(
        address(widths), config.width, config.depth, config.heads, config.adaptive, config.head_kernel,
        config.head_rank, NORM_EPS,
    )  # fmt: skip


def _tensors(weights: Weights) -> list[np.ndarray | None]:
    """All tensors as native/packing.cpp takes them, in memory that goes back to the system when they do: the engine
    makes its own copy, and the heap would keep what this one left.
    """
    entries = list(_layout(weights.config))
    size = sum(math.prod(shape) for _, shape in filter(None, entries))
    try:
        memory, arrays, used = np.frombuffer(mmap.mmap(-1, 4 * size), np.float32), [], 0
    except (OSError, OverflowError, ValueError) as error:
        raise WeightsError(
            f"the network {weights.name} would take {4 * size / 1e9:.1f} GB of memory: {error}"
        ) from error
    for entry in entries:
        if entry is None:
            arrays.append(None)
            continue
        name, shape = entry
        values = embedding(weights) if name == EMBEDDING else tensor(weights, name, *shape)
        arrays.append(memory[used : used + values.size])
        arrays[-1][:] = values.ravel()
        used += values.size
    return arrays


def _layout(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]] | None]:
    """Names and shapes of all tensors in the order of native/packing.cpp; None for what the config does without."""
    c, kernel, rank = config.width, config.head_kernel, config.head_rank

    def if_adaptive(*entries) -> Iterator:
        yield from entries if config.adaptive else (None,) * len(entries)

    def part(name: str, suffix: str, into: str, inside: int, n: int) -> Iterator:
        """The first product makes ``inside`` channels, of which ``n`` come to the last one."""
        entries = [
            (f"{name}.{into}_{suffix}.weight", (inside, c)),
            (f"{name}.{into}_{suffix}.bias", (inside,)),
            (f"{name}.out_{suffix}.weight", (c, n)),
        ]
        yield from entries if n else (None,) * len(entries)
        if suffix == "base":
            yield f"{name}.out_base.bias", (c,)

    yield EMBEDDING, (c, config.patch_values)
    yield "patch_embed.bias", (c,)
    yield from if_adaptive(("policy_token", (1, 1, c)))
    for i in range(config.depth):
        block = f"blocks.{i}"
        yield from if_adaptive((f"{block}.decide_layers.weight", (2, c)), (f"{block}.decide_layers.bias", (2,)))
        for norm, which in (("norm1", "attention"), ("norm2", "ffn")):
            yield f"{block}.{norm}.weight", (c,)
            yield f"{block}.{norm}.bias", (c,)
            yield from if_adaptive((f"{block}.decide_{which}.weight", (1, c)), (f"{block}.decide_{which}.bias", (1,)))
            for suffix, (keys, values, hidden) in zip(("base", "extra"), config.widths(i), strict=True):
                if which == "attention":
                    inside, n = config.heads * (2 * keys + values), config.heads * values
                    yield from part(f"{block}.attention", suffix, "qkv", inside, n)
                else:
                    yield from part(f"{block}.ffn", suffix, "in", hidden, hidden)
    yield "norm.weight", (c,)
    yield "norm.bias", (c,)
    yield "head.weight", (rank or PAINTED, c, kernel, kernel)
    if rank:
        yield None  # the pictures bring the bias
        yield "pictures.weight", (PAINTED, rank, 1, 1)
    yield ("pictures.bias" if rank else "head.bias"), (PAINTED,)
