"""Published test sets, each as a small tree of its layout."""

import tarfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from adacolvit.cli import main
from adacolvit.errors import DataError
from adacolvit.evaluation.datasets import iter_data, title
from adacolvit.evaluation.photos import iter_sources, load

from .conftest import made_up, png


def keys(data) -> list[str]:
    return [key for key, _ in iter_data(data)]


def write(path, seed=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made_up(24, 16, seed).save(path)


@pytest.fixture
def imagenet(tmp_path):
    """Five photos of a validation set, sorted into folders of classes in another order than their names."""
    for number, folder in enumerate(["n02", "n01", "n02", "n01", "n03"], 1):
        write(tmp_path / "val" / folder / f"ILSVRC2012_val_{number:08}.JPEG", number)
    return tmp_path


def test_ctest10k_by_names(imagenet):
    listed = imagenet / "ctest10k.txt"
    listed.write_text("/somewhere/val/ILSVRC2012_val_00000004.JPEG 0\nILSVRC2012_val_00000001.JPEG\n\n")
    found = list(iter_sources(f"ctest10k:{imagenet / 'val'},{listed}"))
    assert [s.key for s in found] == ["n01/ILSVRC2012_val_00000004", "n02/ILSVRC2012_val_00000001"]
    with Image.open(imagenet / "val/n01/ILSVRC2012_val_00000004.JPEG") as image:
        assert np.array_equal(np.asarray(load(found[0])), np.asarray(image))
    listed.write_text("ILSVRC2012_val_00000009.JPEG\nILSVRC2012_val_00000001.JPEG\n")
    with pytest.raises(DataError, match=r"1 photos of .* are not in .*ILSVRC2012_val_00000009 for one"):
        keys(f"ctest10k:{imagenet / 'val'},{listed}")


@pytest.mark.parametrize("suffix", ["npy", "txt"])
def test_ctest10k_by_positions_in_the_sorted_names(imagenet, suffix):
    listed = imagenet / f"list.{suffix}"

    def write_list(positions):
        if suffix == "npy":
            np.save(listed, np.array(positions))
        else:
            listed.write_text("\n".join(map(str, positions)))

    write_list([4, 0, 1])
    expected = ["n01/ILSVRC2012_val_00000002", "n02/ILSVRC2012_val_00000001", "n03/ILSVRC2012_val_00000005"]
    assert keys(f"ctest10k:{imagenet / 'val'},{listed}") == expected
    write_list([1, 5])  # as one would write it who counts from 1
    with pytest.raises(DataError, match=r"positions up to 5, but .* has 5 photos"):
        keys(f"ctest10k:{imagenet / 'val'},{listed}")


def test_ctest10k_from_the_tar(imagenet):
    with tarfile.open(imagenet / "val.tar", "w") as tar:
        for path in sorted((imagenet / "val").rglob("*.JPEG")):
            tar.add(path, path.name)
    (imagenet / "list.txt").write_text("ILSVRC2012_val_00000003\nILSVRC2012_val_00000002\n")
    assert keys(f"ctest10k:{imagenet / 'val.tar'},{imagenet / 'list.txt'}") == [
        "ILSVRC2012_val_00000002",
        "ILSVRC2012_val_00000003",
    ]


def test_flowers(tmp_path):
    for number in range(1, 7):
        write(tmp_path / "jpg" / f"image_{number:05}.jpg", number)
    savemat(tmp_path / "setid.mat", {"trnid": [[1, 2]], "valid": [[3]], "tstid": [[6, 4]]})
    assert keys(f"flowers102:{tmp_path}") == ["image_00004", "image_00006"]
    (tmp_path / "jpg" / "image_00006.jpg").unlink()
    with pytest.raises(DataError, match=r"1 photos of .*setid.mat are not in .*jpg, image_00006 for one: unpack it"):
        keys(f"flowers102:{tmp_path}")
    for content in (b"", b"not a MATLAB file at all"):
        (tmp_path / "setid.mat").write_bytes(content)
        with pytest.raises(DataError, match="cannot be read as the set's split"):
            keys(f"flowers102:{tmp_path}")


def test_birds(tmp_path):
    names = ["001.Black_footed_Albatross/Black_Footed_Albatross_0046_18", "002.Laysan_Albatross/Laysan_0002_1027"]
    names += ["002.Laysan_Albatross/Laysan_0003_1033"]
    for name in names:
        write(tmp_path / "images" / f"{name}.jpg")
    lines = [f"{i} {name}.jpg" for i, name in enumerate(names, 1)]
    (tmp_path / "images.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "train_test_split.txt").write_text("1 0\n2 1\n3 0\n")
    assert keys(f"cub200:{tmp_path}") == [names[0], names[2]]
    (tmp_path / "train_test_split.txt").write_text("1 0 0\n")
    with pytest.raises(DataError, match="cannot be read as a table of the set"):
        keys(f"cub200:{tmp_path}")


def test_a_list_that_is_none(imagenet):
    with pytest.raises(DataError, match="write ctest10k:VAL,LIST"):
        keys(f"ctest10k:{imagenet / 'val'}")
    with pytest.raises(DataError, match=r"list .*missing.txt cannot be read"):
        keys(f"ctest10k:{imagenet / 'val'},{imagenet / 'missing.txt'}")
    (imagenet / "empty.txt").write_text("\n")
    with pytest.raises(DataError, match="is empty"):
        keys(f"ctest10k:{imagenet / 'val'},{imagenet / 'empty.txt'}")


def test_a_set_is_called_by_its_name_alone(tmp_path):
    assert title(f"cub200:{tmp_path}") == "cub200" and title("ctest10k:/a/val,/b/list.txt") == "ctest10k"
    assert title(tmp_path / "dev.tar") == "dev.tar"


def test_a_folder_whose_name_has_a_colon_is_a_folder(tmp_path):
    folder = tmp_path / "june: the lake"
    folder.mkdir()
    (folder / "one.png").write_bytes(png(made_up(24, 16, 1)))
    assert keys(folder) == ["one"] and keys(str(folder)) == ["one"]


def test_the_verb_takes_them(imagenet, tmp_path, capsys):
    (imagenet / "list.txt").write_text("ILSVRC2012_val_00000003\nILSVRC2012_val_00000002\n")
    data = f"ctest10k:{imagenet / 'val'},{imagenet / 'list.txt'}"
    out = tmp_path / "out.json"
    assert main(["evaluate", "--data", data, "--baselines", "gray", "--hints", "1", "--json", str(out)]) == 0
    assert capsys.readouterr().out.startswith("2 photos")
    assert '"name": "ctest10k"' in out.read_text() and str(imagenet) not in out.read_text()
