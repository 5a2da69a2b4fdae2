"""Building the engine: under sanitizers, with a counter of all memory, and where there is no compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adacolvit.runtime import native

from ..compiled import BUILD, require_compiler

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("native_driver.cpp")
ARM = "aarch64-linux-gnu-g++"
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

require_compiler()


@pytest.mark.timeout(900)  # it compiles all there is, on a machine that may be busy
@pytest.mark.parametrize("options", [SANITIZERS, ["-O1", "-DCOUNT_MALLOCS"]], ids=["sanitizers", "malloc counted"])
def test_the_driver_runs_clean(options, tmp_path):
    driver = BUILD["build"](tmp_path / "driver", options=options, link=(), sources=[DRIVER])
    done = subprocess.run([str(driver)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == list(native.instruction_sets())


@pytest.mark.skipif(not (shutil.which(ARM) and shutil.which("qemu-aarch64")), reason=f"needs {ARM} and qemu-aarch64")
@pytest.mark.timeout(900)
def test_the_driver_runs_clean_on_another_processor(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", ARM)
    driver = BUILD["build"](tmp_path / "driver", options=["-O2"], link=["-static"], sources=[DRIVER], machine="aarch64")
    done = subprocess.run(["qemu-aarch64", str(driver)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["neon"]
    # All that the library refers to is in it; without this, what is missing is found when it is loaded.
    BUILD["build"](tmp_path / "engine.so", options=["-O1"], machine="aarch64")


def test_without_a_compiler_it_is_said_and_nothing_is_built(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "CXX"} | {"PATH": str(tmp_path)}
    target = tmp_path / "engine.so"
    command = [sys.executable, str(ROOT / "native" / "build.py"), "--output", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and not target.exists()
    assert "no C++ compiler" in done.stderr and "ONNX Runtime" in done.stderr


@pytest.mark.timeout(900)
def test_a_compiler_without_the_newest_instructions_builds_the_others(tmp_path, monkeypatch):
    older = tmp_path / "older"
    older.write_text(f'#!/bin/sh\ncase "$*" in *bf16*) exit 1;; esac\nexec {BUILD["compiler"]()} "$@"\n')
    older.chmod(0o755)
    monkeypatch.setenv("CXX", str(older))
    driver = BUILD["build"](tmp_path / "driver", options=["-O1"], link=(), sources=[DRIVER])
    done = subprocess.run([str(driver)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [name for name in native.instruction_sets() if name not in ("amx", "avx512_bf16")]


def test_a_compiler_that_fails_is_quoted(tmp_path, monkeypatch):
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(BUILD["NoCompiler"], match="out of ink"):
        BUILD["build"](tmp_path / "engine.so")
