"""How long a method takes for one photo, on one thread. Methods take turns, so that a busy minute hits all alike."""

import time
from collections.abc import Iterable, Sequence

import numpy as np

from .hintset import HintSet
from .methods import Method
from .photos import Source, lay, load
from .threads import one_core, one_torch_thread

PHOTOS, ROUNDS = 12, 5


def measure(
    sources: Iterable[Source],
    methods: Sequence[Method],
    hint_set: HintSet,
    count: int,
    frame: str,
    rounds: int = ROUNDS,
) -> dict[str, dict]:
    """Milliseconds from a photo's lightness and ``count`` hints to its color, both on the network's ``frame``.

    Each photo is colored once by every method before the clock runs, then ``rounds`` times by each in turn. What a
    method does beside its network (preparing the hints, refining) counts; reading and drawing the photo does not.
    Where the system allows it, the process is held on one processor core meanwhile.
    Returns, per method, "median", "p5" and "p95", and over how many "runs".
    """
    times: dict[str, list[float]] = {method.name: [] for method in methods}
    with one_core(), one_torch_thread():
        for source in sources:
            truth = lay(load(source), frame)
            lightness = np.ascontiguousarray(truth.lab[..., 0])
            hints = hint_set.hints(source.key, count, truth.frame, truth.lab[..., 1:])
            for turn in range(rounds + 1):
                for method in methods:
                    predict = getattr(method, "uncounted", method.predict)  # counting takes time of its own
                    start = time.perf_counter()
                    predict(lightness, *hints)
                    if turn:
                        times[method.name].append((time.perf_counter() - start) * 1000)
    return {
        name: {
            "median": float(np.median(values)),
            "p5": float(np.quantile(values, 0.05)),
            "p95": float(np.quantile(values, 0.95)),
            "runs": len(values),
        }
        for name, values in times.items()
    }
