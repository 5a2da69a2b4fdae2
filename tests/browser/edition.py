"""The browser-only edition: built as `make web` builds it, and put on a plain file host."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build_edition(folder: Path, model: str | Path = "tiny") -> None:
    """The two steps of `make web`, into ``folder``. Skips the test where they cannot be done."""
    if not shutil.which("npx") or not (ROOT / "web" / "node_modules" / "onnxruntime-web").exists():
        pytest.skip("Node or web/node_modules is not here: run make front-end")
    export = [sys.executable, "-m", "adacolvit.cli", "export", "--format", "web", "--model", str(model)]
    vite = ["npx", "vite", "build", "-c", "vite.browser-only.config.ts", "--outDir", str(folder), "--logLevel", "warn"]
    with tempfile.TemporaryDirectory() as exported:  # other tests may build another network's at the same time
        subprocess.run([*export, "-o", exported, "--force"], check=True, capture_output=True)
        environment = {**os.environ, "ADACOLVIT_WEB_MODEL": exported}
        built = subprocess.run(vite, cwd=ROOT / "web", capture_output=True, text=True, env=environment)
    assert built.returncode == 0, built.stderr


_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class _Files(SimpleHTTPRequestHandler):
    """Knows the types that every host knows, and no others."""

    def guess_type(self, path: str) -> str:
        return _TYPES.get(Path(path).suffix, "application/octet-stream")

    def log_message(self, *_) -> None:
        pass


@contextmanager
def file_host(folder: Path) -> Iterator[str]:
    """Serves the files of a folder, and yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
