"""Photos on a frame."""

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from adacolvit.errors import DataError
from adacolvit.evaluation.photos import Source, iter_sources, lay, load
from adacolvit.hints.frame import fit_frame


def test_the_sets_photos_come_in_the_order_of_their_keys(photo_set):
    assert [source.key for source in iter_sources(photo_set)] == ["lake", "meadow", "town"]
    assert [source.key for source in iter_sources(photo_set, 2)] == ["lake", "meadow"]


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
