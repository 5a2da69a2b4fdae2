"""The front end's own code, run in Node where that is here."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "web" / "node_modules" / ".bin" / "esbuild"


@pytest.fixture(scope="session")
def ask(tmp_path_factory):
    """``ask(task, request)`` -> the answer of ``numbers.ts``."""
    node = shutil.which("node")
    if not node or not ESBUILD.exists():
        pytest.skip("Node or web/node_modules is not here: run make front-end")
    script = tmp_path_factory.mktemp("numbers") / "numbers.mjs"
    platform = "--banner:js=globalThis.navigator ??= {platform: ''};"
    line = [ESBUILD, Path(__file__).with_name("numbers.ts"), "--bundle", "--platform=node", "--format=esm", platform]
    line += ["--loader:.wasm=dataurl"]  # the kernel, which the front end's build has compiled
    subprocess.run([*map(str, line), f"--outfile={script}", "--log-level=warning"], check=True, cwd=ROOT)

    def ask(task: str, request):
        text = json.dumps({"task": task, "request": request})
        result = subprocess.run([node, script], input=text, capture_output=True, text=True, check=True)
        return json.loads(result.stdout)

    return ask
