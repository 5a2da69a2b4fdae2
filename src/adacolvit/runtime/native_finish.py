"""The compiled form of what follows the network (native/refine.h, compose.h): :mod:`.refine` and :mod:`.upsample`."""

import os
import threading
from ctypes import byref
from functools import cache

import numpy as np

from adacolvit.color import gamut, lab
from adacolvit.errors import EngineError

from . import native
from .engine import VARIABLE
from .native import address
from .native_engine import trusted_instruction_set


@cache
def instruction_set() -> bytes | None:
    """The one that runs it; None where the compiled engine cannot be had or is not wanted."""
    if os.environ.get(VARIABLE) == "onnxruntime":
        return None
    try:
        return trusted_instruction_set().encode()
    except EngineError:
        return None


def refine(lightness, ab, rows, columns, sizes, asked, *, spreads, own, epsilon, vivid) -> np.ndarray:
    """As :func:`.refine.refine`; spreads: of each pass its reach in network pixels, likeness and shrink."""
    height, width = lightness.shape
    lightness, ab, asked, spreads, own = map(_floats, (lightness, ab, asked, spreads, own))
    rows, columns, sizes = (np.ascontiguousarray(v, np.int32) for v in (rows, columns, sizes))
    refined = np.empty_like(ab)
    call = native.Refinement(
        address(lightness), address(ab), address(rows), address(columns), address(sizes), address(asked),
        address(spreads), address(own), address(refined), None, epsilon, vivid, len(spreads), len(rows), height, width,
    )  # fmt: skip
    _run("refine", call)
    return refined


def guide(lightness, ab, *, epsilon, sharpen) -> np.ndarray:
    """As :func:`.upsample.guide`."""
    height, width = lightness.shape
    lightness, ab = map(_floats, (lightness, ab))
    planes = np.empty((4, height, width), np.float32)
    call = native.Guide(address(lightness), address(ab), address(planes), None, epsilon, sharpen, height, width)
    _run("guide", call)
    return planes


def compose(lightness, planes, start, height, to_byte) -> np.ndarray:
    """As :func:`.upsample.compose` with 8 bits; the photo is not smaller than the planes.

    to_byte: (65536,) uint8, sRGB of linear light; None for (rows, W, 3) float32 linear sRGB, clipped to [0, 1].
    """
    (rows, width), (_, plane_height, plane_width) = lightness.shape, planes.shape
    lightness, planes, matrix = map(_floats, (lightness, planes, lab.FROM_XYZ))
    found = np.empty((rows, width, 3), np.float32 if to_byte is None else np.uint8)
    picture, linear = (None, found) if to_byte is None else (found, None)
    call = native.Composition(
        address(lightness), address(planes), address(to_byte), address(matrix), address(picture), address(linear),
        None, gamut.TOLERANCE, gamut.STEPS, start, rows, height, width, plane_height, plane_width,
    )  # fmt: skip
    _run("compose", call)
    return found


def to_steps(array, to, each) -> None:
    """As :func:`.upsample.to_steps`."""
    array = _floats(array)
    _done(native.library().adacolvit_steps(instruction_set(), address(array), address(to), array.size, each))


def _floats(values) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32)


def _run(name: str, call) -> None:
    """Run a function of the library with the scratch that it says it needs."""
    library = native.library()
    call.scratch = address(_scratch(getattr(library, f"adacolvit_{name}_scratch")(byref(call))))
    _done(getattr(library, f"adacolvit_{name}")(instruction_set(), byref(call)))


def _done(failed: int) -> None:
    if failed:
        raise EngineError(f"the compiled engine cannot run {instruction_set()} here")


_kept = threading.local()


def _scratch(size: int) -> np.ndarray:
    """Memory for ``size`` floats, the same at every click of a thread: fresh memory costs a part of what uses it."""
    if getattr(_kept, "scratch", np.empty(0)).size < size:
        _kept.scratch = np.empty(size, np.float32)
    return _kept.scratch
