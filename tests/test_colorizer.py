"""The one door: photo once, hints many times, full size at the end."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import adacolvit
from adacolvit.colorizer import Colorizer
from adacolvit.errors import BudgetError, HintError, PhotoError, SaveError, UsageError
from adacolvit.hints.encoder import decode_ab
from adacolvit.hints.frame import fit_frame
from adacolvit.hints.hint import as_hints, encode_hints, place_hints
from adacolvit.model.cost import cost
from adacolvit.model.network import ColorizationViT
from adacolvit.runtime.refine import refine
from adacolvit.runtime.upsample import compose, guide
from adacolvit.weights import list_models, load_weights, write_weights

SAMPLES = Path(adacolvit.__file__).parent / "app" / "samples"


@pytest.fixture(scope="module")
def colorizer(small_weights):
    return Colorizer(small_weights)


def gray_photo(height=120, width=200, seed=0):
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 6, (height, width)), axis=1) + 128
    return np.clip(steps, 0, 255).astype(np.uint8)


def test_result(colorizer):
    photo = colorizer.set_photo(gray_photo())
    result = colorizer.colorize([(10, 20, "#7b4a2d"), (150, 100, "#2d4a7b", 5)])
    frame = fit_frame(200, 120)
    assert result.photo is photo and len(result.hints) == 2
    assert result.ab.shape == (2, frame.height, frame.width) and result.ab.dtype == np.float32
    assert result.ab.std() > 1  # Lab units: the network said something
    assert np.array_equal(result.planes, guide(photo.network_lightness(frame.height, frame.width), result.ab))
    assert result.image.shape == (120, 200, 3) and result.image.dtype == np.uint8
    assert result.image is result.image
    assert np.array_equal(result.rows(30, 50), result.image[30:50])
    cost_ = result.cost
    rows, columns = frame.grid
    assert cost_.kept.shape == (3, 2, rows, columns) and cost_.layers.shape == (3, 2)
    kept = cost_.kept.sum((2, 3))
    assert cost_.macs == cost(colorizer.engine.config, rows * columns, cost_.layers, kept)
    assert 0 < cost_.macs < cost_.dense_macs and cost_.milliseconds > 0
    assert cost_.skipped_layers == 6 - cost_.layers.sum() and not kept[~cost_.layers].any()


def test_a_budget(budget_weights, colorizer):
    any_budget = Colorizer(budget_weights)
    any_budget.set_photo(gray_photo())
    costs = [any_budget.colorize(budget=budget).cost for budget in (None, 0.6, 0, 1)]
    assert [c.budget for c in costs] == [0.6, 0.6, 0.4, 1] and costs[0].least_budget == 0.4
    assert costs[0].macs == costs[1].macs and costs[2].macs < costs[0].macs < costs[3].macs == costs[3].dense_macs
    colorizer.set_photo(gray_photo())
    cost_ = colorizer.colorize().cost
    assert cost_.budget is cost_.least_budget is None
    with pytest.raises(BudgetError, match="one budget only"):
        colorizer.colorize(budget=0.5)
    with pytest.raises(BudgetError, match=r"0\.\.1"):
        any_budget.colorize(budget=1.5)


def test_hints_change_the_picture_and_the_same_hints_do_not(colorizer):
    colorizer.set_photo(gray_photo())
    red, blue, again = (colorizer.colorize([(50, 60, color)]).ab for color in ("#ff0000", "#0000ff", "#ff0000"))
    assert np.array_equal(red, again) and np.abs(red - blue).max() > 0.5
    assert np.isfinite(colorizer.colorize().ab).all()  # no hints at all is fine


def test_earlier_result_outlives_the_next_photo(colorizer):
    colorizer.set_photo(gray_photo(seed=1))
    expected = colorizer.colorize().image
    colorizer.set_photo(gray_photo(seed=1))
    earlier = colorizer.colorize()
    colorizer.set_photo(gray_photo(40, 300, seed=2))
    assert np.array_equal(earlier.image, expected)
    assert colorizer.colorize().image.shape == (40, 300, 3)


def test_threads_share_a_colorizer(colorizer):
    colorizer.set_photo(gray_photo())
    hints = [[(10 * i, 10 * i, f"#{i}0{i}0ff")] for i in range(1, 9)]
    expected = [colorizer.colorize(h).ab for h in hints]
    got = [None] * len(hints)

    def work(i):
        got[i] = colorizer.colorize(hints[i]).ab

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(hints))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))


def test_one_line(small_weights, tmp_path):
    Image.fromarray(gray_photo()).save(tmp_path / "in.png")
    result = adacolvit.colorize(tmp_path / "in.png", hints=[(5, 5, "#7b4a2d")], model=small_weights)
    path = result.save(tmp_path / "out.png")
    with Image.open(path) as written:
        assert np.array_equal(np.asarray(written.convert("RGB")), result.image)


def test_lightness_of_the_photo_is_kept(colorizer):
    from adacolvit.color.lab import srgb_to_lab

    photo = colorizer.set_photo(gray_photo())
    image = colorizer.colorize([(10, 20, "#ff0000")]).image
    difference = srgb_to_lab(image / 255.0)[..., 0] - photo.lightness_rows(0, photo.height)
    assert np.abs(difference).max() < 1


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (3000, 20)], ids=str)
def test_photos_of_odd_shapes(colorizer, size):
    colorizer.set_photo(np.full(size, 128, np.uint8))
    assert colorizer.colorize([(0, 0, "#7b4a2d")]).image.shape == (*size, 3)


@pytest.mark.parametrize(
    "changed", [{"saturation": np.nan}, {"saturation": np.inf}, {"saturation": -1}, {"strength": 2}]
)
def test_a_look_that_no_picture_has_is_refused(colorizer, changed):
    colorizer.set_photo(np.full((60, 90), 128, np.uint8))
    with pytest.raises(ValueError, match="give 0 or more"):
        colorizer.colorize().adjusted(**changed)


def test_weights_that_were_written_anew_are_read_anew(tmp_path, small_weights):
    photo, path = np.full((60, 90), 128, np.uint8), tmp_path / "own.safetensors"
    weights = load_weights(small_weights)
    found = []
    for factor in (1, 1, 2):
        write_weights(path, weights.config, {n: np.float32(factor) * t for n, t in weights.tensors.items()}, np.float32)
        found.append(adacolvit.colorize(photo, [(5, 5, "#7b4a2d")], model=path).ab)
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[1], found[2])


def test_a_hints_file_is_taken_as_it_was_read_or_by_its_path(colorizer, tmp_path):
    hints = [(5, 5, "#7b4a2d"), (50, 30, "#2d4a7b", 5)]
    colorizer.set_photo(np.full((60, 90), 128, np.uint8))
    adacolvit.save_hints(tmp_path / "p.hints.json", adacolvit.HintFile("p.jpg", 90, 60, as_hints(hints)))
    file = adacolvit.load_hints(tmp_path / "p.hints.json")
    for given in (file, tmp_path / "p.hints.json", str(tmp_path / "p.hints.json")):
        assert np.array_equal(colorizer.colorize(given).ab, colorizer.colorize(hints).ab)
    colorizer.set_photo(np.full((120, 180), 128, np.uint8))
    assert [(hint.x, hint.y) for hint in colorizer.colorize(file).hints] == [(11, 11), (101, 61)]


@pytest.mark.parametrize("name", [model.name for model in list_models()])
def test_shipped_models_give_the_picture_of_the_torch_reference(name):
    colorizer = Colorizer(name)
    photo = colorizer.set_photo(SAMPLES / "cat.jpg")
    hints = [(photo.width * x // 9, photo.height * y // 9, f"#{x}{y}8") for x in (2, 5, 8) for y in (3, 7)]
    result = colorizer.colorize(hints)

    weights = load_weights(name)
    net = ColorizationViT(weights.config).eval()
    net.load_state_dict({key: torch.from_numpy(tensor) for key, tensor in weights.tensors.items()})
    frame = fit_frame(photo.width, photo.height)
    lightness = photo.network_lightness(frame.height, frame.width)
    with torch.no_grad():
        out = net(torch.from_numpy(encode_hints(lightness, hints, frame))[None], mode="gathered")
    ab = refine(lightness, decode_ab(out["ab"][0].numpy()), *place_hints(hints, frame))
    planes = guide(lightness, ab)
    reference = compose(photo.lightness_rows(0, photo.height), planes, 0, photo.height)
    error = np.mean((result.image / 255.0 - reference / 255.0) ** 2)
    assert error < 1e-5  # PSNR > 50 dB
    assert np.ptp(reference.astype(int), axis=-1).mean() > 5  # it is colored at all


def test_errors(small_weights, colorizer, tmp_path):
    with pytest.raises(PhotoError, match="set_photo"):
        Colorizer(small_weights).colorize()
    colorizer.set_photo(gray_photo())
    with pytest.raises(HintError, match="outside"):
        colorizer.colorize([(200, 0, "#ffffff")])
    with pytest.raises(SaveError):
        colorizer.colorize().save(tmp_path / "picture.xyz")
    with pytest.raises(UsageError, match="no model named"):
        Colorizer("enormous")
