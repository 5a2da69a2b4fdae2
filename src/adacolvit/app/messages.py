"""Everything that crosses the wire, in one place; the front end's types are generated from these classes.

Places are in photo pixels (x right, y down, after EXIF orientation), colors are sRGB ``#rrggbb``. Whether a hint is any
good (its color, its size, its place) is judged by :class:`adacolvit.hints.hint.Hint` alone, not here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from adacolvit.errors import HintError
from adacolvit.hints.hint import Hint
from adacolvit.saving import QUALITY, PictureFormat
from adacolvit.suggest.colors import Reason

Status = Literal["new", "started", "done"]
MOST_HINTS = 10_000  # of one request
MOST_LABEL = 200  # characters
MOST_ITEMS = 10_000  # photos of one export


def not_too_many(hints: tuple[Hint, ...]) -> tuple[Hint, ...]:
    """Hints of a file, as they are. HintError for more than a request may bring back."""
    if len(hints) > MOST_HINTS:
        raise HintError(
            f"there are {len(hints)} hints, the app takes {MOST_HINTS}: take some out, or use adacolvit colorize"
        )
    return hints


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt field is an error, never silently dropped


class HintMessage(Message):
    x: float
    y: float
    color: str
    size: int


class PhotoInfo(Message):
    """A photo on the table. ``id`` is a hash of the file's content; ``hints`` were found beside the file."""

    id: str
    name: str
    width: int
    height: int
    has_color: bool
    hints: list[HintMessage]


class Sample(Message):
    name: str
    url: str


Hints = Annotated[list[HintMessage], Field(max_length=MOST_HINTS)]


# Share of the dense network's cost that photos may take in the mean. Null is the network's own; one that was made for a
# single budget keeps to that.
Budget = Annotated[float, Field(ge=0, le=1)] | None
Saturation = Annotated[float, Field(ge=0, le=2)]  # factor of chroma
Strength = Annotated[float, Field(ge=0, le=1)]  # from gray to color


class LiveRequest(Message):
    """What the browser sends for each change; ``seq`` comes back in the answer.

    ``layers`` asks for what each layer and each patch took (:class:`Effort`), ``lightness`` for the photo's lightness
    before the colors: it never changes, so that a client asks for it once. ``budget`` is the share of the dense
    network's cost that photos may take in the mean, null the network's own. ``foreseen`` says that nobody waits for the
    frame yet: it is not sent where another request has come meanwhile.
    """

    seq: int
    hints: Hints
    layers: bool = False
    budget: Budget = None
    foreseen: bool = False
    lightness: bool = False


class LayerEffort(Message):
    """What one block did: which of its two layers ran, at what cost.

    ``*_kept`` is the share of patches that took the full path (0 where the layer was skipped); ``*_macs`` what the
    layer and its decisions about patches took; ``*_milliseconds`` what it took as measured, where the engine measures
    layers; ``*_patches`` has a character for each patch in reading order: "1" full path, "0" short path or skipped.
    """

    attention: bool
    ffn: bool
    attention_kept: float
    ffn_kept: float
    attention_macs: int
    ffn_macs: int
    attention_patches: str
    ffn_patches: str
    attention_milliseconds: float | None = None
    ffn_milliseconds: float | None = None


class Effort(Message):
    """What a frame cost.

    ``macs`` executed and ``dense_macs`` of the same network with nothing left out. ``budget`` is what it ran at,
    ``least_budget`` the least that the network knows, ``usual_budget`` what it runs at where none is asked for; all
    three are left out where it takes none. Only where the request asked for them: ``layers``, and ``patches``, for each
    of ``rows`` x ``columns`` patches in reading order the share of sub-layers in which it took the full path.
    """

    macs: int
    dense_macs: int
    milliseconds: float
    rows: int
    columns: int
    patches: list[float] | None = None
    layers: list[LayerEffort] | None = None
    budget: float | None = None
    least_budget: float | None = None
    usual_budget: float | None = None


class FrameInfo(Message):
    """Goes before planes of ``height`` x ``width`` int16, 256 to a Lab unit: L where ``lightness`` says so, a, b."""

    seq: int
    width: int
    height: int
    lightness: bool
    effort: Effort


class HintsRequest(Message):
    hints: Hints


class HintsReply(Message):
    """The hints of a file that was read for a photo."""

    hints: list[HintMessage]


class PlacesRequest(Message):
    """Asks for the ``count`` places where a hint would change most; ``budget`` as of a live request."""

    hints: Hints
    count: Annotated[int, Field(ge=1, le=20)] = 5
    budget: Budget = None


class Place(Message):
    """A place worth a hint; ``gain`` compares the places of one answer: mean Lab units over the photo."""

    x: float
    y: float
    gain: float


class ColorsRequest(Message):
    """Asks for colors to try at (x, y), beside ``hints``; ``reference`` is the id of another open photo, in color;
    ``budget`` as of a live request."""

    hints: Hints
    x: float
    y: float
    reference: str | None = None
    budget: Budget = None


