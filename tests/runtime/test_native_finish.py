"""The compiled refinement and guide give what their NumPy forms give, on every instruction set that is here."""

import numpy as np
import pytest

from adacolvit.hints.sampling import sample_places
from adacolvit.runtime import native, native_finish, upsample
from adacolvit.runtime import refine as product

from ..compiled import require_compiler

require_compiler()


def scene(height, width, count, seed=0):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    lightness = (50 + 40 * np.sin(rows / 9) * np.cos(columns / 7) + rng.uniform(-9, 9, (height, width))).clip(0, 100)
    ab = rng.normal(0, 40, (2, height, width)).astype(np.float32)
    places = [v[0] for v in sample_places(rng, [count], height, width, (2, 7))]
    return lightness.astype(np.float32), ab, *places, rng.uniform(-80, 80, (count, 2)).astype(np.float32)


def numpy_only(function, *arguments, monkeypatch, **options):
    with monkeypatch.context() as patch:
        patch.setattr(native_finish, "instruction_set", lambda: None)
        return function(*arguments, **options)


@pytest.fixture(params=native.instruction_sets())
def instruction_set(request, monkeypatch):
    monkeypatch.setattr(native_finish, "instruction_set", request.param.encode)
    return request.param


@pytest.mark.parametrize(("height", "width", "count"), [(16, 16, 0), (16, 48, 3), (224, 224, 60), (640, 16, 7)])
def test_refine(instruction_set, height, width, count, monkeypatch):
    arguments = scene(height, width, count)
    wanted = numpy_only(product.refine, *arguments, monkeypatch=monkeypatch)
    np.testing.assert_allclose(product.refine(*arguments), wanted, atol=5e-3)


def test_colors_that_are_no_numbers_are_black(instruction_set):
    lightness, ab, *_ = scene(32, 32, 0)
    planes = upsample.guide(lightness, ab)
    planes[:, 3, 4], planes[2, 20] = np.nan, np.inf
    picture = upsample.compose(lightness, planes, 0, 32)
    assert picture.shape == (32, 32, 3) and (picture[3, 4] == 0).all()


def test_of_hints_at_one_place_the_last_counts(instruction_set):
    lightness, ab, *_ = scene(32, 32, 0)
    both = product.refine(lightness, ab, [4, 4], [6, 6], [2, 3], [[50, 0], [0, 50]])
    last = product.refine(lightness, ab, [4], [6], [3], [[0, 50]])
    np.testing.assert_array_equal(both, last)


@pytest.mark.parametrize("options", [{}, {"epsilon": np.inf, "sharpen": 0.0}])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (208, 256)])
def test_guide(instruction_set, height, width, options, monkeypatch):
    lightness, ab, *_ = scene(height, width, 0)
    wanted = numpy_only(upsample.guide, lightness, ab, monkeypatch=monkeypatch, **options)
    np.testing.assert_allclose(upsample.guide(lightness, ab, **options), wanted, atol=5e-3)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(
    ("height", "width", "start", "stop"), [(48, 64, 0, 48), (49, 83, 7, 20), (700, 1001, 690, 700)]
)
def test_compose(instruction_set, height, width, start, stop, depth, monkeypatch):
    """Vivid colors, so that many are outside the gamut; planes of 48 x 64, so that the first is not enlarged at all."""
    planes = upsample.guide(*scene(48, 64, 0)[:2])
    lightness = np.random.default_rng(1).uniform(0, 100, (stop - start, width)).astype(np.float32)
    arguments = lightness, planes, start, height, depth
    wanted = numpy_only(upsample.compose, *arguments, monkeypatch=monkeypatch).astype(int)
    found = upsample.compose(*arguments)
    assert found.dtype == (np.uint8 if depth == 8 else np.uint16)
    off = np.abs(found - wanted)
    # A color on the brink of the gamut may take one halving of its chroma otherwise.
    assert np.mean(off > (1 if depth == 8 else 40)) < 1e-3
    assert off.max() <= (3 if depth == 8 else 700)


def test_strips_have_no_seams(instruction_set):
    planes = upsample.guide(*scene(48, 64, 0)[:2])
    lightness = np.random.default_rng(1).uniform(20, 80, (120, 130)).astype(np.float32)
    strips = [upsample.compose(lightness[i : i + 17], planes, i, 120) for i in range(0, 120, 17)]
    np.testing.assert_array_equal(np.concatenate(strips), upsample.compose(lightness, planes, 0, 120))


def test_without_the_engine_it_is_numpy(monkeypatch):
    monkeypatch.setenv("ADACOLVIT_ENGINE", "onnxruntime")
    assert native_finish.instruction_set.__wrapped__() is None


@pytest.mark.parametrize("count", [0, 1, 15, 16, 1000])
def test_steps(instruction_set, count, monkeypatch):
    rng = np.random.default_rng(count)
    values = (rng.normal(size=count) * 10.0 ** rng.integers(-4, 4, count)).astype(np.float32)
    values[::7] = (rng.integers(-(2**15), 2**15, len(values[::7])) + 0.5) / 256  # ties
    wanted, found = np.zeros((2, count + 1), "<i2")
    numpy_only(upsample.to_steps, values, wanted[:count], monkeypatch=monkeypatch)
    upsample.to_steps(values, found[:count])
    assert np.array_equal(found, wanted)
    assert np.array_equal(found[:count], np.rint(values.astype(float) * 256).clip(-(2**15), 2**15 - 1))
