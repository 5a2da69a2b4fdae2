"""What the network costs in memory: loaded, and after a day's clicks. Each measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from adacolvit.runtime import native

pytestmark = [
    pytest.mark.skipif(not native.LIBRARY.is_file(), reason="the compiled engine is not here"),
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="/proc/self/smaps_rollup is Linux's"),
]
RESIDENT = """
import numpy as np

def resident():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("Rss:"))
"""


def run(program: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", RESIDENT + program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [float(line) for line in done.stdout.split()]


def test_a_loaded_colorizer_takes_at_most_60_mb():
    """Beside what Python and NumPy take, with a photo set and clicked on."""
    (taken,) = run("""
np.random.default_rng(0).random(9) @ np.ones(9)
before = resident()
import adacolvit
colorizer = adacolvit.Colorizer("tiny")
assert colorizer.engine.fallback is None
colorizer.set_photo(np.arange(224 * 224, dtype=np.uint8).reshape(224, 224))
for _ in range(3):
    result = colorizer.colorize([(10, 20, "#7b4a2d")])
print(resident() - before)
""")
    assert 10 < taken <= 60  # the weights alone are 12 MB in float32, 6 in bfloat16 and 3 in int8


SMALL = """
from adacolvit.model.config import ModelConfig
from adacolvit.runtime.native_engine import NativeEngine, random_weights

weights = random_weights("random", ModelConfig(width=32, depth=1, heads=1, groups=2))
x = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 16, 32)).astype(np.float32)
"""


@pytest.mark.timeout(300)
def test_a_hundred_thousand_clicks_leave_no_memory_behind():
    few, many = run(
        SMALL
        + """
engine = NativeEngine(weights)
for clicks in (1_000, 100_000):
    before = resident()
    for _ in range(clicks):
        engine.run(x)
    print(resident() - before)
"""
    )
    assert many < 0.2  # MB: 2 bytes each
    assert few < 2  # what is made once


def test_engines_leave_no_memory_behind():
    few, many = run(
        SMALL
        + """
for engines in (20, 400):  # whatever is made once, stacks of threads for instance, is made in the first round
    before = resident()
    for _ in range(engines):
        NativeEngine(weights, threads=2).run(x)
    print(resident() - before)
"""
    )
    assert many < 2  # MB; an engine here holds 1
    assert few < 20
