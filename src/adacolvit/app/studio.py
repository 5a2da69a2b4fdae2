"""What the routes share: photos in memory, on disk and in the folder; exports; the thread in which the network runs."""

import asyncio
import io
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from fastapi import HTTPException, Request
from PIL import Image
from starlette.requests import ClientDisconnect

from adacolvit.colorizer import Result
from adacolvit.decode import decode
from adacolvit.photo import open_photo

from .exports import Exports
from .folder import Folder
from .library import MOST_BYTES, content_id
from .table import Entry, Table, bare_name

GONE = "The program does not have this photo (any more): please open it again."
_LOOK_SECONDS = 0.5  # between looks whether the client is still there


class Studio:
    """The state behind the server."""

    def __init__(self, table: Table, *, folder: Folder | None = None, most_bytes: int = MOST_BYTES) -> None:
        self.table = table
        self.library = table.library
        self.folder = folder
        self.exports = Exports(table.library.folder / "exports", table.engine.weights)
        self.most_bytes = most_bytes
        self.on_result: Callable[[Result], None] = lambda result: None  # told of every run of the network
        # One thread: the network is quick, and two runs at once would only make both late. What takes longer than a
        # click (saving, suggestions) has threads of its own.
        self._network = ThreadPoolExecutor(1, thread_name_prefix="network")
        # Few: all others wait without holding a thread that answers requests. A photo takes memory while it is opened.
        self._opening = ThreadPoolExecutor(1, thread_name_prefix="opening")
        self._suggestions = ThreadPoolExecutor(2, thread_name_prefix="suggestions")
        self._thumbnails = ThreadPoolExecutor(2, thread_name_prefix="thumbnails")

    async def entry(self, photo_id: str, request: Request | None = None) -> Entry:
        """An open photo, from disk or the folder if need be: one after another.

        request: of a client that wants only to see it, and may have gone on to the next one before it is its turn; then
        ClientDisconnect is raised. HTTPException 404 where it is not kept.
        """
        entry = self.table.find(photo_id)
        if entry is None:
            entry = await _while_listening(request, self._opening, partial(self._open, photo_id))
        if entry is None:
            raise HTTPException(404, GONE)
        return entry

    def _open(self, photo_id: str) -> Entry | None:
        entry = self.table.get(photo_id)
        found = self.folder.get(photo_id) if self.folder and entry is None else None
        if found:
            with suppress(OSError):  # the file was removed, or closed to reading
                data = found.path.read_bytes()
                if content_id(data) == photo_id:  # it may be another one by now, which nobody asked for
                    entry = self.table.put(data, found.path.name, found.hints, str(found.path))
        return entry

    def source(self, photo_id: str) -> tuple[Path, str]:
        """The file of a photo and its name, without opening it. HTTPException 404 where it is not kept."""
        path, about = self.library.photo_path(photo_id), self.library.about(photo_id)
        found = self.folder.get(photo_id) if self.folder and (path is None or not os.path.isfile(path)) else None
        if found:  # of a folder that was moved, the library remembers another place
            return found.path, bare_name(found.path.name)
        if path is None:
            raise HTTPException(404, GONE)
        return path, about.name if about else "photo"

    def hints_beside(self, photo_id: str) -> list[dict]:
        """The hints of the file that lies beside a photo, as plain values."""
        found = self.folder.get(photo_id) if self.folder else None
        if found:
            return [hint.to_dict() for hint in found.hints]
        about = self.library.about(photo_id)
        return about.hints if about else []

    async def suggest(self, request: Request, find: Callable, *args, budget: float | None):
        """What ``find`` gives in a thread for suggestions. ``budget``: see :meth:`known`. What waits for one is given
        up when the client has gone; then ClientDisconnect is raised."""
        return await _while_listening(request, self._suggestions, partial(find, *args, budget=self.known(budget)))

    async def thumbnail(self, request: Request, photo_id: str, max_side: int) -> bytes:
        """A JPEG of a photo in gray, at most ``max_side`` px a side.

        Raises PhotoError, HTTPException 404, ClientDisconnect.
        """
        return await _while_listening(request, self._thumbnails, partial(self._thumbnail, photo_id, max_side))

    def _thumbnail(self, photo_id: str, max_side: int) -> bytes:
        path, name = self.source(photo_id)
        data = b""
        with suppress(OSError):  # the file was removed, or closed to reading
            data = path.read_bytes()
        if content_id(data) != photo_id:  # changed on disk: browsers would keep the other one's for this one
            raise HTTPException(404, GONE)
        image, _ = decode(data, name, side=max_side)
        file = io.BytesIO()
        Image.fromarray(open_photo(image, name=name).gray(max_side)).save(file, "JPEG", quality=80)
        return file.getvalue()

    async def colorize(self, entry: Entry, hints: list, budget: float | None = None) -> Result:
        """Color a photo in the network's thread. ``budget``: see :meth:`known`."""
        result = await self._in_network(partial(entry.colorizer.colorize, hints, budget=self.known(budget)))
        asyncio.get_running_loop().call_soon(self.on_result, result)  # when the frame is on its way
        return result

    def _in_network(self, run: Callable[[], Result]) -> asyncio.Future[Result]:
        """What ``run`` gives in the network's thread. asyncio's own way there, by two futures, takes twice as long."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def settle(done: Callable, value) -> None:
            if not future.cancelled():  # nobody waits any more
                done(value)

        def work() -> None:
            if future.cancelled():
                return
            try:
                settled = future.set_result, run()
            except BaseException as error:
                settled = future.set_exception, error
            with suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(settle, *settled)

        self._network.submit(work)
        return future

    def known(self, budget: float | None) -> float | None:
        """A budget, which work done with another network may still hold: None where this one was made for one alone."""
        return budget if self.table.engine.config.budget_knots else None

    def close(self) -> None:
        """End what is under way."""
        self.exports.close()
        if self.folder:
            self.folder.close()
        for pool in (self._network, self._opening, self._suggestions, self._thumbnails):
            pool.shutdown(wait=False, cancel_futures=True)


async def _while_listening(request: Request | None, pool: Executor, run: Callable):
    """What ``run`` gives in a thread of the pool. Without a request, it is waited for in any case.

    Raises ClientDisconnect when the client has gone meanwhile; then ``run`` is not begun any more, or in vain.
    """
    future = asyncio.get_running_loop().run_in_executor(pool, run)
    try:
        while not (await asyncio.wait([future], timeout=_LOOK_SECONDS))[0]:
            if request and await request.is_disconnected():
                raise ClientDisconnect
        return future.result()
    finally:
        future.cancel()
