"""Hint sets: uniform, nested, the same for everybody, and refused where they do not belong."""

import numpy as np
import pytest

from adacolvit.errors import DataError, SaveError
from adacolvit.evaluation import hintset
from adacolvit.evaluation.hintset import MOST, SIDE, HintSet, draw, load, save
from adacolvit.evaluation.photos import Source, iter_sources, lay
from adacolvit.evaluation.photos import load as load_photo
from adacolvit.hints.frame import Frame

SOURCES = [Source(f"photo-{i}", bytes([i])) for i in range(60)]


@pytest.fixture(scope="module")
def hint_set() -> HintSet:
    return draw(SOURCES, seed=7)


def test_every_set_contains_the_smaller_ones(hint_set):
    ab, frame = np.zeros((SIDE, SIDE, 2), np.float32), Frame(SIDE, SIDE, SIDE, SIDE)
    for source in SOURCES[:5]:
        before = set()
        for count in (0, 1, 2, 5, 10, 20, 50, MOST):
            rows, columns, sizes, colors = hint_set.hints(source.key, count, frame, ab)
            places = set(zip(rows.tolist(), columns.tolist(), strict=True))
            assert len(places) == count == len(sizes) == len(colors), "no place twice"
            assert before <= places
            before = places


def test_places_are_uniform_on_the_2_px_grid(hint_set):
    places = np.concatenate([p for _, p in hint_set.places.values()])
    assert not (places % 2).any() and places.min() == 0 and places.max() == SIDE - 2
    counted, *_ = np.histogram2d(places[:, 0], places[:, 1], bins=4, range=[(0, SIDE), (0, SIDE)])
    expected = len(SOURCES) * MOST / 16
    chi_square = ((counted - expected) ** 2 / expected).sum()
    assert chi_square < 37.7, "more than a draw in a thousand has with 15 degrees of freedom"


def test_the_first_places_are_uniform_too(hint_set):
    first = np.array([p[0] for _, p in hint_set.places.values()], float)
    assert np.abs(first.mean(0) - SIDE / 2).max() < 4 * SIDE / np.sqrt(12 * len(SOURCES))


def test_a_photos_places_depend_on_seed_and_key_alone(hint_set):
    alone = draw(SOURCES[9:10], seed=7)
    assert np.array_equal(alone.places["photo-9"][1], hint_set.places["photo-9"][1])
    other = draw(SOURCES, seed=8)
    assert not np.array_equal(other.places["photo-9"][1], hint_set.places["photo-9"][1])
    assert len({hint_set.digest, alone.digest, other.digest}) == 3
    assert draw(SOURCES, seed=7).digest == hint_set.digest


def test_colors_are_the_means_of_the_cells(photo_set):
    sources = list(iter_sources(photo_set))
    hint_set = draw(sources)
    for kind in ("square", "native"):
        truth = lay(load_photo(sources[0]), kind)
        ab = truth.lab[..., 1:]
        rows, columns, sizes, colors = hint_set.hints(sources[0].key, 20, truth.frame, ab)
        assert (sizes == 2).all()
        for r, c, color in zip(rows, columns, colors, strict=True):
            assert color == pytest.approx(ab[r : r + 2, c : c + 2].mean((0, 1)), abs=1e-4)


@pytest.mark.parametrize(("width", "height"), [(256, 192), (176, 288), (624, 80)])
def test_places_keep_their_fraction_of_another_frame(hint_set, width, height):
    square = np.zeros((SIDE, SIDE, 2), np.float32), Frame(640, 480, SIDE, SIDE)
    other = np.zeros((height, width, 2), np.float32), Frame(640, 480, width, height)
    for source in SOURCES[:5]:
        r0, c0, *_ = hint_set.hints(source.key, MOST, square[1], square[0])
        r1, c1, *_ = hint_set.hints(source.key, MOST, other[1], other[0])
        assert np.abs((r1 + 1) / height - (r0 + 1) / SIDE).max() <= 1 / height + 1e-9, "the middle lies in the cell"
        assert np.abs((c1 + 1) / width - (c0 + 1) / SIDE).max() <= 1 / width + 1e-9
        assert not (r1 % 2).any() and not (c1 % 2).any()


def test_a_file_brings_back_the_same_set(hint_set, tmp_path):
    save(tmp_path / "hints.npz", hint_set)
    again = load(tmp_path / "hints.npz")
    assert again.seed == 7 and again.digest == hint_set.digest
    assert (tmp_path / "hints.npz").stat().st_size < 300 * len(SOURCES)
    with pytest.raises(SaveError):
        save(tmp_path / "missing" / "hints.npz", hint_set)


def test_other_photos_are_refused(hint_set):
    hint_set.check("photo-3", SOURCES[3].checksum)
    with pytest.raises(DataError, match="no places for the photo stranger"):
        hint_set.check("stranger", 0)
    with pytest.raises(DataError, match="photo-3 is not the one"):
        hint_set.check("photo-3", Source("photo-3", b"edited").checksum)


def test_files_that_are_no_hint_sets_are_refused(hint_set, tmp_path, monkeypatch):
    path = tmp_path / "hints.npz"
    for content in (b"", b"no hint set", b"PK\x03\x04 cut"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"hints.npz cannot be read"):
            load(path)
    np.savez(path, keys=["a"])
    with pytest.raises(DataError, match=r"hints.npz cannot be read"):
        load(path)
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "missing.npz")
    save(path, HintSet(0, {"a": (1, np.full((MOST, 2), 223, np.uint8))}))
    with pytest.raises(DataError, match="damaged"):
        load(path)
    save(path, hint_set)
    monkeypatch.setattr(hintset, "VERSION", hintset.VERSION + 1)
    with pytest.raises(DataError, match="version 1"):
        load(path)
