"""Hint: what it accepts, and the way from hints to the network's input."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adacolvit.color.lab import srgb_to_lab
from adacolvit.errors import HintError
from adacolvit.hints.encoder import NO_HINT, corner, encode
from adacolvit.hints.frame import CELL, Frame, fit_frame, square_frame
from adacolvit.hints.hint import _REMEMBERED, Hint, as_hints, encode_hints, place_hints


@st.composite
def clicks(draw):
    """A photo of any size and aspect, its frame, and a hint anywhere in it."""
    width, height = draw(st.integers(1, 20000)), draw(st.integers(1, 20000))
    frame = draw(st.sampled_from([fit_frame, square_frame]))(width, height)
    x = draw(st.floats(0, width, exclude_max=True) | st.sampled_from([0.0, width - 1.0, np.nextafter(width, 0)]))
    y = draw(st.floats(0, height, exclude_max=True) | st.sampled_from([0.0, height - 1.0, np.nextafter(height, 0)]))
    return frame, Hint(x, y, draw(st.sampled_from(["#ff0000", "#00f", "#7b4a2d"])), draw(st.integers(2, 7)))


def gray(frame, level=50.0):
    return np.full((frame.height, frame.width), level, np.float32)


@given(clicks())
def test_the_clicked_pixel_lies_in_the_painted_square(click):
    frame, hint = click
    x = encode_hints(gray(frame), [hint], frame)
    assert x.shape == (4, frame.height, frame.width) and x.dtype == np.float32 and x.flags.c_contiguous
    column, row = frame.to_network(hint.x, hint.y)
    mask = x[3]
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert mask[row, column] == 1
    rows, columns = np.nonzero(mask)
    assert mask.sum() == hint.size**2  # never cut
    assert np.ptp(rows) == np.ptp(columns) == hint.size - 1
    for first, extent in ((rows.min(), frame.height), (columns.min(), frame.width)):
        assert first % CELL == 0 or first == extent - hint.size  # the 2-px grid, or the far border
    assert np.all(x[1][mask == 1] == np.float32(hint.ab[0]) / np.float32(110))
    assert np.all(x[2][mask == 1] == np.float32(hint.ab[1]) / np.float32(110))
    assert not x[1:3, mask == 0].any()


@given(clicks())
def test_the_center_of_the_clicked_pixel_is_what_is_found(click):
    frame, hint = click
    column, row = frame.to_network(hint.x, hint.y)
    across, down = frame.width / frame.photo_width, frame.height / frame.photo_height
    assert column <= (np.floor(hint.x) + 0.5) * across < column + 1
    assert row <= (np.floor(hint.y) + 0.5) * down < row + 1


def test_lightness_is_normalized_and_the_rest_is_empty_without_hints():
    frame = fit_frame(300, 200)
    x = encode_hints(gray(frame, 75.0), [], frame)
    assert np.all(x[0] == 0.25)
    assert not x[1:].any()


def test_of_several_hints_in_one_cell_the_later_wins():
    frame = Frame(448, 448, 224, 224)  # two photo pixels per network pixel
    red, blue = Hint(100, 100, "#ff0000"), Hint(103, 101, "#0000ff")
    both = encode_hints(gray(frame), [red, blue], frame)
    assert np.array_equal(both, encode_hints(gray(frame), [blue], frame))
    assert np.array_equal(encode_hints(gray(frame), [blue, red], frame), encode_hints(gray(frame), [red], frame))


def test_overlapping_hints_keep_what_the_later_leaves():
    frame = square_frame(224, 224)
    wide, small = Hint(100, 100, "#ff0000", 7), Hint(100, 100, "#0000ff", 2)
    x = encode_hints(gray(frame), [wide, small], frame)
    blue = x[2] < 0
    assert blue.sum() == 4 and x[3].sum() == 49


@pytest.mark.parametrize("size", range(2, 8))
def test_the_square_is_around_the_clicked_cell(size):
    first = corner(100, size, 224)
    assert first % CELL == 0
    assert first <= 100 and first + size > 101  # the whole cell
    assert abs((first + size / 2) - 101) <= 1.5  # centered as well as the grid allows


def test_training_in_batches_gives_the_very_arrays_of_single_photos():
    """The ONE encoder: a padded batch in torch, a padded batch in NumPy, and photo by photo."""
    rng = np.random.default_rng(5)
    frame = square_frame(640, 480)
    counts = [0, 1, 3, 25]
    lightness = rng.uniform(0, 100, (len(counts), 224, 224)).astype(np.float32)
    hint_lists = [
        [Hint(rng.uniform(0, 640), rng.uniform(0, 480), f"#{rng.integers(2**24):06x}", int(rng.integers(2, 8)))]
        * min(n, 1)
        + [Hint(rng.uniform(0, 640), rng.uniform(0, 480), f"#{rng.integers(2**24):06x}") for _ in range(n - 1)]
        for n in counts
    ]
    most = max(counts)
    rows, columns = np.zeros((4, most), np.int64), np.zeros((4, most), np.int64)
    sizes, ab = np.full((4, most), NO_HINT), np.zeros((4, most, 2), np.float32)
    for i, hints in enumerate(hint_lists):
        for k, hint in enumerate(hints):
            column, row = frame.to_network(hint.x, hint.y)
            rows[i, k], columns[i, k] = corner(row, hint.size, 224), corner(column, hint.size, 224)
            sizes[i, k], ab[i, k] = hint.size, hint.ab
    in_numpy = encode(lightness, rows, columns, sizes, ab)
    in_torch = encode(*(torch.from_numpy(v) for v in (lightness, rows, columns, sizes, ab)))
    assert np.array_equal(in_torch.numpy(), in_numpy)
    for i, hints in enumerate(hint_lists):
        assert np.array_equal(encode_hints(lightness[i], hints, frame), in_numpy[i])


@pytest.mark.parametrize(("x", "y"), [(-0.001, 5), (300, 5), (5, 200), (5, 1e6), (-1, -1)])
def test_a_hint_outside_the_photo_is_named(x, y):
    frame = fit_frame(300, 200)
    with pytest.raises(HintError, match=r"hint 2 at .* outside the photo, which is 300 x 200 px: move it"):
        encode_hints(gray(frame), [(1, 1, "#123456"), (x, y, "#123456")], frame)


def test_lightness_of_another_frame_is_refused():
    frame = fit_frame(300, 200)
    with pytest.raises(ValueError, match="rows, columns"):
        encode_hints(gray(frame).T, [], frame)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "5", None, True, 10**400, 5j])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_place_must_be_a_finite_number(axis, value):
    with pytest.raises(HintError, match=rf"a hint's {axis} is .*: give its pixel"):
        Hint(**({"x": 1, "y": 1, "color": "#fff"} | {axis: value}))


@pytest.mark.parametrize("size", [1, 8, 2.0, "2", None, True, float("nan")])
def test_a_size_must_be_2_to_7(size):
    with pytest.raises(HintError, match="give a whole number from 2 to 7"):
        Hint(1, 1, "#fff", size)


def test_a_bad_color_says_how_to_write_one():
    with pytest.raises(HintError, match="#7b4a2d"):
        Hint(1, 1, "brown")


def test_hints_are_plain_comparable_values():
    hint = Hint(np.float32(4), np.int64(5), "ABC", np.int32(3))
    assert hint == Hint(4.0, 5.0, "#aabbcc", 3)
    assert hint.to_dict() == {"x": 4, "y": 5, "color": "#aabbcc", "size": 3}
    assert Hint(4.5, 5, "#abc").to_dict()["x"] == 4.5
    assert hint.ab == pytest.approx(srgb_to_lab(np.array([170, 187, 204]) / 255)[1:])
    with pytest.raises(AttributeError):
        hint.x = 3


def test_as_hints_takes_hints_tuples_and_dicts():
    one = Hint(1, 2, "#123456", 4)
    assert as_hints([one, (1, 2, "#123456", 4), [1, 2, "123456", 4], one.to_dict()]) == (one,) * 4
    assert as_hints(iter([(1, 2, "#123456")]))[0].size == 2
    assert as_hints([]) == ()


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([(1, 2, "#fff"), (1, 2)], r"hint 2: \(1, 2\) is not a hint"),
        ([{"x": 1, "y": 2, "colour": "#fff"}], "hint 1: a hint has no 'colour'"),
        ([{"x": 1, "y": 2}], "hint 1: a hint lacks 'color'"),
        ([(1, 2, "#fff", 9)], "hint 1: a hint's size is 9"),
        (["#fff"], "hint 1: '#fff' is not a hint"),
        ("#fff", "as a list, not as str"),
        ({"x": 1}, "as a list, not as dict"),
        (5, "as a list, not as int"),
    ],
)
def test_as_hints_says_which_one_is_unusable(items, message):
    with pytest.raises(HintError, match=message):
        as_hints(items)


def test_colors_that_are_remembered_are_those_that_are_computed():
    """More of them than are kept, some again and again."""
    frame = square_frame(224, 224)
    colors = [f"#{color:06x}" for color in np.random.default_rng(0).integers(0, 2**24, 3 * _REMEMBERED).tolist()]
    for some in (colors[:10], colors, colors[:_REMEMBERED], colors[5:15] * 2):
        *_, ab = place_hints([Hint(1, 1, color) for color in some], frame)
        rgb = np.array([list(bytes.fromhex(color[1:])) for color in some]) / 255
        assert np.array_equal(ab, srgb_to_lab(rgb)[:, 1:].astype(np.float32))


def test_what_is_asked_again_is_the_same_hint():
    first, again, other = (as_hints([{"x": x, "y": 2, "color": "#abc"}])[0] for x in (1, 1, 1.5))
    assert first is again and first != other
    for _ in range(2):  # nor is what was refused accepted later, 1 being equal to True
        with pytest.raises(HintError, match="a hint's x is True"):
            as_hints([{"x": True, "y": 2, "color": "#abc"}])
        with pytest.raises(HintError, match="is not a color"):
            as_hints([(1, 2, ["#abc"])])
