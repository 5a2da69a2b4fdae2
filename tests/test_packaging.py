"""The wheel: all that a person needs is in it, and nothing pulls torch."""

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from adacolvit.weights import list_models

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_everything_is_inside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = [
        "cli.py",
        "py.typed",
        "weights/manifest.json",
        "app/static/index.html",
        "app/static/app.js",
        "app/samples/cat.jpg",
    ]
    wanted += [f"weights/{model.file}" for model in list_models()]
    assert {f"adacolvit/{name}" for name in wanted} <= names
    sources = {f"adacolvit/{p.relative_to(ROOT / 'src/adacolvit')}" for p in (ROOT / "src/adacolvit").rglob("*.py")}
    assert sources <= names


@pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler here, so no engine is built")
def test_the_engine_is_inside_and_the_wheel_is_for_this_platform(wheel):
    with zipfile.ZipFile(wheel) as archive:
        assert "adacolvit/runtime/_native.so" in archive.namelist()
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        lines = archive.read(name).decode().splitlines()
    assert "Root-Is-Purelib: false" in lines
    assert any(line.startswith("Tag: py3-none-") and not line.endswith("-any") for line in lines)
    assert wheel.stat().st_size <= 25 * 2**20


def test_torch_is_optional(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    always = [r for r in metadata.get_all("Requires-Dist") if "extra ==" not in r]
    assert any(r.startswith("onnxruntime") for r in always)
    assert not any(r.startswith(("torch", "scipy", "lightning")) for r in always)
    assert metadata["Requires-Python"] == ">=3.11"


def test_runs_from_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys, adacolvit; from adacolvit.cli import main\n"
        f"assert adacolvit.__file__.startswith({str(tmp_path)!r})\n"
        "sys.exit(main(['models', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, timeout=60)
    assert done.returncode == 0
