"""Which photos of an archive are meant, and where each picture goes: from listings alone, no photo is opened."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from adacolvit.batch import Order, no_photo_in_it, replaces_photo, replaces_picture
from adacolvit.errors import AdaColViTError
from adacolvit.hints.file import names_beside
from adacolvit.photosets import is_hidden, is_photo

from .storage import Storage


@dataclass(frozen=True)
class Item:
    """A photo and the picture to be made of it. Names are below their folders."""

    source: Storage
    photo: str
    target: Storage
    picture: str
    hints: str | None  # of the file beside the photo
    mark: str  # changes when the photo or its hints do
    doubtful: bool = False  # it is not known who wrote what stands in its place: an earlier run or somebody else

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for the same picture of the same photo; the picture's name is below its folder."""
        return self.source.place(self.photo), self.mark, self.picture


def plan(inputs: list[str], output: str | None, order: Order) -> tuple[list[Item], list[tuple[str, AdaColViTError]]]:
    """Items in the order of the inputs, folders sorted by name; and (photo or folder, why) of what cannot be one.

    inputs, output: paths or URLs; without an output, pictures go beside their photos. What is in an output folder below
    an input folder is no photo: earlier runs have written it. Raises UsageError where a picture cannot be as ordered.
    """
    found, items, failures, taken = [], [], [], {}
    target = Storage(output) if output else None
    written = f"{target.place()}/" if target else None
    for text in inputs:
        source = Storage(text)
        if source.is_file():
            folder, _, photo = text.rpartition("/")
            source = Storage(folder or ("/" if text.startswith("/") else "."))
            marks = {name: source.mark(name) for name in (photo, *names_beside(PurePosixPath(photo)))}
            there = {name: mark for name, mark in marks.items() if mark is not None}
            photos, unseen = [photo], []
        else:
            closed = {}
            there = source.files(closed.__setitem__)
            photos = sorted(name for name in there if is_photo(PurePosixPath(name)))
            unseen = [name for name in closed if not is_hidden(PurePosixPath(name))]
            if written and written.startswith(f"{source.place()}/") and written != f"{source.place()}/":
                photos, unseen = (
                    [name for name in names if not f"{source.place(name)}/".startswith(written)]
                    for names in (photos, unseen)
                )
            failures += [(source.name(name), closed[name]) for name in unseen]
        found.append((text, source, there, photos, bool(photos or unseen)))
    all_photos = {source.place(photo) for _, source, _, photos, _ in found for photo in photos}
    for text, source, there, photos, any_found in found:
        if not any_found:
            failures.append((text, no_photo_in_it()))
        for photo in photos:
            picture = str(order.look.picture_name(PurePosixPath(photo), beside=target is None))
            beside = names_beside(PurePosixPath(photo)) if order.wants_beside else ()
            hints = next((name for name in beside if name in there), None)
            mark = f"{there[photo]} {there[hints]}" if hints else there[photo]
            item = Item(source, photo, target or source, picture, hints, mark)
            here, place = source.name(photo), item.target.place(picture)
            if place in taken:
                failures.append((here, replaces_picture(taken[place])))
            elif place in all_photos:
                failures.append((here, replaces_photo(item.target.name(picture))))
            else:
                taken[place] = here
                items.append(item)
    return items, failures
