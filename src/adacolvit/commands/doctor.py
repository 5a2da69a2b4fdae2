"""``adacolvit doctor``: what is installed, whether it is intact, how fast one click is, what to mend."""

import os
import platform
import statistics
import sys
from importlib import metadata
from time import perf_counter

import numpy as np

from adacolvit import __version__
from adacolvit.arguments import add_model, add_threads
from adacolvit.colorizer import Colorizer
from adacolvit.errors import AdaColViTError, UsageError, WeightsError
from adacolvit.hints.frame import fit_frame
from adacolvit.runtime.engine import Engine
from adacolvit.weights import list_models, load_weights

_SIDE = 224  # of the photo that is clicked on: the paper's size, so that times can be compared
_CLICKS = 15


def add_arguments(parser) -> None:
    add_model(parser)
    add_threads(parser)


def run(args) -> int:
    """Exit code 0, or 1 where something needs mending."""
    problems = []
    print(f"adacolvit     {__version__}")
    print(f"python        {platform.python_version()} ({sys.executable})")
    print(f"system        {platform.platform()}, {os.cpu_count()} processor cores")
    problems += _packages()
    problems += _models()
    try:
        _timed_click(Engine(load_weights(args.model), threads=args.threads))
    except UsageError:
        raise
    except AdaColViTError as error:
        problems.append(str(error))
    for problem in problems:
        print(f"adacolvit: {problem}", file=sys.stderr)
    if not problems:
        print("all is well")
    return int(bool(problems))


def _packages() -> list[str]:
    """Print the packages that adacolvit asks for; return what is wrong with them."""
    problems, missing = [], {}
    try:
        requirements = metadata.requires("adacolvit") or []
    except metadata.PackageNotFoundError:
        return ["adacolvit runs from its sources without being installed: pip install . in its folder"]
    for requirement in requirements:
        name, _, condition = requirement.partition(";")
        name = "".join(c if c.isalnum() or c in "-_." else " " for c in name).split()[0]
        extra = condition.split("==")[-1].strip(" '\"") if "extra" in condition else None
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            if extra is None:
                problems.append(f"{name} is not installed: pip install {name!r}")
            else:
                missing.setdefault(extra, []).append(name)
        else:
            if extra is None:
                print(f"  {name:<18}{version}")
    for extra, names in missing.items():
        print(f"optional      {', '.join(names)} not installed: pip install 'adacolvit[{extra}]'")
    return problems


def _models() -> list[str]:
    """Print and verify the shipped models; return what is wrong with them."""
    problems = []
    try:
        models = list_models()
    except WeightsError as error:
        return [str(error)]
    for model in models:
        try:
            load_weights(model.name)
            print(f"model         {model.name}: intact")
        except WeightsError as error:
            problems.append(str(error))
    return problems


def _timed_click(engine: Engine) -> None:
    """Color a photo of noise by ten hints, once cold and then warm, and print how long it took."""
    rng = np.random.default_rng(0)
    colorizer = Colorizer(engine)
    start = perf_counter()
    colorizer.set_photo(rng.integers(0, 256, (_SIDE, _SIDE), np.uint8))
    opened = (perf_counter() - start) * 1e3
    hints = [(x, y, f"#{c:06x}") for x, y, c in rng.integers(0, [_SIDE, _SIDE, 2**24], (10, 3)).tolist()]
    first, *later = (colorizer.colorize(hints).cost for _ in range(_CLICKS))
    frame = fit_frame(_SIDE, _SIDE)
    print(f"engine        {engine.name}, {engine.threads} thread(s), {engine.precision}")
    if engine.fallback:
        print(f"              ONNX Runtime, since {engine.fallback}")
    print(
        f"one click     {statistics.median(c.milliseconds for c in later):.1f} ms (first {first.milliseconds:.1f} ms) "
        f"at {frame.width} x {frame.height}, {first.macs / 1e9:.2f} of {first.dense_macs / 1e9:.2f} GMACs; "
        f"opening the photo {opened:.1f} ms"
    )
