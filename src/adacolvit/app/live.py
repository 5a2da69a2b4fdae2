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
from adacolvit.runtime.upsample import halves

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


def effort(cost: Cost, patches: bool = False) -> dict:
    """A result's cost as the effort view shows it, an :class:`Effort`'s plain values; with every layer's patches where
    they were asked for.
    """
    depth, _, rows, columns = cost.kept.shape
    kept = cost.kept.view(np.uint8).reshape(2 * depth, rows * columns)
    measured = cost.layer_milliseconds
    clock = [(None, None)] * depth if measured is None else measured.astype(float).round(3).tolist()
    shares = (kept.sum(1) / kept.shape[1]).reshape(depth, 2).tolist()
    layers = [
        {
            "attention": ran[0], "ffn": ran[1], "attention_kept": share[0], "ffn_kept": share[1],
            "attention_macs": macs[0], "ffn_macs": macs[1],
            "attention_milliseconds": took[0], "ffn_milliseconds": took[1],
        }
        for ran, share, macs, took in zip(cost.layers.tolist(), shares, cost.layer_macs.tolist(), clock, strict=True)
    ]  # fmt: skip
    if patches:
        for layer, (attention, ffn) in zip(layers, cost.kept, strict=True):
            layer |= {"attention_patches": _bits(attention), "ffn_patches": _bits(ffn)}
    return {
        "macs": cost.macs, "dense_macs": cost.dense_macs, "milliseconds": cost.milliseconds, "rows": rows,
        "columns": columns, "patches": (kept.sum(0) / len(kept)).round(3).tolist(), "layers": layers,
        "budget": cost.budget, "least_budget": cost.least_budget, "usual_budget": cost.usual_budget,
    }  # fmt: skip


def pack(seq: int, result: Result, patches: bool = False) -> bytearray:
    """u32 little-endian length, FrameInfo as JSON of that length, then the planes as float16, plane by plane."""
    _, height, width = result.planes.shape
    # A FrameInfo, not checked at every frame: tests do.
    frame = {"seq": seq, "width": width, "height": height, "effort": effort(result.cost, patches)}
    info = to_json(frame, exclude_none=True)
    info += b" " * (len(info) % 2)  # the planes begin at an even byte, as a browser's Uint16Array needs
    begin = 4 + len(info)
    message = bytearray(begin + 2 * result.planes.size)
    message[:begin] = struct.pack("<I", len(info)) + info
    halves(result.planes, np.frombuffer(message, "<f2", result.planes.size, begin))
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
                message = pack(request.seq, result, request.layers)
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
