"""One photo of many: opened, colored, written. What the command line, archives and the app's exports share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from adacolvit.colorizer import Colorizer, Result
from adacolvit.errors import AdaColViTError, PhotoError, SaveError
from adacolvit.files import write_file
from adacolvit.hints.file import HintFile
from adacolvit.hints.hint import Hint
from adacolvit.hints.picture import hints_from_picture
from adacolvit.photo import Photo
from adacolvit.photosets import COLORED, SUFFIXES
from adacolvit.saving import FORMATS


@dataclass(frozen=True)
class Look:
    """How a picture is written: see :meth:`adacolvit.colorizer.Result.adjusted` and ``encode``."""

    saturation: float = 1.0
    strength: float = 1.0
    depth: int | None = None
    label: str | None = None
    note: bool = True

    def encode(self, result: Result, suffix: str) -> bytes:
        """The file of a colored picture. Raises SaveError."""
        adjusted = result.adjusted(saturation=self.saturation, strength=self.strength)
        return adjusted.encode(suffix, depth=self.depth, label=self.label, note=self.note)


@dataclass(frozen=True)
class Order:
    """What is asked of every photo of a batch: plain values, fit to be sent to other processes and machines.

    hints: in photo pixels. file: a hints file, or the content of a picture whose opaque pixels are hints. budget: as of
    :meth:`adacolvit.colorizer.Colorizer.colorize`.
    """

    look: Look
    hints: tuple[Hint, ...] = ()
    file: HintFile | bytes | None = None
    budget: float | None = None

    @property
    def wants_beside(self) -> bool:
        """Whether the hints file beside a photo is to be used, since no others were given."""
        return self.file is None and not self.hints

    def hints_for(self, photo: Photo, beside: HintFile | None) -> tuple[Hint, ...]:
        """The hints of an opened photo; ``beside``: the hints file beside it. Raises HintError."""
        file = beside if self.wants_beside else self.file
        if file is None:
            return self.hints
        if isinstance(file, HintFile):
            return (*file.for_photo(photo.width, photo.height), *self.hints)
        return (*hints_from_picture(file, photo.width, photo.height), *self.hints)


def color_photo(
    colorizer: Colorizer,
    source,
    hints: Callable[[Photo], Iterable],
    output: PurePath,
    look: Look,
    write: Callable[[PurePath, bytes], None] = write_file,
    budget: float | None = None,
) -> Result:
    """Color one photo and write the picture.

    source: what :meth:`Colorizer.set_photo` takes. hints: gives the opened photo's hints. write: puts the content
    of its file in place, whole or not at all. budget: as of :meth:`Colorizer.colorize`. Raises AdaColViTError.
    """
    photo = colorizer.set_photo(source)
    result = colorizer.colorize(hints(photo), budget=budget)
    write(output, look.encode(result, output.suffix))
    return result


def picture_name(photo: PurePath, beside: bool) -> PurePath:
    """What the picture of a photo is called: ``beside`` it, or in a folder of its own."""
    suffix = photo.suffix if photo.suffix.lower() in FORMATS else ".png"
    return photo.with_name(f"{photo.stem}{COLORED}{suffix}") if beside else photo.with_suffix(suffix)


def no_photo_in_it() -> PhotoError:
    """What is wrong with a folder without photos."""
    return PhotoError(f"no photo is in it: files ending in {' '.join(sorted(SUFFIXES))} are looked for")


def replaces_picture(other) -> SaveError:
    """What is wrong with a photo whose picture would be called as that of the ``other`` photo."""
    return SaveError(f"its picture would replace that of {other}: color them into different folders")


def replaces_photo(place) -> SaveError:
    """What is wrong with a photo whose picture would be written where a photo is, this one or another."""
    return SaveError(f"the picture would replace the photo {place}: choose another place")


def exists_already(place, also: str = "") -> SaveError:
    """What is wrong with a photo whose picture's place is taken by an earlier file; also: what else can be done."""
    return SaveError(f"{place} exists already: choose another place with -o, or --force to replace it{also}")


def attempt(photo: str, output: str, color: Callable[[], Result]) -> dict:
    """Color a photo; what there is to say about it, fit for JSON: what was done, or why it failed ("error")."""
    try:
        result = color()
    except (AdaColViTError, MemoryError) as error:
        message = str(error) or "it does not fit in memory; close other programs, or make it smaller"
        return {"photo": photo, "error": message}
    except Exception as error:  # a defect, or a library's; the others of ten thousand go on all the same
        return {"photo": photo, "error": f"an error that was not foreseen, {type(error).__name__}: {error}"}
    return {
        "photo": photo,
        "output": output,
        "width": result.photo.width,
        "height": result.photo.height,
        "hints": len(result.hints),
        "macs": result.cost.macs,
        "dense_macs": result.cost.dense_macs,
        "milliseconds": round(result.cost.milliseconds, 3),
    }
