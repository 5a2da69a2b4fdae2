"""Shards made of tars and folders, and streamed: every photo once an epoch, the same ones for the same place."""

import functools
import io
import json
import os
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import fsspec
import numpy as np
import pytest
import torch
from PIL import Image

from adacolvit.cli import main
from adacolvit.errors import DataError
from adacolvit.hints.frame import square_frame
from adacolvit.training import stream
from adacolvit.training.data import PhotoCache, packed
from adacolvit.training.recipe import Stage
from adacolvit.training.resident import ResidentPhotos
from adacolvit.training.shards import places
from adacolvit.training.stream import MIXED, ShardStream

CLASSES, EACH = 5, 9  # of the made-up ImageNet


def file_of(photo: Image.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    photo.save(out, kind)
    return out.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory, photo_maker):
    """A tar of a tar for each class, laid out as ILSVRC2012_img_train.tar."""
    path = tmp_path_factory.mktemp("imagenet") / "ILSVRC2012_img_train.tar"
    with tarfile.open(path, "w") as outer:
        for c in range(CLASSES):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as tar:
                for i in range(EACH):
                    width, height = ((600, 500), (300, 280), (120, 90))[i % 3]
                    add(tar, f"n{c:08}_{i}.JPEG", file_of(photo_maker(100 * c + i, width, height)))
            add(outer, f"n{c:08}.tar", inner.getvalue())
    return path


@pytest.fixture(scope="module")
def shards(imagenet, tmp_path_factory):
    """Its shards."""
    folder = tmp_path_factory.mktemp("shards")
    assert main(["shards", str(imagenet), "-o", str(folder), "--per-shard", "4", "--workers", "1"]) == 0
    return folder


def test_photos_are_found_in_tars_of_tars(imagenet):
    found = list(places(imagenet))
    assert len(found) == CLASSES * EACH
    for place in found[::7]:
        content = imagenet.read_bytes()[place.offset : place.offset + place.size]
        assert Image.open(io.BytesIO(content)).format == "JPEG"


def test_shards_hold_every_photo_once_shuffled_and_small(shards):
    counts = json.loads((shards / "shards.json").read_text())
    assert sum(counts.values()) == CLASSES * EACH and set(counts.values()) == {4, 1}
    names, sizes = [], set()
    for shard in sorted(shards.glob("*.tar")):
        with tarfile.open(shard) as tar:
            assert len(tar.getnames()) == counts[shard.name]
            for member in tar:
                names.append(member.name)
                sizes.add(Image.open(tar.extractfile(member)).size)
    assert len(set(names)) == len(names) == CLASSES * EACH
    assert sizes == {(307, 256), (274, 256), (120, 90)}
    assert len({name.split("_")[1] for name in names[:4]}) > 1  # of several classes


def test_making_shards_goes_on_and_mixes_nothing(imagenet, shards, tmp_path, capsys):
    arguments = ["shards", str(imagenet), "-o", str(tmp_path), "--per-shard", "20", "--workers", "2"]
    assert main(arguments) == 0
    first = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    (tmp_path / "00001.tar").unlink()
    (tmp_path / "shards.json").unlink()
    kept = (tmp_path / "00000.tar").stat().st_mtime_ns
    assert main(arguments) == 0
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == first
    assert (tmp_path / "00000.tar").stat().st_mtime_ns == kept
    assert main([*arguments, "--seed", "1"]) == 1
    assert "empty folder" in capsys.readouterr().err


def test_photos_are_kept_at_the_size_that_is_asked_for(imagenet, shards, tmp_path, capsys):
    arguments = ["shards", str(imagenet), "-o", str(tmp_path), "--per-shard", "45", "--workers", "1"]
    assert main([*arguments, "--short-side", "400"]) == 0
    assert main([*arguments, "--short-side", "200"]) == 1
    assert "made otherwise" in capsys.readouterr().err
    full = {(400, 480, 3), (280, 300, 3), (90, 120, 3)}
    small = {(256, 307, 3), (256, 274, 3), (90, 120, 3)}
    for short_side, sizes in ((400, full), (256, small)):
        streamed = ShardStream([str(tmp_path)], 0, short_side=short_side).photos()
        assert {photo.shape for photo in islice(streamed, 45)} == sizes
        cache = PhotoCache.open((str(tmp_path / "00000.tar"),), tmp_path / "cache", short_side=short_side)
        assert {photo.shape for photo in cache} == sizes


