"""One photo of many: opened, colored, written. What the command line, archives and the app's exports share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from adacolvit.colorizer import Colorizer, Result
from adacolvit.errors import AdaColViTError, PhotoError, SaveError, UsageError
from adacolvit.files import write_file
from adacolvit.hints.file import HintFile
from adacolvit.hints.hint import Hint
from adacolvit.hints.picture import hints_from_picture
from adacolvit.photo import Photo
from adacolvit.photosets import COLORED, SUFFIXES
from adacolvit.saving import DEEP, FORMATS, QUALITY, SUFFIX_OF, PictureFormat


@dataclass(frozen=True)
class Look:
    """How a picture is written: see :meth:`adacolvit.colorizer.Result.adjusted` and ``encode``.

    format: None for the photo's own, and PNG where that is not written.
    """

    saturation: float = 1.0
    strength: float = 1.0
    depth: int | None = None
    label: str | None = None
    note: bool = True
    format: PictureFormat | None = None
    quality: int = QUALITY

    def picture_name(self, photo: PurePath, beside: bool) -> PurePath:
        """What the picture of a photo is called: ``beside`` it, or in a folder of its own. Raises as :meth:`check`."""
        own = photo.suffix if photo.suffix.lower() in FORMATS else ".png"
        suffix = SUFFIX_OF[self.format] if self.format else own
        picture = photo.with_name(f"{photo.stem}{COLORED}{suffix}") if beside else photo.with_suffix(suffix)
        self.check(picture)
        return picture

    def check(self, picture: PurePath) -> None:
        """Raise UsageError where a picture of this name, which ends in one of ``FORMATS``, cannot be as wanted."""
        kind = FORMATS[picture.suffix.lower()]
        if self.format and kind != FORMATS[SUFFIX_OF[self.format]]:
            raise UsageError(
                f"{picture} is a name for {kind}, but the format {self.format} is asked for: leave the format out, "
                f"or let the name end in {SUFFIX_OF[self.format]}"
            )
        if self.depth == 16 and kind not in DEEP:
            raise UsageError(
                f"{picture} cannot have 16 bits per channel, for {kind} holds 8: ask for the format png or tiff too "
                "(--format), or leave the depth out"
            )

    def encode(self, result: Result, suffix: str) -> bytes:
        """The file of a colored picture. Raises SaveError."""
        adjusted = result.adjusted(saturation=self.saturation, strength=self.strength)
        return adjusted.encode(suffix, depth=self.depth, label=self.label, note=self.note, quality=self.quality)


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


def no_photo_in_it() -> PhotoError:
    """What is wrong with a folder without photos."""
    return PhotoError(f"no photo is in it: files ending in {' '.join(sorted(SUFFIXES))} are looked for")


def replaces_picture(other) -> SaveError:
    """What is wrong with a photo whose picture would be called as that of the ``other`` photo."""
    return SaveError(f"its picture would replace that of {other}: color them into different folders")


def replaces_photo(place) -> SaveError:
    """What is wrong with a photo whose picture would be written where a photo is, this one or another."""
    return SaveError(f"the picture would replace the photo {place}: choose another place")


def attempt(photo: str, work: Callable[[], dict]) -> dict:
    """What there is to say about a photo, fit for JSON: what ``work`` says, or why it failed ("error")."""
    try:
        return {"photo": photo, **work()}
    except (AdaColViTError, MemoryError) as error:
        message = str(error) or "it does not fit in memory; close other programs, or make it smaller"
        return {"photo": photo, "error": message}
    except Exception as error:  # a defect, or a library's; the others of ten thousand go on all the same
        return {"photo": photo, "error": f"an error that was not foreseen, {type(error).__name__}: {error}"}


def account(result: Result, output: str) -> dict:
    """What there is to say about a picture that was written, fit for JSON."""
    return {
        "output": output,
        "width": result.photo.width,
        "height": result.photo.height,
        "hints": len(result.hints),
        "macs": result.cost.macs,
        "dense_macs": result.cost.dense_macs,
        "milliseconds": round(result.cost.milliseconds, 3),
    }
