"""Photo sets on disk: keys, order, and what happens to bad ones."""

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from adacolvit.decode import _FORMATS
from adacolvit.errors import DataError
from adacolvit.photosets import SUFFIXES, UNREADABLE, decode, is_photo, iter_files, photos_below


def png(value=0, size=(3, 2), **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (value, 10, 20)).save(out, "PNG", **options)
    return out.getvalue()


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


FILES = {"b.sun.png": png(2), "a.png": png(1), "deep/a.png": png(3), "notes.txt": b"no photo", "._a.png": b"a Mac's"}
EXPECTED = [("a", png(1)), ("b.sun", png(2)), ("deep/a", png(3))]


@pytest.mark.parametrize(("name", "mode"), [("s.tar", "w"), ("s.tar.gz", "w:gz")])
def test_a_tar_gives_its_photos_sorted_by_key(tmp_path, name, mode):
    write_tar(tmp_path / name, FILES, mode)
    assert list(iter_files(tmp_path / name)) == EXPECTED


def test_a_folder_gives_the_same_as_a_tar(tmp_path):
    (tmp_path / "deep").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    assert list(iter_files(tmp_path)) == EXPECTED


def test_one_photo_is_a_set_too(tmp_path):
    (tmp_path / "lake.png").write_bytes(png())
    assert list(iter_files(tmp_path / "lake.png")) == [("lake", png())]


def test_unusable_sets_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.tar does not exist"):
        list(iter_files(tmp_path / "nowhere.tar"))
    with pytest.raises(DataError, match="holds no photo"):
        list(iter_files(tmp_path))
    (tmp_path / "bad.tar").write_bytes(b"not a tar at all")
    with pytest.raises(DataError, match=r"bad.tar cannot be read as a tar"):
        list(iter_files(tmp_path / "bad.tar"))
    write_tar(tmp_path / "whole.tar", {f"{i}.png": png(i) for i in range(9)})
    (tmp_path / "cut.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:4900])
    with pytest.raises(DataError, match=r"cut.tar cannot be read"):
        list(iter_files(tmp_path / "cut.tar"))


def test_two_files_of_one_key_are_refused(tmp_path):
    write_tar(tmp_path / "s.tar", {"x.png": png(1), "x.jpg": png(2)})
    with pytest.raises(DataError, match="share the key x"):
        list(iter_files(tmp_path / "s.tar"))


def test_decoding_applies_the_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6  # shown rotated by 90 degrees
    image = decode("p", png(9, (3, 2), exif=exif))
    assert image.size == (2, 3) and image.mode == "RGB"
    assert np.asarray(image)[0, 0].tolist() == [9, 10, 20]


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:40]])
def test_a_photo_that_cannot_be_decoded_is_named(content):
    with pytest.raises(DataError, match=r"the photo harbor cannot be used"):
        decode("harbor", content)


def test_folders_are_searched_for_what_can_be_opened():
    """Every suffix belongs to a format that is read; of those that are, only oddities are left out."""
    Image.init()
    read = {suffix for suffix, kind in Image.registered_extensions().items() if kind in _FORMATS}
    assert read >= SUFFIXES
    oddities = {
        ".apng", ".avifs", ".bw", ".icb", ".ico", ".j2c", ".jpc", ".jpf", ".pfm", ".rgb", ".rgba", ".vda", ".vst",
    }  # fmt: skip
    assert read - SUFFIXES <= oddities
    assert not UNREADABLE & set(Image.registered_extensions())


def test_a_tar_of_a_folder_itself_is_read(tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "1.jpg")
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.add(tmp_path / "1.jpg", "./1.jpg")
    assert [key for key, _ in iter_files(tmp_path / "all.tar")] == ["1"]


def test_photos_below_a_folder_come_in_the_order_of_their_paths(tmp_path):
    names = [
        "b/z.png",
        "b.png",
        "b-/a.jpg",
        "a.png",
        "c/d/e.tif",
        ".hidden/x.png",
        "c/.y.png",
        "b/a.color.png",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    closed = []
    found = list(photos_below(tmp_path, lambda *said: closed.append(said)))
    every = sorted(path for path in tmp_path.rglob("*") if path.is_file() and is_photo(path.relative_to(tmp_path)))
    assert found == every and len(found) == 5
    assert not closed
    assert list(photos_below(tmp_path / "nowhere", lambda *said: closed.append(said))) == []
    ((folder, error),) = closed
    assert folder == tmp_path / "nowhere" and "cannot be listed (No such file" in str(error)


def test_what_the_system_refuses_does_not_end_the_list(tmp_path, monkeypatch):
    for name in ("a/1.png", "b/2.png", "c/3.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    listed = os.scandir

    def closed(folder):
        if folder == tmp_path / "a":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", closed)
    told = {}
    assert [path.name for path in photos_below(tmp_path, told.__setitem__)] == ["2.png", "3.png"]
    assert told.keys() == {tmp_path / "a"} and "Permission denied" in str(told[tmp_path / "a"])
