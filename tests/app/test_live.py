import asyncio
import json
import struct
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from fastapi import FastAPI, WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from adacolvit.app import live as server_side
from adacolvit.app.messages import FrameInfo, LiveRequest
from adacolvit.colorizer import Colorizer
from adacolvit.hints.hint import as_hints
from adacolvit.runtime.upsample import guide

from .conftest import picture, run_to_end, serve

HINT = {"x": 40, "y": 50, "color": "#7b4a2d", "size": 2}


def unpack(message: bytes) -> tuple[FrameInfo, np.ndarray]:
    (length,) = struct.unpack_from("<I", message)
    info = FrameInfo.model_validate_json(message[4 : 4 + length])
    planes = np.frombuffer(message[4 + length :], "<i2").reshape(-1, info.height, info.width)
    return info, planes / np.float32(256)


@pytest.fixture
def socket(live, photo):
    with live(photo["id"]) as socket:
        yield socket


def test_a_frame_holds_the_colorizers_colors_and_cost(socket, engine):
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(300, 200))
    for seq, hints in enumerate([[], [HINT], [HINT, HINT | {"x": 250, "size": 7}]], 5):
        socket.send(json.dumps({"seq": seq, "hints": hints, "layers": True}))
        info, ab = unpack(socket.recv())
        result = colorizer.colorize(hints)
        assert info.seq == seq and not info.lightness
        assert ab.shape == result.ab.shape
        assert np.abs(ab - result.ab).max() <= 1 / 512
        effort, cost = info.effort, result.cost
        assert (effort.macs, effort.dense_macs) == (cost.macs, cost.dense_macs) and effort.milliseconds > 0
        assert len(effort.patches) == effort.rows * effort.columns
        assert np.mean(effort.patches) == pytest.approx(cost.kept.mean(), abs=1e-3)
        assert [[layer.attention, layer.ffn] for layer in effort.layers] == cost.layers.tolist()
        took = np.array([[layer.attention_milliseconds, layer.ffn_milliseconds] for layer in effort.layers])
        assert np.array_equal(took > 0, cost.layers) and 0 < took.sum() < effort.milliseconds
        macs = [[layer.attention_macs, layer.ffn_macs] for layer in effort.layers]
        assert np.array_equal(macs, cost.layer_macs) and 0 < np.sum(macs) < cost.macs


def test_what_each_layer_took_is_told_where_it_is_asked_for(socket):
    told = []
    for layers in (False, True):
        socket.send(json.dumps({"seq": 1, "hints": [], "layers": layers}))
        told.append(unpack(socket.recv())[0].effort)
    assert told[0].layers is None and told[0].patches is None
    assert told[1].layers and told[1].patches
    always = [effort.model_dump(exclude={"layers", "patches", "milliseconds"}) for effort in told]
    assert always[0] == always[1]


def test_the_photos_lightness_comes_first_where_it_is_asked_for(socket, engine):
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(300, 200))
    result = colorizer.colorize([HINT])
    socket.send(json.dumps({"seq": 1, "hints": [HINT], "lightness": True}))
    info, (lightness, *ab) = unpack(socket.recv())
    assert info.lightness
    assert np.abs(lightness - result.lightness).max() <= 1 / 512
    assert np.abs(ab - result.ab).max() <= 1 / 512
    # What a client makes of them is what the program saves.
    assert np.abs(guide(lightness, np.array(ab)) - result.planes).max() < 0.1


@pytest.mark.parametrize("color", [-1e4, -128.0, -0.002, 0.0, 1 / 512, 3 / 512, 127.996, 1e4])
def test_colors_beyond_what_a_frame_holds_are_the_nearest_it_does(engine, color):
    """256 steps to a Lab unit, 16 bits, ties to even."""
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(300, 200))
    result = colorizer.colorize([])
    flat = replace(result, ab=np.full_like(result.ab, color))
    _, ab = unpack(server_side.pack(LiveRequest(seq=1, hints=[]), flat))
    assert (ab * 256 == np.clip(np.round(color * 256), -(2**15), 2**15 - 1)).all()


def test_a_network_for_one_budget_keeps_to_it(socket):
    """Work done with another network may still name a budget."""
    efforts = []
    for budget in (None, 0.9):
        socket.send(json.dumps({"seq": 1, "hints": [], "budget": budget}))
        efforts.append(unpack(socket.recv())[0].effort)
    assert efforts[0].macs == efforts[1].macs
    socket.send(json.dumps({"seq": 1, "hints": [], "layers": True}))
    assert b"null" not in socket.recv()  # what there is not is left out
    assert efforts[1].budget is efforts[1].least_budget is None


def test_planes_begin_at_an_even_byte(socket):
    for seq in (1, 10, 100, 1000):
        socket.send(json.dumps({"seq": seq, "hints": []}))
        assert struct.unpack_from("<I", socket.recv())[0] % 2 == 0


