"""Networks as they are shipped color photos as their manifests say, about."""

import json

import pytest
import skimage.data
from PIL import Image

from adacolvit.cli import main
from adacolvit.weights import list_models
from adacolvit.weights.store import HOME, sha256

from .test_store import BESIDE

SHIPPED = [(home, model) for home in (HOME, BESIDE) for model in list_models(home)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three photos that everybody has."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "chelsea", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize(("home", "model"), SHIPPED, ids=[model.name for _, model in SHIPPED])
def test_it_colors_the_samples_at_the_cost_it_states(home, model, photos, tmp_path):
    table = tmp_path / "rows.json"
    chosen = ["--model", str(home / model.file), "--baselines", "gray,nearest", "--hints", "0,10", "--workers", "1"]
    assert main(["evaluate", "--data", str(photos), *chosen, "--json", str(table)]) == 0
    rows = {(row["method"], row["hints"]): row for row in json.loads(table.read_text())["summary"]}
    own = next(name for name, _ in rows if name not in ("gray", "nearest"))
    assert rows[own, 0]["psnr"] > rows["gray", 0]["psnr"] + 1
    assert rows[own, 10]["psnr"] > rows["nearest", 10]["psnr"] + 3
    assert rows[own, 10]["macs"] / 1e9 == pytest.approx(model.gmacs, rel=0.1)


def test_every_network_beside_the_package_is_in_its_manifest():
    models = list_models(BESIDE)
    assert {model.file for model in models} == {path.name for path in BESIDE.glob("*.safetensors")}
    for model in models:
        assert sha256(BESIDE / model.file) == model.sha256
