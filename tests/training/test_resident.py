"""Batches made on the device show the same photos, boxes and hints as those made photo by photo."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from adacolvit.color.lab import lab_to_srgb
from adacolvit.hints.encoder import decode_ab, denormalize_lightness, normalize_ab
from adacolvit.hints.frame import Frame, square_frame
from adacolvit.hints.sampling import cell_means
from adacolvit.model.config import ModelConfig
from adacolvit.training import loop, plan, resident
from adacolvit.training.data import PhotoCache, choose, packed
from adacolvit.training.pace import Pace
from adacolvit.training.recipe import Recipe, Stage
from adacolvit.training.resident import ResidentPhotos, random_places


@pytest.fixture
def cache(tmp_path, photo_maker):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, (width, height) in enumerate([(96, 64), (64, 96), (80, 80), (200, 150)]):
        photo_maker(i, width, height).save(folder / f"{i}.png")
    return PhotoCache.open((str(folder),), tmp_path / "cache")


@pytest.fixture
def photos(cache):
    return ResidentPhotos(cache, torch.device("cpu"))


def test_a_crop_is_the_one_pillow_makes(cache, photos):
    boxes = torch.tensor([[0.0, 0.0, 96.0, 64.0], [7.3, 11.8, 50.5, 40.2], [0.0, 0.0, 80.0, 80.0], [20, 10, 99, 120]])
    chosen, flipped = torch.arange(4), torch.tensor([False, True, False, True])
    crops = photos._crop(chosen, boxes, flipped, 32, 48).numpy()
    for i, (crop, (left, top, width, height)) in enumerate(zip(crops, boxes.tolist(), strict=True)):
        box = (left, top, left + width, top + height)
        wanted = np.asarray(Image.fromarray(cache[i]).resize((48, 32), Image.BILINEAR, box=box), np.float32) / 255
        wanted = wanted[:, ::-1] if flipped[i] else wanted
        assert np.abs(crop - wanted).mean() < 0.02  # other filters, same place


def test_a_batch_shows_its_photos_and_is_a_function_of_its_seed(photos):
    stage, frame, chosen = Stage(samples=1, max_hints=16), square_frame(1, 1, 32), np.array([3, 0, 1, 2, 1])
    batch, again, other = (photos.batch(stage, frame, chosen, seed) for seed in (5, 5, 6))
    assert torch.equal(batch.x, again.x) and torch.equal(batch.target, again.target)
    assert not torch.equal(batch.x, other.x)
    lab = torch.cat([denormalize_lightness(batch.x[:, :1]), decode_ab(batch.target)], 1).permute(0, 2, 3, 1)
    rgb = lab_to_srgb(lab)
    assert rgb.min() >= 0 and rgb.max() <= 1
    rows, columns, sizes, colors = batch.hints
    torch.testing.assert_close(colors, cell_means(lab[..., 1:], rows, columns, sizes), atol=1e-3, rtol=0)
    hinted = batch.x[:, 3] > 0
    assert hinted.flatten(1).any(1).sum() >= 3
    for b, k in (sizes > 0).nonzero().tolist()[-3:]:  # of each image the last hint is covered by no other
        if k + 1 == sizes.shape[1] or sizes[b, k + 1] == 0:
            seen = batch.x[b, 1:3, rows[b, k], columns[b, k]]
            torch.testing.assert_close(seen, normalize_ab(colors[b, k]), atol=1e-4, rtol=0)


class OnTheProcessor(ResidentPhotos):
    """Stands for photos on a GPU."""

    def __init__(self, cache, device, *share) -> None:
        assert device.type == "cuda"
        super().__init__(cache, torch.device("cpu"), *share)


def test_a_gpu_makes_batches_of_photos_it_has_no_room_for(cache, monkeypatch):
    monkeypatch.setattr(resident, "ResidentPhotos", OnTheProcessor)
    stage = Stage(samples=8, size=32, batch=4, max_hints=16)
    recipe = Recipe("made", ModelConfig(width=32, depth=1, heads=2), (stage,))
    for rank in range(2):
        gpu = SimpleNamespace(global_rank=rank, world_size=2, device=torch.device("cuda"))
        for step, planned in enumerate(plan.batches(recipe, cache, 0, 0, gpu, Pace(recipe.samples))):
            chosen = choose(len(cache), 4 * step, 4, recipe.seed)[rank::2]
            alone = OnTheProcessor(packed([cache[i] for i in chosen]), gpu.device)
            seed = int(plan.rng_for(recipe, plan.PHOTOS, step, rank).integers(2**62))
            wanted = alone.batch(stage, square_frame(1, 1, 32), np.arange(2), seed)
            assert torch.equal(planned.batch.x, wanted.x) and torch.equal(planned.batch.target, wanted.target)


def test_photos_become_resident_where_every_process_has_room(cache, monkeypatch):
    monkeypatch.setattr(loop, "fits", lambda *_: True)
    cpu = {"global_rank": 0, "world_size": 1, "device": torch.device("cpu")}
    for others, kind in ((1.0, ResidentPhotos), (0.0, PhotoCache)):
        reduce = lambda room, reduce_op, others=others: torch.minimum(room, torch.tensor(others))  # noqa: E731
        assert isinstance(loop.kept_where(SimpleNamespace(all_reduce=reduce, **cpu), cache), kind)


def test_boxes_lie_in_the_photo_and_have_the_wanted_areas(photos):
    chosen = torch.arange(4).repeat(200)
    stage = Stage(samples=1, crop=(0.3, 0.6))
    boxes = photos._boxes(chosen, stage, 1.0, torch.Generator().manual_seed(0))
    left, top, width, height = boxes.unbind(1)
    photo_width, photo_height = photos._width[chosen], photos._height[chosen]
    assert (left >= 0).all() and (top >= 0).all()
    assert (left + width <= photo_width + 1e-3).all() and (top + height <= photo_height + 1e-3).all()
    area = width * height / (photo_width * photo_height)
    assert area.min() >= 0.3 - 1e-3 and area.max() <= 0.6 + 1e-3 and area.std() > 0.05


def test_places_are_distinct_aligned_and_counted_as_the_stage_says():
    stage, frame = Stage(samples=1, max_hints=40, few=0.5), Frame(1, 1, 48, 64)
    generator = torch.Generator().manual_seed(1)
    counts, all_sizes = [], set()
    for _ in range(30):
        rows, columns, sizes = random_places(stage, 32, frame, generator)
        there = sizes > 0
        counts += there.sum(1).tolist()
        all_sizes |= set(sizes[there].tolist())
        assert ((rows + sizes)[there] <= 64).all() and ((columns + sizes)[there] <= 48).all()
        if set(sizes[there].tolist()) == {2}:
            assert not (rows % 2).any() and not (columns % 2).any()
            for row, column, used in zip(rows, columns, there, strict=True):
                assert len(set(zip(row[used].tolist(), column[used].tolist(), strict=True))) == used.sum()
    assert min(counts) == 0 and max(counts) == 40 and all_sizes == set(range(2, 8))
    assert 0.5 < np.mean(np.array(counts) <= 10) < 0.75  # half by wish, and 11 of 41 of the others
