"""The compiled engine (native/, docs/engine.md): found, loaded, and checked before it is trusted."""

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_int64, c_void_p
from functools import cache
from pathlib import Path

import numpy as np

from adacolvit.errors import EngineError

LIBRARY = Path(__file__).with_name("_native.so")
INTERFACE = 1  # ADACOLVIT_INTERFACE of native/engine.h

Array = c_void_p  # where an array's numbers begin: see `address`


class Config(ctypes.Structure):
    """``Config`` of native/network.h."""

    _fields_ = [
        ("widths", Array),
        *((name, c_int32) for name in ("width", "depth", "heads", "adaptive", "head_kernel", "head_rank")),
        ("norm_eps", c_float),
    ]


class Call(ctypes.Structure):
    """``Call`` of native/network.h."""

    _fields_ = [
        ("x", Array),
        ("positions", Array),
        ("forced_layers", Array),
        ("forced_patches", Array),
        ("steering", Array),
        ("scale", c_float),
        ("ab", Array),
        ("layers", Array),
        ("patches", Array),
        ("rows", c_int),
        ("columns", c_int),
        ("milliseconds", Array),
    ]


class Refinement(ctypes.Structure):
    """``Refinement`` of native/network.h."""

    _fields_ = [
        *((name, Array) for name in ("lightness", "ab")),
        *((name, Array) for name in ("rows", "columns", "sizes")),
        *((name, Array) for name in ("asked", "spreads", "own", "refined", "scratch")),
        *((name, c_float) for name in ("epsilon", "vivid")),
        *((name, c_int) for name in ("passes", "hints", "height", "width")),
    ]


class Guide(ctypes.Structure):
    """``Guide`` of native/network.h."""

    _fields_ = [
        *((name, Array) for name in ("lightness", "ab", "planes", "scratch")),
        *((name, c_float) for name in ("epsilon", "sharpen")),
        *((name, c_int) for name in ("height", "width")),
    ]


class Composition(ctypes.Structure):
    """``Composition`` of native/network.h."""

    _fields_ = [
        *((name, Array) for name in ("lightness", "planes", "to_byte", "from_xyz", "picture", "linear", "scratch")),
        ("tolerance", c_float),
        *((name, c_int) for name in ("halvings", "start", "rows", "height", "width", "plane_height", "plane_width")),
    ]


def address(array: np.ndarray | None) -> int | None:
    """Where an array's numbers begin, for C; None is a null pointer. The caller keeps the array while C may read it.

    A plain number: a ctypes pointer would be part of a cycle, and keep the array until the garbage is collected.
    """
    return None if array is None else array.ctypes.data


@cache
def library() -> ctypes.CDLL:
    """The library with its functions declared. Raises EngineError where it is not here, cannot be loaded, or is not of
    this version.
    """
    if not LIBRARY.is_file():
        raise EngineError("the compiled engine is not here: it was installed without a C++ compiler (g++ or clang++)")
    try:
        lib = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise EngineError(f"the compiled engine cannot be loaded: {error}") from error
    try:
        _declare(lib)
        same = lib.adacolvit_layout() == _layout()
    except AttributeError:  # it lacks a function
        same = False
    if not same:
        raise EngineError(
            "the compiled engine is of another version: install adacolvit again, or python native/build.py"
        )
    return lib


def _layout() -> int:
    """What ``adacolvit_layout`` gives where the library's structures are those of this module."""
    layout = INTERFACE
    for kind in (Config, Call, Refinement, Guide, Composition):
        layout = 1000 * layout + ctypes.sizeof(kind)
    return layout


def _declare(lib: ctypes.CDLL) -> None:
    lib.adacolvit_layout.restype = c_int64
    lib.adacolvit_sources.restype = c_char_p
    lib.adacolvit_instruction_set.argtypes, lib.adacolvit_instruction_set.restype = [c_int], c_char_p
    lib.adacolvit_bits.argtypes = [c_char_p]
    lib.adacolvit_allocations.restype = c_int64
    lib.adacolvit_create.argtypes = [POINTER(Config), POINTER(Array), c_char_p, c_int]
    lib.adacolvit_create.restype = c_void_p
    lib.adacolvit_run.argtypes, lib.adacolvit_run.restype = [c_void_p, POINTER(Call), POINTER(c_int64)], c_int
    lib.adacolvit_spin.argtypes, lib.adacolvit_spin.restype = [c_char_p, c_int64], c_int64
    for name, kind in (("refine", Refinement), ("guide", Guide), ("compose", Composition)):
        getattr(lib, f"adacolvit_{name}").argtypes = [c_char_p, POINTER(kind)]
        needs = getattr(lib, f"adacolvit_{name}_scratch")
        needs.argtypes, needs.restype = [POINTER(kind)], c_int64
    lib.adacolvit_steps.argtypes = [c_char_p, Array, Array, c_int64, c_float]
    lib.adacolvit_destroy.argtypes, lib.adacolvit_destroy.restype = [c_void_p], None


PRECISIONS = {32: "fp32", 16: "bf16", 8: "int8"}  # by the bits of the factors of products; sums are of 32 always


@cache
def instruction_sets(precision: str | None = None) -> tuple[str, ...]:
    """Names of those that this processor can run, in one precision or in all, best first. Raises EngineError."""
    lib, names = library(), []
    while name := lib.adacolvit_instruction_set(len(names)):
        names.append(name)
    return tuple(n.decode() for n in names if precision in (None, PRECISIONS[lib.adacolvit_bits(n)]))


def precision_of(instruction_set: str) -> str:
    """What an instruction set computes in. Raises EngineError where this processor does not run it."""
    bits = library().adacolvit_bits(instruction_set.encode())
    if not bits:
        names = ", ".join(instruction_sets())
        raise EngineError(f"the compiled engine cannot run {instruction_set} here; this processor runs {names}")
    return PRECISIONS[bits]