def test_a_folder_of_shards_stands_for_them_in_the_cache_too(shards, tmp_path):
    cache = PhotoCache.open((str(shards),), tmp_path)
    named = PhotoCache.open(tuple(map(str, sorted(shards.glob("*.tar")))), tmp_path)
    assert len(cache) == CLASSES * EACH and len(list(tmp_path.glob("*.rgb"))) == 1
    assert np.array_equal(cache.pixels, named.pixels)


def test_a_photo_that_cannot_be_read_is_named(tmp_path, photo_maker, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    photo_maker(1).save(folder / "good.png")
    (folder / "cut.jpg").write_bytes(file_of(photo_maker(2))[:200])
    assert main(["shards", str(folder), "-o", str(tmp_path / "out"), "--workers", "1"]) == 1
    assert "cut.jpg" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "shards.json").read_text()) == {"00000.tar": 1}
    again = ["shards", str(folder), "-o", str(tmp_path / "out"), "--workers", "1"]
    assert main(again) == 1, "it is lost the second time too"


@pytest.mark.parametrize("world", [1, 2])
def test_every_photo_comes_once_an_epoch(shards, world):
    streams = [ShardStream([str(shards)], 3, rank, world) for rank in range(world)]
    sizes = [sum(s.counts[s.shards[i]] for i in np.random.default_rng([3, 0]).permutation(12)[r::world])
             for r, s in enumerate(streams)]  # fmt: skip
    assert sum(sizes) == CLASSES * EACH
    epoch = [name for stream, size in zip(streams, sizes, strict=True) for name, _ in islice(stream.files(), size)]
    assert len(set(epoch)) == len(epoch) == CLASSES * EACH
    second = [name for name, _ in islice(streams[0].files(sizes[0]), sizes[0])]
    assert second != epoch[: sizes[0]]
    assert len({name.split(":")[0] for name in epoch[:8]}) > 2  # several shards mixed


def test_the_stream_goes_on_anywhere_after_reading_little(shards, monkeypatch):
    whole = [name for name, _ in islice(ShardStream([str(shards)], 5).files(), 120)]
    for first in (0, 1, 17, 45, 46, 100):
        some, read = ShardStream([str(shards)], 5), []
        monkeypatch.setattr(
            some, "_read", lambda names, *rest, r=read, f=some._read: r.append(names) or f(names, *rest)
        )
        assert [name for name, _ in islice(some.files(first), 3)] == whole[first : first + 3]
        assert sum(len(names) for names in read) <= 3 * MIXED


def test_photos_come_from_a_server_and_through_a_pipe(shards):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(shards)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        sources = [f"http://127.0.0.1:{server.server_port}/{{00000..00003}}.tar"]
        there = list(islice(ShardStream(sources, 1).photos(threads=2), 16))
    finally:
        server.shutdown()
        server.server_close()
    here = list(islice(ShardStream([str(shards / f"{i:05}.tar") for i in range(4)], 1).photos(), 16))
    pipe = list(islice(ShardStream([f"pipe:cat {shards}/{{00000..00003}}.tar"], 1).photos(), 16))
    for one, two, three in zip(there, here, pipe, strict=True):
        assert np.array_equal(one, two) and np.array_equal(one, three)


AWS = """#!/bin/sh
test "$1 $2 $4" = "s3 cp -" && exec cat "$BUCKET/${3#s3://bucket/}"
"""


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """A folder that a program ``aws`` takes for s3://bucket."""
    program = tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(AWS)
    program.chmod(0o755)
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("BUCKET", str(bucket))
    return bucket


