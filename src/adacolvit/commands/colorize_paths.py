"""Which photos are meant, where each picture goes, and what must not be overwritten."""

import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from adacolvit.batch import Look, no_photo_in_it, replaces_photo, replaces_picture
from adacolvit.errors import AdaColViTError, PhotoError, UsageError
from adacolvit.files import exists_already, make_folder
from adacolvit.photosets import photos_below
from adacolvit.saving import FORMATS

_UNKNOWN_TO_PILLOW = {".heic", ".heif", ".jxl", ".svg"}  # and yet no name of a folder


@dataclass(frozen=True)
class Job:
    """A photo and the picture to be made of it."""

    photo: Path
    output: Path
    problem: AdaColViTError | None = None  # found while planning, raised when this photo's turn comes

    @property
    def is_done(self) -> bool:
        """Whether a picture is where this photo's belongs."""
        return self.problem is None and os.path.isfile(self.output) and not same_file(self.output, self.photo)

    def checked_output(self, force: bool) -> Path:
        """The output, its folder made; SaveError where writing it would lose a file."""
        if self.problem:
            raise self.problem
        if os.path.exists(self.output):
            if same_file(self.output, self.photo):
                raise replaces_photo(self.output)
            if not force:
                raise exists_already(self.output, ", or --skip-existing to leave it")
        make_folder(self.output.parent)
        return self.output


def same_file(one: Path, other: Path) -> bool:
    """Whether both are there, and one file."""
    # Of os.path, as elsewhere, not of Path, which raises what it meets in closed folders and under too long names.
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def plan(inputs: list[Path], output: Path | None, look: Look) -> list[Job]:
    """A job for each photo, in the order given, folders sorted by name.

    Raises UsageError where ``output`` is one picture for several photos, or has the name of one in a format that is not
    written, or not with this ``look``.
    """
    found = [job for source in inputs for job in _photos(source, output)]
    wanted = "" if output is None or os.path.isdir(output) else output.suffix.lower()
    if wanted not in FORMATS and (wanted in Image.registered_extensions() or wanted in _UNKNOWN_TO_PILLOW):
        raise UsageError(f"{output} cannot be written: give a folder, or a name ending in {' '.join(FORMATS)}")
    one_file = wanted in FORMATS
    if one_file and (len(found) > 1 or os.path.isdir(inputs[0])):
        raise UsageError(f"{output} is one picture, but there may be several photos to write: give a folder")
    if one_file:
        look.check(output)
    photos = {os.path.realpath(photo) for photo, _, _ in found}
    jobs, taken = [], {}
    for photo, relative, problem in found:
        if problem:
            jobs.append(Job(photo, photo, problem))
            continue
        if one_file:
            target = output
        elif output is not None:
            target = look.picture_name(output / relative, beside=False)
        else:
            target = look.picture_name(photo, beside=True)
        if target in taken:
            problem = replaces_picture(taken[target])
        elif os.path.realpath(target) in photos:
            problem = replaces_photo(target)
        else:
            taken[target] = photo
        jobs.append(Job(photo, target, problem))
    return jobs


def _photos(source: Path, output: Path | None) -> list[tuple[Path, Path, PhotoError | None]]:
    """(photo, its path below ``source``, None); and (folder, its path, why nothing in it is colored).

    What is in an ``output`` folder below ``source`` is no photo: earlier runs have written it.
    """
    if not os.path.isdir(source):
        return [(source, Path(source.name), None)]
    found = []
    for path in photos_below(source, lambda folder, error: found.append((folder, folder.relative_to(source), error))):
        found.append((path, path.relative_to(source), None))
    written = output.resolve() if output and os.path.isdir(output) else None
    if written and source.resolve() in written.parents:
        found = [entry for entry in found if not entry[0].resolve().is_relative_to(written)]
    return found or [(source, Path(), no_photo_in_it())]