@pytest.mark.parametrize(
    "message, seq",
    [
        ("", None),
        ("{", None),
        ("[]", None),
        ('{"seq": 1}', None),
        ('{"seq": "one", "hints": []}', None),
        ('{"seq": 1, "hints": [], "extra": 1}', None),
        ('{"seq": 1, "hints": [{"x": 1e9, "y": 1, "color": "#123456", "size": 2}]}', 1),
        ('{"seq": 1, "hints": [{"x": NaN, "y": 1, "color": "#123456", "size": 2}]}', 1),
        ('{"seq": 1, "hints": [{"x": 1, "y": 1, "color": "#12345", "size": 2}]}', 1),
    ],
)
def test_an_error_is_a_sentence_and_the_socket_stays(socket, message, seq):
    socket.send(message)
    reply = json.loads(socket.recv())
    assert len(reply.pop("error")) > 15
    assert reply == ({} if seq is None else {"seq": seq})
    socket.send(json.dumps({"seq": 2, "hints": [HINT]}))
    assert unpack(socket.recv())[0].seq == 2


def test_bytes_instead_of_text_are_an_error(socket):
    socket.send(b"\x00\x01")
    assert "error" in json.loads(socket.recv())


def test_an_unknown_photo_closes_with_its_own_code(live):
    with live("nothing") as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv()
    assert closed.value.rcvd.code == server_side.PHOTO_GONE


class Gate:
    """A network that runs until it is told to be done, to make the order of events certain."""

    def __init__(self, colorizer: Colorizer) -> None:
        self.colorizer = colorizer
        self.asked: list[str] = []
        self.entered = asyncio.Semaphore(0)
        self.leave = asyncio.Semaphore(0)

    async def __call__(self, hints: list, budget: float | None):
        self.asked.append(as_hints(hints)[0].color)
        self.entered.release()
        await self.leave.acquire()
        return self.colorizer.colorize(hints, budget=budget)


class Wire:
    """Both ends of a socket within one event loop."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue = asyncio.Queue()
        self.outgoing: asyncio.Queue = asyncio.Queue()

    async def receive(self) -> dict:
        return await self.incoming.get()

    async def send(self, message: dict) -> None:
        await self.outgoing.put(message)

    async def say(self, seq: int, color: str, **more) -> None:
        text = json.dumps({"seq": seq, "hints": [HINT | {"color": color}], **more})
        await self.incoming.put({"type": "websocket.receive", "text": text})


@asynccontextmanager
async def serving(gate: Gate):
    """A socket that is served, until it is left."""
    wire = Wire()
    await wire.incoming.put({"type": "websocket.connect"})
    socket = WebSocket({"type": "websocket", "headers": []}, wire.receive, wire.send)
    await socket.accept()
    assert (await wire.outgoing.get())["type"] == "websocket.accept"
    task = asyncio.create_task(server_side.serve(socket, gate))
    yield wire
    await wire.incoming.put({"type": "websocket.disconnect", "code": 1001})
    await task
    assert wire.outgoing.empty()


async def overtake(wire: Wire, gate: Gate, first: dict, *others: int) -> None:
    """Asks for a frame, and for others while that one is under way."""
    await wire.say(1, "#000001", **first)
    await gate.entered.acquire()
    for seq in others:
        await wire.say(seq, f"#00000{seq}")
    while not wire.incoming.empty():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    gate.leave.release()
    gate.leave.release()


async def answered(wire: Wire) -> int:
    return unpack((await wire.outgoing.get())["bytes"])[0].seq


async def _newest_wins(colorizer: Colorizer) -> None:
    gate = Gate(colorizer)
    async with serving(gate) as wire:
        await overtake(wire, gate, {}, 2, 3, 4, 5)
        assert [await answered(wire), await answered(wire)] == [1, 5]
    assert gate.asked == ["#000001", "#000005"]


async def _foreseen(colorizer: Colorizer) -> None:
    gate = Gate(colorizer)
    async with serving(gate) as wire:
        await overtake(wire, gate, {"foreseen": True})
        assert await answered(wire) == 1
    gate = Gate(colorizer)
    async with serving(gate) as wire:
        await overtake(wire, gate, {"foreseen": True}, 2)
        assert await answered(wire) == 2
    assert gate.asked == ["#000001", "#000002"]


@pytest.mark.parametrize("story", [_newest_wins, _foreseen])
def test_the_newest_wins_and_nobody_waits_for_what_it_overtook(engine, story):
    """What waits is never run, and what was only foreseen and is under way is not sent."""
    colorizer = Colorizer(engine)
    colorizer.set_photo(picture(300, 200))
    run_to_end(story(colorizer))


def test_what_was_not_foreseen_is_a_sentence_too(capsys):
    app = FastAPI()

    @app.websocket("/live")
    async def endpoint(socket: WebSocket) -> None:
        async def broken(hints: list, budget: float | None):
            raise ZeroDivisionError("inside")

        await socket.accept()
        await server_side.serve(socket, broken)

    for client in serve(app):
        with connect(f"{str(client.base_url).replace('http', 'ws', 1)}/live") as socket:
            socket.send(json.dumps({"seq": 1, "hints": []}))
            assert json.loads(socket.recv()) == {"error": server_side.UNFORESEEN, "seq": 1}
    assert "ZeroDivisionError" in capsys.readouterr().err  # told in the terminal, not to the person
