"""Test sets of the literature, read from the layout that they are published in.

A set is named by where it lies: a folder or a tar of photos by its path; others as ``KIND:PATH``:

* ``ctest10k:VAL,LIST``: the 10,000 photos of ImageNet's validation set that colorization is measured on (Larsson, Maire
  and Shakhnarovich 2016). VAL is the folder or tar of the 50,000, in subfolders or not; LIST is the published list:
  a text of file names, one per line (folders before them and labels after them are passed over), or a ``.npy`` or
  text of positions in the sorted names, counted from 0.
* ``flowers102:FOLDER``: Oxford 102 flowers (Nilsback and Zisserman 2008), ``jpg/image_00001.jpg`` ... and
  ``setid.mat``; its 6,149 photos for testing.
* ``cub200:FOLDER``: CUB-200-2011 (Wah et al. 2011), ``images.txt``, ``train_test_split.txt`` and ``images/``; its 5,794
  photos for testing.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from adacolvit.errors import DataError, MissingExtra
from adacolvit.photosets import Choice, iter_files


def iter_data(data, some: Choice = set) -> Iterator[tuple[str, bytes]]:
    """(key, file content) of a set's photos, sorted by key, one in memory at a time. Raises DataError.

    some: the set's keys, sorted -> those that are wanted; all by default.
    """
    kind, colon, rest = str(data).partition(":")
    if colon and kind in READERS:
        source, members = READERS[kind](rest)
        return iter_files(source, lambda keys: some(sorted(members(keys))))
    return iter_files(data, some)


def title(data) -> str:
    """What a set is called in a report: never where it lies."""
    kind, colon, _ = str(data).partition(":")
    return kind if colon and kind in READERS else Path(data).name


def _ctest10k(where: str) -> tuple[str, Choice]:
    folder, comma, listed = where.rpartition(",")
    if not comma:
        raise DataError(f"ctest10k:{where} names no list: write ctest10k:VAL,LIST with ImageNet's val and the list")
    wanted = _read_list(Path(listed))

    def choose(keys: Sequence[str]) -> set[str]:
        if isinstance(wanted[0], int):
            by_name = sorted(keys, key=_base)  # the positions are those of the flat folder
            if not 0 <= min(wanted) <= max(wanted) < len(keys):
                raise DataError(f"{listed} has positions up to {max(wanted)}, but {folder} has {len(keys)} photos")
            return {by_name[i] for i in wanted}
        by_base = {_base(key): key for key in keys}
        return {by_base[name] for name in _present(wanted, by_base, listed, folder)}

    return folder, choose


def _base(key: str) -> str:
    return PurePosixPath(key).name


def _read_list(path: Path) -> list[int] | list[str]:
    """Positions, or names without folders and suffixes."""
    try:
        if path.suffix == ".npy":
            return [int(i) for i in np.load(path, allow_pickle=False).ravel()]
        words = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"the list {path} cannot be read ({error}): give the published list of ctest10k") from error
    if not words:
        raise DataError(f"the list {path} is empty: give the published list of ctest10k")
    if all(word.isdecimal() for word in words):
        return [int(word) for word in words]
    return [PurePosixPath(word).stem for word in words]


def _flowers102(folder: str) -> tuple[Path, Choice]:
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise MissingExtra("scipy", "train") from error
    path = Path(folder) / "setid.mat"
    try:
        numbers = loadmat(path)["tstid"].ravel()
    except (OSError, ValueError, LookupError, MatReadError) as error:
        raise DataError(f"{path} cannot be read as the set's split ({error!r}): fetch it again") from error
    return _listed(Path(folder) / "jpg", [f"image_{int(number):05}" for number in numbers], path)


def _cub200(folder: str) -> tuple[Path, Choice]:
    path = Path(folder)
    names, training = _table(path / "images.txt"), _table(path / "train_test_split.txt")
    tested = [names[number].rpartition(".")[0] for number, trained in training.items() if trained == "0"]
    return _listed(path / "images", tested, path / "train_test_split.txt")


def _table(path: Path) -> dict[str, str]:
    """Lines of a number and a word."""
    try:
        return dict(line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table of the set ({error}): fetch it again") from error


def _listed(folder: Path, keys: Sequence[str], source: Path) -> tuple[Path, Choice]:
    return folder, lambda there: set(_present(keys, there, source, folder))


def _present(names, there, source, folder) -> Sequence[str]:
    there = set(there)
    missing = [name for name in names if name not in there]
    if missing:
        raise DataError(f"{len(missing)} photos of {source} are not in {folder}, {missing[0]} for one: unpack it whole")
    return names


# What stands behind the colon -> where the photos are, and which of them are the set's.
READERS: dict[str, Callable[[str], tuple[str | Path, Choice]]] = {
    "ctest10k": _ctest10k,
    "flowers102": _flowers102,
    "cub200": _cub200,
}
