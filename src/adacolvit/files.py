"""Files appear whole or not at all."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from adacolvit.errors import SaveError


def write_file(path: str | os.PathLike, data: bytes, *, alone: bool = False) -> None:
    """Write ``data`` to ``path``: into a new file beside it, which then takes its name, so that an existing file is
    replaced in one step or left as it was. A symbolic link is followed; a new file gets the usual permissions.

    alone: nobody else writes to this path meanwhile. The file beside it then has always the same name, so that what a
    killed process left of it is taken over when it is written again.

    Raises SaveError when the folder is missing or closed to writing, the disk is full, or the file is write-protected.
    """
    target = Path(os.path.realpath(path))
    word = hashlib.sha256(target.name.encode()).hexdigest()[:16] if alone else secrets.token_hex(8)
    beside = target.with_name(f".{word}.part")
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as device:  # a pipe or a device cannot be replaced, and must not be
                device.write(data)
        elif target.exists() and not os.access(target, os.W_OK):
            raise SaveError(f"{path} is write-protected: choose another name, or allow writing to it")
        else:
            with beside.open("wb" if alone else "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
    except OSError as error:
        raise SaveError(f"cannot write {path}: {_advice(error, target)}") from error
    finally:
        with contextlib.suppress(OSError):  # it was renamed, or never made; a folder closed meanwhile keeps it
            beside.unlink()


def check_folder(path: str | os.PathLike) -> None:
    """Before work whose result goes to ``path``: SaveError where the folder for it is missing."""
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise SaveError(f"the folder of {path} does not exist: make it first")


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, where it is not there. Raises SaveError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error


def _advice(error: OSError, target: Path) -> str:
    if target.is_dir():
        return "it is a folder; add a file name"
    if not target.parent.is_dir():
        return f"the folder {target.parent} does not exist; make it first, or choose another"
    if isinstance(error, PermissionError):
        return f"the folder {target.parent} does not allow it; choose another folder"
    return f"{error.strerror or error}; free some space or choose another folder"
