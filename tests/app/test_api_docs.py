"""docs/api.md: what it tells people to type works, all of it, in the order it is written."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from .conftest import picture

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_every_curl_example_works(client, tmp_path):
    (script,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (tmp_path / "grandma.jpg").write_bytes(picture(120, 90, "JPEG"))
    environment = {"base": str(client.base_url), "PATH": "/usr/bin:/bin:/usr/local/bin"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    with Image.open(tmp_path / "grandma.color.png") as colored:
        assert colored.size == (120, 90)
    assert (tmp_path / "part.bin").stat().st_size == 32 * 32
    with zipfile.ZipFile(io.BytesIO((tmp_path / "colorized.zip").read_bytes())) as archive:
        assert archive.namelist() == ["grandma.color.jpg", "grandma.hints.json"]


def test_every_address_of_the_server_is_in_the_document(client):
    text = DOCUMENT.read_text().replace("$id", "{photo_id}").replace("$export", "{export_id}")
    for path in client.get("/openapi.json").json()["paths"]:
        if path != "/api/samples/{name}":  # what the list of samples gives
            assert path in text, path
