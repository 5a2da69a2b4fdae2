"""How the engine is built, and a skip for tests that need it built."""

import runpy
from pathlib import Path

import pytest

BUILD = runpy.run_path(str(Path(__file__).parents[1] / "native" / "build.py"))


def require_compiler() -> None:
    """Skip the test or module that calls it where nothing could be compiled; where it could, a lack is a failure."""
    try:
        BUILD["compiler"]()
    except BUILD["NoCompiler"] as reason:
        pytest.skip(str(reason), allow_module_level=True)
