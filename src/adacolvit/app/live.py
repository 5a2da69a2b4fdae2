"""The live socket: a frame for the newest hints, and never for older ones.

A queue of one: what comes in while the network runs replaces what was waiting, so a client that sends faster than the
network answers gets fewer answers, not late ones. Errors are answered as JSON text and the socket stays open, but for a
photo that is gone.
"""

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable, Iterable

import numpy as np
from fastapi import WebSocket
from pydantic import ValidationError
from pydantic_core import to_json

from adacolvit.colorizer import Cost, Result
from adacolvit.errors import AdaColViTError
from adacolvit.runtime.upsample import to_steps

from .messages import HintMessage, LiveError, LiveRequest

logger = logging.getLogger("uvicorn.error")

PHOTO_GONE = 4404  # close code: this photo is not kept (any more)
UNFORESEEN = (
    "Something went wrong inside the program; its terminal says what. Undo the last step, or open the photo again."
)


class PhotoGone(Exception):
    """Nobody has this photo (any more)."""


def describe(problem: ValidationError) -> str:
    """One sentence about the first thing wrong with a message."""
    first = problem.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"This message is not understood: {place + ': ' if place else ''}{first['msg']}."


def plain(hints: Iterable[HintMessage]) -> list[tuple]:
    """Hints of the wire, ready for :func:`adacolvit.hints.hint.as_hints`."""
    return [(hint.x, hint.y, hint.color, hint.size) for hint in hints]


def _bits(kept: np.ndarray) -> str:
    """(rows, columns) bool -> "1" and "0" in reading order."""
    return (kept.astype(np.uint8) + ord("0")).tobytes().decode()


def effort(cost: Cost, layers: bool = False) -> dict:
    """A result's cost as an :class:`Effort`'s plain values; with what each layer and patch took where asked for."""
    _, _, rows, columns = cost.kept.shape
    found = {
        "macs": cost.macs, "dense_macs": cost.dense_macs, "milliseconds": cost.milliseconds, "rows": rows,
        "columns": columns,
    }  # fmt: skip
    if cost.budget is not None:
        found |= {"budget": cost.budget, "least_budget": cost.least_budget, "usual_budget": cost.usual_budget}
    return found | (_layers(cost) if layers else {})


def _layers(cost: Cost) -> dict:
    depth, _, rows, columns = cost.kept.shape
    kept = cost.kept.reshape(2 * depth, rows * columns)
    measured = cost.layer_milliseconds
    clock = [{}] * depth
    if measured is not None:
        names = "attention_milliseconds", "ffn_milliseconds"
        clock = [dict(zip(names, pair, strict=True)) for pair in measured.astype(float).round(3).tolist()]
    shares = kept.mean(1).reshape(depth, 2).tolist()
    layers = [
        {
            "attention": ran[0], "ffn": ran[1], "attention_kept": share[0], "ffn_kept": share[1],
            "attention_macs": macs[0], "ffn_macs": macs[1],
            "attention_patches": _bits(full[0]), "ffn_patches": _bits(full[1]), **took,
        }
        for ran, share, macs, took, full in zip(
            cost.layers.tolist(), shares, cost.layer_macs.tolist(), clock, cost.kept, strict=True
        )
    ]  # fmt: skip
    return {"patches": kept.mean(0).round(3).tolist(), "layers": layers}


def pack(request: LiveRequest, result: Result) -> bytearray:
    """The answer to a request: u32 little-endian length, FrameInfo as JSON of that length, then planes of int16."""
    planes = np.concatenate([result.lightness[None], result.ab]) if request.lightness else result.ab
    _, height, width = planes.shape
    # A FrameInfo, not checked at every frame: tests do.
    frame = {
        "seq": request.seq, "width": width, "height": height, "lightness": request.lightness,
        "effort": effort(result.cost, request.layers),
    }  # fmt: skip
    info = to_json(frame)
    info += b" " * (len(info) % 2)  # the planes begin at an even byte, as a browser's Int16Array needs
    begin = 4 + len(info)
    message = bytearray(begin + 2 * planes.size)
    message[:begin] = struct.pack("<I", len(info)) + info
    to_steps(planes, np.frombuffer(message, "<i2", planes.size, begin).reshape(planes.shape))
    return message


async def serve(socket: WebSocket, colorize: Callable[[list, float | None], Awaitable[Result]]) -> None:
    """Answer an accepted socket until its client leaves.

    ``colorize`` runs the network, by hints and budget, off the event loop; PhotoGone from it closes the socket.
    """
    waiting: asyncio.Queue[LiveRequest] = asyncio.Queue(maxsize=1)

    async def answer() -> None:
        while True:
            request = await waiting.get()
            try:
                result = await colorize(plain(request.hints), request.budget)
                if request.foreseen and waiting.full():
                    continue  # a press came, and waits for another frame: this one's bytes would be in its way
                message = pack(request, result)
            except PhotoGone:
                await socket.close(PHOTO_GONE)
                return
            except AdaColViTError as error:
                message = _say(str(error), request.seq)
            except Exception:
                logger.exception("a live frame failed")
                message = _say(UNFORESEEN, request.seq)
            await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))

    answering = asyncio.create_task(answer())
    try:
        while (message := await socket.receive())["type"] == "websocket.receive":
            try:
                request = LiveRequest.model_validate_json(message.get("text") or "")
            except ValidationError as problem:
                await socket.send_text(_say(describe(problem)))
                continue
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(request)
    finally:
        answering.cancel()
        # A client that leaves while its frame is being sent is no error, whatever the sending then raises.
        await asyncio.gather(answering, return_exceptions=True)


def _say(sentence: str, seq: int | None = None) -> str:
    return LiveError(error=sentence, seq=seq).model_dump_json(exclude_none=True)
