"""Photos on a frame."""

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from adacolvit.errors import DataError
from adacolvit.evaluation.photos import Photos, Source, evenly, iter_sources, lay, load
from adacolvit.hints.frame import fit_frame

from .conftest import write_tar


def test_the_sets_photos_come_in_the_order_of_their_keys(photo_set):
    assert [source.key for source in iter_sources(photo_set)] == ["lake", "meadow", "town"]


def test_a_limit_takes_photos_evenly_through_the_set(photo_set, tmp_path):
    """Of a set sorted by class, so that each class has its share."""
    keys = [f"{kind}/{i}" for kind in ("birds", "boats", "bread", "bricks") for i in range(10)]
    write_tar(tmp_path / "classes.tar", {f"{key}.png": b"" for key in keys})
    taken = [source.key for source in iter_sources(tmp_path / "classes.tar", 8)]
    assert taken == [f"{kind}/{i}" for kind in ("birds", "boats", "bread", "bricks") for i in (0, 5)]
    assert [source.key for source in iter_sources(photo_set, 2)] == ["lake", "meadow"]
    assert evenly(keys, 40) == evenly(keys, 41) == evenly(keys, None) == keys
    assert evenly(keys, 3) == [keys[0], keys[13], keys[26]]


def test_photos_are_read_anew_and_not_kept(photo_set):
    photos = Photos(photo_set)
    sources = {source.key: source for source in iter_sources(photo_set)}
    assert photos.keys == ["lake", "meadow", "town"] and len(photos) == 3 and len(Photos(photo_set, 2)) == 2
    assert photos.checksums == {key: source.checksum for key, source in sources.items()}
    assert list(photos.read(["town", "lake"])) == [sources["lake"], sources["town"]] and not list(photos.read([]))
    assert photos.few(["town", "lake"]) == [sources["town"], sources["lake"]]
    held = [value for value in vars(photos).values() if not isinstance(value, dict)]
    assert held == [photo_set], "keys and checksums alone stay"


def test_the_square_is_the_whole_photo_stretched(photo_set):
    image = load(next(iter_sources(photo_set)))
    truth = lay(image, "square")
    stretched = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR))
    assert truth.rgb.shape == (224, 224, 3) and truth.rgb.dtype == truth.lab.dtype == np.float32
    assert np.array_equal(np.rint(truth.rgb * 255), stretched)
    assert truth.lab == pytest.approx(rgb2lab(stretched), abs=2e-3)


def test_the_native_frame_keeps_the_aspect(photo_set):
    lake, meadow, _ = (lay(load(source), "native") for source in iter_sources(photo_set))
    assert lake.frame == fit_frame(96, 64) and meadow.frame == fit_frame(64, 96)
    assert lake.rgb.shape == (lake.frame.height, lake.frame.width, 3)
    assert lake.frame.width > lake.frame.height and meadow.frame.width < meadow.frame.height


def test_a_bad_photo_is_named():
    with pytest.raises(DataError, match="the photo ruin"):
        load(Source("ruin", b"\x89PNG\r\n\x1a\n cut short"))
