"""Files appear whole or not at all."""

import errno
import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from adacolvit.errors import SaveError


def write_file(path: str | os.PathLike, data: bytes, *, alone: bool = False) -> None:
    """Write ``data`` to ``path``: into a new file beside it, which then takes its name, so that an existing file is
    replaced in one step or left as it was. A symbolic link is followed; a file that is replaced keeps its permissions,
    a new one gets the usual ones.

    alone: nobody else writes to this path meanwhile. The file beside it then has always the same name, so that what a
    killed process left of it is taken over when it is written again.

    Raises SaveError when the folder is missing or closed to writing, the disk is full, or the file is write-protected.
    """
    target = Path(os.path.realpath(path))
    word = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16] if alone else secrets.token_hex(8)
    beside = target.with_name(f".{word}.part")
    try:
        # Of os.path, not of Path, which raises what it meets in a closed folder or under too long a name.
        if os.path.exists(target) and not os.path.isfile(target):
            with target.open("wb") as device:  # a pipe or a device cannot be replaced, and must not be
                device.write(data)
        elif os.path.exists(target) and not os.access(target, os.W_OK):
            raise SaveError(f"{path} is write-protected: choose another name, or allow writing to it")
        else:
            with beside.open("wb" if alone else "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(OSError):  # there was none, or this disk has no permissions
                beside.chmod(stat.S_IMODE(os.stat(target).st_mode))
            beside.replace(target)
            _settle(target.parent)
    except OSError as error:
        raise SaveError(f"cannot write {path}: {_advice(error, target)}") from error
    finally:
        with suppress(OSError):  # it was renamed, or never made; a folder closed meanwhile keeps it
            beside.unlink()


def _settle(folder: Path) -> None:
    """Have the disk hold the new name too, where the system lets a folder be opened for that."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems do without
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_folder(path: str | os.PathLike) -> None:
    """Before work whose result goes to ``path``: SaveError where the folder for it is missing."""
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise SaveError(f"the folder of {path} does not exist: make it first")


def exists_already(place, also: str = "") -> SaveError:
    """What is wrong with a place that an earlier file has; also: what else can be done."""
    return SaveError(f"{place} exists already: choose another place, or --force to replace it{also}")


def check_free(path: str | os.PathLike, force: bool) -> None:
    """SaveError where a file is there that is not to be replaced by ``force``."""
    if os.path.isfile(path) and not force:  # what is written to a pipe or a device replaces nothing
        raise exists_already(path)


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, where it is not there. Raises SaveError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error


def _advice(error: OSError, target: Path) -> str:
    if os.path.isdir(target):
        return "it is a folder; add a file name"
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long; choose a shorter one"
    if isinstance(error, PermissionError):
        return f"the folder {target.parent} does not allow it; choose another folder"
    if not os.path.isdir(target.parent):
        return f"the folder {target.parent} does not exist; make it first, or choose another"
    return f"{error.strerror or error}; free some space or choose another folder"