def test_a_store_is_read_by_its_address_or_by_a_program_and_its_index_tells_the_counts(shards, aws):
    store = fsspec.filesystem("memory")
    here = list(islice(ShardStream([str(shards)], 1).photos(), 8))
    counts = json.loads((shards / "shards.json").read_text())
    for source in ("memory://bucket/{00000..00011}.tar", "pipe:aws s3 cp s3://bucket/{00000..00011}.tar -"):
        for place in (aws, store):  # the index alone: a shard that is read to be counted is not there
            content = (shards / "shards.json").read_bytes()
            (aws / "shards.json").write_bytes(content) if place is aws else store.pipe("/bucket/shards.json", content)
        assert list(stream.counted([source]).values()) == list(counts.values())
    for shard in shards.glob("*.tar"):
        store.pipe(f"/bucket/{shard.name}", shard.read_bytes())
        (aws / shard.name).write_bytes(shard.read_bytes())
    for source in ("memory://bucket/{00000..00011}.tar", "pipe:aws s3 cp s3://bucket/{00000..00011}.tar -"):
        there = list(islice(ShardStream([source], 1).photos(), 8))
        assert all(np.array_equal(one, two) for one, two in zip(here, there, strict=True))
    store.rm("/bucket", recursive=True)


def test_an_address_that_nothing_opens_is_told_at_once(caplog):
    with pytest.raises(DataError, match=r"nowhere://bucket/0\.tar cannot be read .*nowhere"):
        ShardStream(["nowhere://bucket/0.tar"], 0)
    assert not any("trying again" in record.getMessage() for record in caplog.records)


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_):
        pass


def test_a_shard_that_is_not_what_it_should_be(shards, tmp_path):
    with pytest.raises(DataError, match=r"nothing\.tar cannot be read"):
        ShardStream([str(tmp_path / "nothing.tar")], 0)
    with tarfile.open(tmp_path / "classes.tar", "w") as tar:
        add(tar, "n01440764.tar", b"x" * 1024)
    with pytest.raises(DataError, match=r"no photos in .*classes\.tar"):
        ShardStream([str(tmp_path / "classes.tar")], 0)
    (tmp_path / "classes.tar").unlink()
    with pytest.raises(DataError, match="cannot be shared by 50"):
        ShardStream([str(shards)], 0, 0, 50)
    (tmp_path / "00000.tar").write_bytes((shards / "00000.tar").read_bytes())
    (tmp_path / "shards.json").write_text('{"00000.tar": 7}')
    with pytest.raises(DataError, match="4 photos where 7 were counted"):
        next(ShardStream([str(tmp_path)], 0).files())


def test_a_shard_that_cannot_be_read_for_a_moment_is_tried_again(shards, monkeypatch, caplog):
    whole = [name for name, _ in islice(ShardStream([str(shards)], 5).files(), 45)]
    monkeypatch.setattr(stream, "PAUSES", (0, 0))
    broken, files = [2], stream._files

    def unreliable(shard):
        for number, file in enumerate(files(shard)):
            if number == 1 and broken[0]:
                broken[0] -= 1
                raise DataError("503 slow down")
            yield file

    monkeypatch.setattr(stream, "_files", unreliable)
    assert [name for name, _ in islice(ShardStream([str(shards)], 5).files(), 45)] == whole
    assert [record.getMessage() for record in caplog.records] == ["503 slow down; trying again in 0 s"] * 2
    broken[0] = 3
    with pytest.raises(DataError, match="503 slow down"):
        next(ShardStream([str(shards)], 5).files())


def test_what_was_counted_before_is_not_counted_again(shards, monkeypatch):
    counts = stream.counted([str(shards)])
    monkeypatch.setattr(stream, "counted", None)
    assert next(ShardStream([str(shards)], 0, counts=counts).files())


def test_resident_photos_may_be_a_share_and_come_from_memory(shards):
    photos = list(islice(ShardStream([str(shards)], 0).photos(), 10))
    cache = packed(photos)
    assert isinstance(cache, PhotoCache) and all(np.array_equal(cache[i], p) for i, p in enumerate(photos))
    stage, frame, cpu = Stage(samples=1, max_hints=4), square_frame(1, 1, 32), torch.device("cpu")
    for rank in range(3):
        share = ResidentPhotos(cache, cpu, rank, 3)
        alone = ResidentPhotos(packed(photos[rank::3]), cpu)
        chosen = np.arange(len(share))
        assert len(share) == len(photos[rank::3])
        assert torch.equal(share.batch(stage, frame, chosen, 1).x, alone.batch(stage, frame, chosen, 1).x)
