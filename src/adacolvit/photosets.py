"""Sets of photos on disk: a folder, a tar shard of the WebDataset kind, or a single file. Free of torch."""

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePath, PurePosixPath

from PIL import Image

from adacolvit.errors import DataError, PhotoError
from adacolvit.photo import open_photo

# Of the formats that decode.py reads; icons are left out.
SUFFIXES = frozenset([
    ".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".pbm", ".pcx", ".pgm",
    ".png", ".pnm", ".ppm", ".psd", ".sgi", ".tga", ".tif", ".tiff", ".webp",
])  # fmt: skip
# Photos that cannot be read: they are met and named, not passed over as if they were texts.
UNREADABLE = frozenset([
    ".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".heic", ".heif", ".iiq", ".jxl", ".kdc", ".mef", ".nef", ".nrw",
    ".orf", ".pef", ".raf", ".rw2", ".srw",
])  # fmt: skip

Choice = Callable[[Sequence[str]], set[str]]  # keys of all photos -> those that are wanted
COLORED = ".color"  # ends the names of pictures written beside their photos


def is_photo(name: PurePath) -> bool:
    """Whether a file in a folder (its name below it) is to be colored: not if it is hidden, or was colored here.

    Photos in formats that cannot be read are meant too, so that whoever opens them says so.
    """
    return name.suffix.lower() in SUFFIXES | UNREADABLE and not is_hidden(name) and not name.stem.endswith(COLORED)


def is_hidden(name: PurePath) -> bool:
    """Whether a file or folder (its name below the folder that was asked for) is hidden, or in a hidden folder."""
    return any(part.startswith(".") for part in name.parts)


def not_listed(error: Exception) -> PhotoError:
    """What is wrong with a folder that cannot be listed."""
    why = getattr(error, "strerror", None) or error
    return PhotoError(f"it cannot be listed ({why}): check that it is there and who may read it")


def photos_below(folder: Path, closed: Callable[[Path, PhotoError], None]) -> Iterator[Path]:
    """Photos in a folder and its subfolders, sorted by path; hidden ones and those that were colored here left out.

    One folder is listed at a time, so that the first photos of a large tree come at once. Links to folders are passed
    over. closed: told of each folder that cannot be listed, and why.
    """
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: os.path.normcase(entry.name))
    except OSError as error:
        closed(folder, not_listed(error))
        return
    for entry in entries:
        path = folder / entry.name
        if _is(entry.is_dir, follow_symlinks=False):
            if not entry.name.startswith("."):
                yield from photos_below(path, closed)
        elif is_photo(PurePath(entry.name)) and _is(entry.is_file):
            yield path


def _is(kind: Callable[..., bool], **options) -> bool:
    """What a folder's entry is; it is nothing where the system does not tell."""
    try:
        return kind(**options)
    except OSError:
        return False


def iter_files(source, choose: Choice | None = None) -> Iterator[tuple[str, bytes]]:
    """The photos of ``source`` as (key, file content), sorted by key, one in memory at a time.

    source: path of a folder (searched with its subfolders), of a tar (compressed or not), or of one photo.
    The key is the path inside the source without its last suffix: of ``000012.sun.avif`` it is ``000012.sun``.
    Files that are not photos by their suffix, and hidden ones, are passed over.
    choose: says which photos to read, None for all.
    Raises DataError where the source cannot be read, holds no photo, or holds a key twice.
    """
    path = Path(source)
    if path.is_dir():
        names = [str(p.relative_to(path).as_posix()) for p in path.rglob("*") if p.is_file()]
        for key, name in _photos(names, path, choose):
            try:
                content = (path / name).read_bytes()
            except OSError as error:
                raise DataError(f"{path / name} cannot be read: {error.strerror}") from error
            yield key, content
    elif path.suffix.lower() in SUFFIXES and path.is_file():
        yield path.stem, path.read_bytes()
    else:
        yield from _tar_files(path, choose)


def _tar_files(path: Path, choose: Choice | None) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as tar:
            members = {str(PurePosixPath(m.name)): m for m in tar.getmembers() if m.isfile()}  # ./1.jpg is 1.jpg
            for key, name in _photos(members, path, choose):
                yield key, tar.extractfile(members[name]).read()
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist: give a folder of photos or a tar") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path} cannot be read as a tar ({error}): give a folder or a complete tar") from error


def _photos(names, source, choose: Choice | None) -> list[tuple[str, str]]:
    """(key, name) of the photos among ``names`` that are chosen, sorted by key."""
    paths = (PurePosixPath(name) for name in names)
    visible = (p for p in paths if p.suffix.lower() in SUFFIXES and not is_hidden(p))
    photos = sorted((str(p.with_suffix("")), str(p)) for p in visible)
    if not photos:
        raise DataError(f"{source} holds no photo: files ending in {' '.join(sorted(SUFFIXES))} are looked for")
    for (key, first), (after, second) in pairwise(photos):
        if key == after:
            raise DataError(f"{source} holds {first} and {second}, which would share the key {key}: rename one of them")
    if choose:
        wanted = choose([key for key, _ in photos])
        photos = [(key, name) for key, name in photos if key in wanted]
    return photos


def decode(key: str, content: bytes) -> Image.Image:
    """A photo file's content -> an RGB picture, upright and in sRGB. Raises DataError naming ``key``."""
    try:
        photo = open_photo(content, name=key)
    except PhotoError as error:
        raise DataError(f"the photo {key} cannot be used: {error}") from error
    return Image.fromarray(photo.rgb if photo.has_color else photo.gray()).convert("RGB")
