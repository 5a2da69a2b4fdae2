"""Everything that crosses the wire, in one place; the front end's types are generated from these classes.

Places are in photo pixels (x right, y down, after EXIF orientation), colors are sRGB ``#rrggbb``. Whether a hint is any
good (its color, its size, its place) is judged by :class:`adacolvit.hints.hint.Hint` alone, not here.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

PictureFormat = Literal["png", "jpeg", "webp", "tiff"]


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


class LiveRequest(Message):
    """What the browser sends for each change; ``seq`` comes back in the answer."""

    seq: int
    hints: list[HintMessage]


class LayerEffort(Message):
    """What one layer did: was it run, and the share of patches that took the full path (0 where it was skipped)."""

    attention: bool
    ffn: bool
    attention_kept: float
    ffn_kept: float


class Effort(Message):
    """What a frame cost.

    ``macs`` executed and ``dense_macs`` of the same network with nothing left out; ``patches`` is, for each of
    ``rows`` x ``columns`` patches in reading order, the share of sub-layers in which it took the full path.
    """

    macs: int
    dense_macs: int
    milliseconds: float
    rows: int
    columns: int
    patches: list[float]
    layers: list[LayerEffort]


class FrameInfo(Message):
    """Goes before the four float16 planes (A_a, A_b, B_a, B_b) of ``height`` x ``width``: ab = A * L + B, Lab units."""

    seq: int
    width: int
    height: int
    effort: Effort


class HintsRequest(Message):
    hints: list[HintMessage]


class HintsReply(Message):
    """The hints of a file that was read for a photo."""

    hints: list[HintMessage]


class RenderRequest(Message):
    hints: list[HintMessage]
    format: PictureFormat


class ErrorReply(Message):
    """Every failure, over HTTP and over the socket: one sentence or two that say what, why, and what to do."""

    error: str


def wire_schema() -> dict:
    """All messages as the components of an OpenAPI document, from which the front end's types are generated."""
    messages = [PhotoInfo, Sample, LiveRequest, FrameInfo, HintsRequest, HintsReply, RenderRequest, ErrorReply]
    _, schema = models_json_schema(
        [(m, "serialization") for m in messages], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "AdaColViT", "version": "1"},
        "paths": {},
        "components": {"schemas": schema["$defs"]},
    }
