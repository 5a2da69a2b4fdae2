"""Folders, on a disk or in object storage: one way to list, read and write them, through fsspec."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.implementations.local import LocalFileSystem

from adacolvit.errors import PhotoError, SaveError
from adacolvit.files import make_folder, write_file
from adacolvit.photosets import not_listed

# What a store says of a file by which a change is seen: a checksum where it has one, else when it was written.
_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "updated")
# Object stores: a file is there when all of it has arrived, and not before.
_WHOLE_AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss"}


def is_address(text: str) -> bool:
    """Whether a text names a place by a URL, such as s3://bucket/folder, and not by a path."""
    return "://" in text


class Storage:
    """A folder: a path, or any URL that fsspec knows. May be sent to other processes."""

    def __init__(self, url: str) -> None:
        """Raises PhotoError where nothing here can open such a URL."""
        self.url = url
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url) if is_address(url) else _local(url)
        except (ImportError, ValueError) as error:
            raise PhotoError(f"{url} cannot be opened ({error}): install what fsspec needs for it") from error

    def __eq__(self, other) -> bool:
        return isinstance(other, Storage) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)

    def name(self, file: str) -> str:
        """What a person calls one of its files, or itself: ""."""
        if not file:
            return self.url
        return f"{self.url.rstrip('/')}/{file}" if self.url != "." else file

    def place(self, file: str = "") -> str:
        """The address of one of its files, or its own: the same however the folder was written."""
        path = f"{self._root}/{file}".rstrip("/")
        if isinstance(self._fs, LocalFileSystem):
            path = os.path.realpath(path)
        return f"{min(_protocols(self._fs))}://{path}"

    def is_file(self) -> bool:
        """Whether it is no folder, but a file."""
        return self._fs.isfile(self._root)

    def files(self, closed: Callable[[str, PhotoError], None]) -> dict[str, str]:
        """Every file below it and a mark that changes with the file's content.

        closed: told of each folder that cannot be listed, and why; "" is the storage's own. One that is not there is
        empty.
        """
        return {self._below(info["name"]): _mark(info) for info in self._listed(self._root, closed)}

    def _listed(self, folder: str, closed: Callable[[str, PhotoError], None]) -> Iterator[dict]:
        # Not by find, but where that is one listing of all: elsewhere it passes over what it cannot list.
        whole = _protocols(self._fs) & _WHOLE_AT_ONCE
        try:
            found = list(self._fs.find(folder, detail=True).values()) if whole else self._fs.ls(folder, detail=True)
        except FileNotFoundError:
            return
        except Exception as error:  # each store has errors of its own
            closed(self._below(folder), not_listed(error))
            return
        for info in found:
            if info["type"] != "directory":
                yield info
            elif not whole and info["name"].rstrip("/") != folder:
                yield from self._listed(info["name"].rstrip("/"), closed)

    def _below(self, path: str) -> str:
        """The name below it of one of its files or folders, "" of itself."""
        name = str(PurePosixPath(path).relative_to(self._root))
        return "" if name == "." else name

    def mark(self, file: str) -> str | None:
        """The mark of one file as :meth:`files` gives it, or None where it is not there."""
        try:
            return _mark(self._fs.info(f"{self._root}/{file}"))
        except FileNotFoundError:
            return None
        except Exception as error:  # each store has errors of its own
            raise PhotoError(f"{self.name(file)} cannot be looked at ({error}): check who may read it") from error

    def read(self, file: str) -> bytes:
        """A file's content. Raises PhotoError."""
        try:
            return self._fs.cat_file(f"{self._root}/{file}")
        except Exception as error:  # each store has errors of its own
            raise PhotoError(f"{self.name(file)} cannot be read ({error}): check that it is there") from error

    def write(self, file: str, data: bytes) -> None:
        """Write a file, whole or not at all; its folder is made. Raises SaveError."""
        path = f"{self._root}/{file}"
        if isinstance(self._fs, LocalFileSystem):
            make_folder(Path(path).parent)
            write_file(path, data, alone=True)
            return
        try:
            if _protocols(self._fs) & _WHOLE_AT_ONCE:
                self._fs.pipe_file(path, data)
                return
            beside = f"{path}.part"
            self._fs.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
            self._fs.pipe_file(beside, data)
            self._fs.mv(beside, path)
        except Exception as error:  # each store has errors of its own
            raise SaveError(f"cannot write {self.name(file)} ({error}): check who may write there") from error


def _local(path: str):
    return LocalFileSystem(), Path(os.path.abspath(path)).as_posix()


def _protocols(fs) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


def _mark(info: dict) -> str:
    return " ".join(str(info[key]) for key in ("size", *_MARKS) if key in info)
