"""Stories of ``adacolvit reproduce``: pages and pictures from the shipped weights, on three made-up photos."""

import csv
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from adacolvit.cli import main
from adacolvit.model.budget import table_shapes
from adacolvit.model.cost import cost
from adacolvit.weights import load_weights, write_weights

from ..evaluation.conftest import photo_set  # noqa: F401


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reproduced")


@pytest.fixture
def reproduce(folder, photo_set):  # noqa: F811
    def run(what, *arguments, data=photo_set):
        options = ["--data", data, "--work", folder / "work", "--out", folder, *arguments]
        code = main(["reproduce", what, *map(str, options)])
        page = folder / f"{what}.md"
        return code, page.read_text() if page.exists() else ""

    return run


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_table1_has_what_there_are_weights_for(reproduce, folder, photo_set, capsys):  # noqa: F811
    code, page = reproduce("table1", "--latency")
    assert code == 0 and capsys.readouterr().out.strip().endswith("table1.md")
    assert "| Uformer-S | 2.46 | - | 28.79 | - |" in page and "| AdaColViT-T | 0.78 | 0." in page
    assert "for want of weights: Uformer-S, SwinIR-S, iColoriT-T, AdaColViT-T-d24, dense ViT" in page
    assert "here, median" in page and "not measured |" in page
    assert str(folder) not in page and str(photo_set.parent) not in page


def test_what_was_measured_is_not_measured_again(reproduce, folder):
    reproduce("table1")
    (path,) = (folder / "work" / "measured").glob("tiny-*.csv")
    with open(path, newline="") as file:
        lines = list(csv.DictReader(file))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, lines[0].keys())
        writer.writeheader()
        writer.writerows(line | {"psnr": "41.0"} for line in lines)
    assert "41.00 (41.00..41.00)" in reproduce("table1")[1]
    _, page = reproduce("fig4")
    assert "| 41.00 |" in page, "10 hints are known, 5, 20 and 50 are not"
    path.unlink()


def test_fig4(reproduce, folder):
    code, page = reproduce("fig4")
    assert code == 0 and "![fig4](fig4.png)" in page and "PSNR@50" in page
    shape = picture(folder / "fig4.png").shape
    assert shape[1] > shape[0] > 200
    ElementTree.fromstring((folder / "fig4.svg").read_bytes())
    before = {name: (folder / name).read_bytes() for name in ("fig4.md", "fig4.png", "fig4.svg")}
    reproduce("fig4")
    assert before == {name: (folder / name).read_bytes() for name in before}, "the same figure gives the same files"


def test_curve_measures_a_network_at_its_budgets(reproduce, folder):
    shipped = load_weights("tiny")
    config = replace(shipped.config, budget_knots=2, least_budget=0.3, budget=0.6)
    tables = {name: np.zeros(shape, np.float32) for name, shape in table_shapes(config).items()}
    for name in ("budget_layers", "budget_patches"):
        tables[name][1] = 100  # at budget 1 everything is kept
    write_weights(folder / "any.safetensors", config, dict(shipped.tensors) | tables)
    apart = ["--work", folder / "curve"]  # the other stories look for the one table of tiny
    code, page = reproduce("curve", "--weights", f"tiny={folder / 'any.safetensors'}", *apart)
    assert code == 0 and "![curve](curve.png)" in page and np.ptp(picture(folder / "curve.png")) > 100
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith(("| 0.", "| 1."))]
    assert [line[0] for line in lines] == [f"| {b:.2f}" for b in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
    assert float(lines[0][1]) < float(lines[-1][1]) == round(cost(config, 196) / 1e9, 3)
    assert "+0.00 +0.00 +0.00" in lines[-1][-1]
    assert str(folder) not in page
    half = ["--weights", f"tiny={folder / 'any.safetensors'}@0.5", *apart]
    code, page = reproduce("curve", *half)
    assert code == 0 and page.count("| 0.50 |") == 1 and "| 1.00 |" not in page
    code, page = reproduce("fig7", *half)
    assert code == 0 and "fig7-spread.png" in page


def test_fig7_orders_photos_by_what_they_cost(reproduce, folder):
    code, page = reproduce("fig7")
    assert code == 0 and "fig7-spread.png" in page
    (path,) = (folder / "work" / "measured").glob("tiny-*.csv")
    with open(path, newline="") as file:
        spent = sorted(float(line["macs"]) / 1e9 for line in csv.DictReader(file) if line["hints"] == "10")
    assert f"| AdaColViT-T | {spent[0]:.3f} |" in page and f"| {spent[-1]:.3f} | {np.mean(spent):.3f} |" in page
    assert np.ptp(picture(folder / "fig7.png"), axis=-1).max() > 60, "the photos are in color"


def test_fig8_shows_maps_and_skipped_layers(reproduce, folder):
    code, page = reproduce("fig8")
    assert code == 0 and "fig8-layers.png" in page and "hatched" in page
    assert (folder / "fig8.png").exists() and not (folder / "fig8.svg").exists()
    assert b"town" in (folder / "fig8-layers.svg").read_bytes()


def test_a_set_of_ones_own_for_table3(reproduce, tmp_path):
    (tmp_path / "flowers-dev").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(
        tmp_path / "flowers-dev/a.png"
    )
    _, page = reproduce("table3", data=tmp_path / "flowers-dev")
    assert "| 24.71 |" in page and "| 29.63 |" not in page, "the numbers of flowers, not of birds"
    assert "measured on 1,000 test photos of Oxford 102 flowers" in page


def test_networks_are_trained_alike_and_once(reproduce, folder, photo_set, capfd):  # noqa: F811
    options = ["--train", "3", "--photos", photo_set, "--cache", folder / "cache", "--limit", "1"]
    code, page = reproduce("table4", *options)
    assert code == 0
    assert "What they cost here, in GMACs: AdaColViT-T, g = 2: " in page
    assert page.count("; 3 samples, 0.00% of the paper's.") == 3 and "equally many" not in page
    runs = sorted(path.name for path in (folder / "work").iterdir() if path.name != "measured")
    assert runs == ["tiny-0.75g-3", "tiny-g4-0.75g-3", "tiny-g8-0.74g-3"]
    weights = folder / "work" / runs[0] / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    assert reproduce("table4", *options)[1] == page and weights.stat().st_mtime_ns == before
    other = folder / "other.tar"
    other.write_bytes(photo_set.read_bytes() + bytes(512))
    assert reproduce("table4", *options, "--photos", other)[0] == 1
    assert "was trained on other photos" in capfd.readouterr().err


def test_what_cannot_be_done_is_said(reproduce, capsys, tmp_path):
    def fails(*arguments, **options):
        assert reproduce(*arguments, **options)[0] in (1, 2)
        return capsys.readouterr().err

    assert "give them with --photos" in fails("table1", "--train", "100")
    assert "as many --hint-set as --data" in fails("table1", "--hint-set", "a", "--hint-set", "b")
    assert "write NETWORK=FILE" in fails("table1", "--weights", "tiny")
    assert "does not exist" in fails("fig4", data=tmp_path / "missing.tar")
