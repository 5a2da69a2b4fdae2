"""Photos become batches: the same ones for the same step, and true to the photo."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import DataError
from adacolvit.hints.encoder import decode_ab
from adacolvit.hints.frame import square_frame
from adacolvit.training import data
from adacolvit.training.data import (
    PhotoCache,
    choose,
    crop_box,
    make_batch,
    prefetch,
    random_frame,
    resized,
)
from adacolvit.training.recipe import Stage

try:
    import resource
except ImportError:  # Windows
    resource = None


def test_cache_holds_the_photos_and_is_made_once(shard, photo_maker, tmp_path):
    done = []
    first = PhotoCache.open((str(shard),), tmp_path, done.append)
    assert len(first) == 12
    assert np.array_equal(first[1], np.asarray(photo_maker(1, 64, 48)))
    files = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    again = PhotoCache.open((str(shard),), tmp_path)
    assert np.array_equal(again[7], first[7])
    assert files == {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}


def test_runs_that_begin_together_decode_once(shard, tmp_path, monkeypatch):
    calls, decode = [], PhotoCache._decode
    monkeypatch.setattr(PhotoCache, "_decode", staticmethod(lambda *settings: calls.append(1) or decode(*settings)))
    with ThreadPoolExecutor(2) as runs:
        caches = list(runs.map(lambda _: PhotoCache.open((str(shard),), tmp_path), range(2)))
    assert len(calls) == 1 and [len(cache) for cache in caches] == [12, 12]


def test_no_photos_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no photos to train on"):
        PhotoCache.open((), tmp_path)
    with pytest.raises(DataError, match=r"missing\.tar"):
        PhotoCache.open((str(tmp_path / "missing.tar"),), tmp_path)


@pytest.mark.skipif(resource is None, reason="the system limits no file's size")
def test_a_full_disk_is_told_with_what_to_do_and_nothing_is_left(shard, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be kept in .*: name a folder with room by --cache"):
            PhotoCache.open((str(shard),), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {p.suffix for p in tmp_path.iterdir()} == {".lock"}
    assert len(PhotoCache.open((str(shard),), tmp_path)) == 12


def test_a_disk_without_room_for_the_photos_to_come_is_told_early(shard, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "LOOK_EVERY", 3)
    monkeypatch.setattr(data.shutil, "disk_usage", lambda folder: SimpleNamespace(free=50_000))
    with pytest.raises(DataError, match=r"take about 0\.0 GB, .* --cache, or .* --stream"):
        PhotoCache.open((str(shard),), tmp_path)
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob("*.rgb"))


def test_a_photo_that_is_damaged_is_named_and_leaves_nothing(tmp_path, photo_maker):
    folder = tmp_path / "photos"
    folder.mkdir()
    photo_maker(1).save(folder / "good.png")
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:200])
    with pytest.raises(DataError, match="photos:cut cannot be used"):
        PhotoCache.open((str(folder),), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.part"))


def test_the_cache_knows_a_source_by_name_size_and_time(shard, tmp_path):
    source = tmp_path / "photos.tar"
    shutil.copy2(shard, source)
    PhotoCache.open((str(source),), tmp_path / "cache")
    for make_other in (lambda: None, lambda: os.utime(source, (1, 1))):
        make_other()
        cache = PhotoCache.open((str(source),), tmp_path / "cache")
        assert len(cache) == 12
    assert len(list((tmp_path / "cache").glob("*.rgb"))) == 2


def test_a_batch_is_a_function_of_its_random_numbers(cache):
    stage, frame, chosen = Stage(samples=1, max_hints=16), square_frame(9, 9, 32), np.arange(5)
    one = make_batch(cache, stage, frame, chosen, np.random.default_rng(3))
    two = make_batch(cache, stage, frame, chosen, np.random.default_rng(3))
    other = make_batch(cache, stage, frame, chosen, np.random.default_rng(4))
    assert one.x.equal(two.x) and one.target.equal(two.target)
    assert not one.x.equal(other.x)


def test_hints_show_the_target_and_only_where_the_mask_is(cache):
    stage = Stage(samples=1, max_hints=16, few=0.0)
    batch = make_batch(cache, stage, square_frame(9, 9, 32), np.arange(8), np.random.default_rng(0))
    x, target = batch.x.numpy(), batch.target.numpy()
    mask = x[:, 3]
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert not x[:, 1:3][np.broadcast_to(mask[:, None] == 0, x[:, 1:3].shape)].any()
    hinted = np.broadcast_to(mask[:, None] == 1, target.shape)
    assert np.abs(x[:, 1:3][hinted] - target[hinted]).mean() < 0.03  # cell means against pixels of shaded halves


def test_targets_are_displayable_colors_of_the_photo(cache):
    batch = make_batch(cache, Stage(samples=1), square_frame(9, 9, 32), np.arange(4), np.random.default_rng(0))
    lightness = batch.x.numpy()[:, 0] * 100 + 50
    lab = np.concatenate([lightness[..., None], decode_ab(np.moveaxis(batch.target.numpy(), 1, -1))], -1)
    rgb = lab_to_srgb(lab)
    assert rgb.min() > 0.1 and rgb.max() < 0.95  # within the made photos' range: nothing was clipped or scaled


def test_every_photo_comes_once_per_epoch_in_another_order():
    first, second = choose(10, 0, 10, seed=1), choose(10, 10, 10, seed=1)
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
    assert list(choose(10, 7, 6, seed=1)) == [*first[7:], *second[:3]]
    assert list(choose(10, 7, 16, seed=1)) == [*first[7:], *second, *choose(10, 20, 3, seed=1)]


def test_crops_lie_in_the_photo():
    rng = np.random.default_rng(0)
    for _ in range(200):
        width, height = rng.integers(20, 300, 2)
        left, top, right, bottom = crop_box(rng, int(width), int(height), (0.3, 1.0), rng.uniform(0.6, 1.6))
        assert 0 <= left < right <= width + 1e-9 and 0 <= top < bottom <= height + 1e-9


def test_resizing_a_box_is_what_pillow_makes_of_the_whole_photo():
    rng = np.random.default_rng(1)
    for _ in range(200):
        width, height = (int(side) for side in rng.integers(20, 300, 2))
        photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        box = crop_box(rng, width, height, (0.01, 1.0), rng.uniform(0.6, 1.6))
        wanted = Image.fromarray(photo).resize((64, 48), Image.BILINEAR, box=box)
        difference = resized(photo, box, 64, 48).astype(int) - np.asarray(wanted)
        assert np.abs(difference).max() <= 1  # rounding between the two passes, whose order Pillow chooses by size


def test_varied_frames_keep_the_number_of_tokens():
    rng = np.random.default_rng(0)
    frames = [random_frame(Stage(samples=1, size=224, vary=1.0), rng) for _ in range(50)]
    tokens = [f.grid[0] * f.grid[1] for f in frames]
    assert min(tokens) > 170 and max(tokens) <= 202
    assert len({f.grid for f in frames}) > 3


def test_prefetch_keeps_order_and_passes_errors_on():
    def numbers():
        yield from range(5)
        raise DataError("broken photo")

    got = []
    with pytest.raises(DataError, match="broken photo"):
        for n in prefetch(numbers()):
            got.append(n)
    assert got == [0, 1, 2, 3, 4]