class Suggestion(Message):
    """A color to try: the model's guess, its guess when a hint is left out, a hint's on as light a place, or a
    reference photo's. It can be displayed at the lightness of the place."""

    color: str
    reason: Reason


class Look(Message):
    """How a picture is written. ``saturation`` scales chroma, ``strength`` blends gray (0) to color (1).

    ``depth`` in bits: null is 16 where the photo and the format have them, else 8. ``label`` is painted small into a
    corner. ``note`` has the metadata say that the picture was colorized. ``quality`` is that of JPEG and WebP.
    """

    format: PictureFormat
    saturation: Saturation = 1.0
    strength: Strength = 1.0
    depth: Literal[8, 16] | None = None
    label: Annotated[str, Field(max_length=MOST_LABEL)] | None = None
    note: bool = True
    quality: Annotated[int, Field(ge=1, le=100)] = QUALITY


class RenderRequest(Look):
    """A picture to be written; ``budget`` as of a live request."""

    hints: Hints
    budget: Budget = None


class SessionHint(HintMessage):
    """``guess``: no color was chosen yet, what is kept is the network's own; it is not given to the network."""

    model_config = ConfigDict(allow_inf_nan=False)  # JSON has no such numbers: it could not be read again

    locked: bool = False
    guess: bool = False


class Snapshot(Message):
    """Hints under a name; ``time`` in milliseconds since 1970."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    name: str
    hints: list[SessionHint]
    time: float


class Adjustments(Message):
    """Saturation and strength act on the result without running the network; the budget runs it anew, and null is
    the network's own."""

    model_config = ConfigDict(extra="allow")

    saturation: Saturation = 1.0
    strength: Strength = 1.0
    budget: Budget = None


class SessionState(Message):
    """All work on one photo, written whole. The server reads what it needs and keeps the rest, such as the steps of
    the history, as the client wrote it.

    ``revision`` counts the writings: send back the one that the work began from (0 where nothing was kept).
    """

    model_config = ConfigDict(extra="allow")

    version: Literal[1]
    revision: Annotated[int, Field(ge=0)] = 0
    past: list[Any]
    future: list[Any]
    present: list[SessionHint]
    snapshots: list[Snapshot] = []
    adjustments: Adjustments = Adjustments()
    status: Status = "started"


class SessionSaved(Message):
    """The work is on disk. ``saved`` in milliseconds since 1970."""

    revision: int
    saved: float


class SessionConflict(Message):
    """Somebody else wrote meanwhile: ``stored`` is what is kept. To write over it, send its revision."""

    error: str
    stored: SessionState


class SessionInfo(Message):
    """A photo with kept work. ``hints`` counts them, ``saved`` is in milliseconds since 1970."""

    id: str
    name: str
    width: int
    height: int
    hints: int
    saved: float
    status: Status


class FolderPhoto(Message):
    """A photo of the folder: ``path`` below it; ``hints`` counts those kept or found beside the file."""

    id: str
    name: str
    path: str
    width: int
    height: int
    hints: int
    status: Status


class Failure(Message):
    name: str
    error: str


class FolderInfo(Message):
    """The folder the app was opened on. ``photos`` grows until ``reading`` is false, and is in the order of paths."""

    name: str
    reading: bool
    photos: list[FolderPhoto]
    failed: list[Failure]


class ExportItem(Message):
    """A photo to be written; null ``hints`` are those of its session, with the session's adjustments."""

    photo: str
    hints: Hints | None = None


class ExportRequest(Look):
    """Photos to be written in the background. ``hint_files`` puts each photo's hints file beside its picture."""

    items: Annotated[list[ExportItem], Field(min_length=1, max_length=MOST_ITEMS)]
    saturation: Saturation | None = None
    strength: Strength | None = None
    budget: Budget = None
    hint_files: bool = True


class ExportInfo(Message):
    """How far an export is. ``finished``: nothing more will be written, because all is or because it was canceled."""

    id: str
    done: int
    total: int
    failed: list[Failure]
    current: str | None
    finished: bool
    canceled: bool


class Health(Message):
    status: Literal["ok"]
    version: str


class ErrorReply(Message):
    """Every failure, over HTTP and over the socket: one sentence or two that say what, why, and what to do."""

    error: str


class LiveError(ErrorReply):
    """A failure on the socket: of the request ``seq``, where the message was one."""

    seq: int | None = None


def wire_schema() -> dict:
    """All messages as the components of an OpenAPI document, from which the front end's types are generated."""
    messages = [
        *(PhotoInfo, Sample, LiveRequest, FrameInfo, HintsRequest, HintsReply, RenderRequest, ErrorReply, LiveError),
        *(PlacesRequest, Place, ColorsRequest, Suggestion, SessionState, SessionSaved, SessionConflict, SessionInfo),
        *(FolderInfo, ExportRequest, ExportInfo),
    ]
    _, schema = models_json_schema(
        [(message, "serialization") for message in messages], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "AdaColViT", "version": "1"},
        "paths": {},
        "components": {"schemas": schema["$defs"]},
    }
