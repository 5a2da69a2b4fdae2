"""A click from end to end: hints sent to the live socket until the frame has come back, and what takes how long."""

import json
import multiprocessing
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean, median, quantiles
from time import perf_counter

import numpy as np
import uvicorn
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from adacolvit.app import live
from adacolvit.app.command import HOST, bind, configure
from adacolvit.app.library import Library
from adacolvit.app.messages import LiveRequest
from adacolvit.app.server import create_app
from adacolvit.app.studio import Studio
from adacolvit.app.table import Entry, Table
from adacolvit.color.hex import format_hex
from adacolvit.color.lab import lab_to_srgb
from adacolvit.errors import EngineError
from adacolvit.evaluation.photos import Source
from adacolvit.hints.encoder import encode_one
from adacolvit.hints.hint import as_hints, place_hints
from adacolvit.runtime.engine import Engine
from adacolvit.runtime.refine import refine
from adacolvit.weights import Weights

from .measure import Sample, one_core

CLICKS = 120
_WARM = 5  # clicks more, at the beginning, that do not count
_MOST = 2**20  # bytes that are received at once; a frame has 400,000


def measure_click(weights: Weights, source: Source, sample: Sample, budget: float | None = None) -> dict:
    """Milliseconds of a click in the product, medians: each stage by itself, and the whole way over the socket.

    source: the photo that ``sample`` was made from. budget: as of
    :meth:`adacolvit.runtime.engine.Engine.run`. The server and its network are on the pinned core, the client is
    another process, as a browser is; stages and whole clicks in turn.
    """
    engine = Engine(weights)
    stages, whole = {name: [] for name in ("read", "place", "encode", "network", "refine", "pack")}, []
    with tempfile.TemporaryDirectory() as folder:
        table = Table(engine, Library(Path(folder)))
        entry = table.put(source.content, source.key)
        hints = _as_clicks(sample, entry)
        with _clicking(Studio(table), entry) as click:
            for number in range(_WARM + CLICKS):
                for name, took in _by_stages(entry, _message(hints, 2 * number, budget)):
                    stages[name].append(took * 1e3)
                whole.append(click(_message(hints, 2 * number + 1, budget)) * 1e3)
    found = {name: median(times[_WARM:]) for name, times in stages.items()}
    clicks = whole[_WARM:]
    return {
        "engine": engine.name, "clicks": CLICKS, "network_ms": found["network"], "stages_ms": found,
        "socket_ms": median(clicks), "socket_mean_ms": fmean(clicks), "socket_p95_ms": quantiles(clicks, n=20)[-1],
        "beside_network_ms": median(np.subtract(clicks, stages["network"][_WARM:])),
    }  # fmt: skip


def _message(hints: list[dict], number: int, budget: float | None) -> str:
    """The request of a click that gives the last hint a color that it never had."""
    *others, last = hints
    changed = last | {"color": f"#{0x404040 + number:06x}"}
    return json.dumps({"seq": number, "hints": [*others, changed], "budget": budget})


def _by_stages(entry: Entry, text: str) -> Iterator[tuple[str, float]]:
    """What the server does for a message, step by step: (stage, seconds)."""
    _, frame, lightness = entry.colorizer.scene
    clock = perf_counter()

    def lap() -> float:
        nonlocal clock
        before, clock = clock, perf_counter()
        return clock - before

    request = LiveRequest.model_validate_json(text)
    hints = live.plain(request.hints)
    yield "read", lap()
    placed = place_hints(as_hints(hints), frame)
    yield "place", lap()
    x = encode_one(lightness, *placed)
    yield "encode", lap()
    ab, _ = entry.colorizer.engine.run(x, budget=request.budget)
    yield "network", lap()
    refine(lightness, ab, *placed)
    yield "refine", lap()
    result = entry.colorizer.colorize(hints, budget=request.budget)
    lap()
    live.pack(request, result)
    yield "pack", lap()


@contextmanager
def _clicking(studio: Studio, entry: Entry) -> Iterator[Callable[[str], float]]:
    """The app's own server, and a client of it: gives what sends a message and returns the seconds until its frame."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with bind(0) as listener:
        url = f"ws://{HOST}:{listener.getsockname()[1]}/api/photos/{entry.id}/live"
        client = context.Process(target=_client, args=(url, theirs), daemon=True)
        client.start()  # before this process is pinned, so that it is not
        theirs.close()
        server = uvicorn.Server(configure(create_app(studio)))
        with one_core():
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()

            def click(text: str) -> float:
                ours.send(text)
                took = ours.recv()
                if isinstance(took, str):
                    raise EngineError(f"the app cannot color the photo: {took}")
                return took

            try:
                yield click
            finally:
                ours.close()
                client.join()
                server.should_exit = True
                thread.join()


def _client(url: str, wire: Connection) -> None:
    """The process that clicks, until the wire is closed. It waits for the frame by itself: no threads, no queues,
    no fresh memory for what comes, and the clock is stopped before what came is read.
    """
    protocol, kept = ClientProtocol(parse_uri(url), max_size=None), memoryview(bytearray(_MOST))
    with socket.create_connection((protocol.uri.host, protocol.uri.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send() -> None:
            for data in protocol.data_to_send():
                connection.sendall(data)

        def receive() -> tuple[Response | Frame, float]:
            """What came, and when its last byte did."""
            arrived = perf_counter()
            while True:
                for event in protocol.events_received():
                    if isinstance(event, Response) or event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE):
                        return event, arrived
                count = connection.recv_into(kept)
                arrived = perf_counter()
                protocol.receive_data(kept[:count])
                send()  # what the protocol answers by itself

        protocol.send_request(protocol.connect())
        send()
        receive()
        while True:
            try:
                text = wire.recv()
            except EOFError:
                return
            start = perf_counter()
            protocol.send_text(text.encode())
            send()
            frame, arrived = receive()
            wire.send(arrived - start if frame.opcode is Opcode.BINARY else bytes(frame.data).decode(errors="replace"))


def _as_clicks(sample: Sample, entry: Entry) -> list[dict]:
    """Hints of the network's frame as a person would have given them, in photo pixels."""
    frame, lightness = sample.truth.frame, sample.truth.lab[..., 0]
    clicks = []
    for row, column, size, (a, b) in zip(*sample.placed, strict=True):
        rgb = lab_to_srgb(np.array([lightness[row, column], a, b], np.float32))
        color = format_hex([round(float(v) * 255) for v in rgb])
        x, y = ((column + 0.5) * entry.photo.width / frame.width, (row + 0.5) * entry.photo.height / frame.height)
        clicks.append({"x": x, "y": y, "color": color, "size": int(size)})
    return clicks
