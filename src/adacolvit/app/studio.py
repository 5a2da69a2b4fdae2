"""What the routes share: the photos on the table, and the one thread in which the network runs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool

from adacolvit.colorizer import Result

from .table import Entry, Table

MOST_BYTES = 512 * 2**20  # of a photo's file; 100 megapixels of uncompressed 16-bit color are 600 MB, of 8-bit 300
GONE = "The program does not have this photo (any more): please open it again."


class Studio:
    """The state behind the server."""

    def __init__(self, table: Table, *, most_bytes: int = MOST_BYTES) -> None:
        self.table = table
        self.library = table.library
        self.most_bytes = most_bytes
        # One thread: the network is quick, and two runs at once would only make both late. What takes longer than a
        # click (saving, suggestions) has threads of its own.
        self._network = ThreadPoolExecutor(1, thread_name_prefix="network")

    async def entry(self, photo_id: str) -> Entry:
        """An open photo, from disk if need be. HTTPException 404 where it is not kept."""
        entry = await run_in_threadpool(self.table.get, photo_id)
        if entry is None:
            raise HTTPException(404, GONE)
        return entry

    async def colorize(self, entry: Entry, hints: list) -> Result:
        """Color a photo in the network's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._network, entry.colorizer.colorize, hints)

    def close(self) -> None:
        """End what is under way."""
        self._network.shutdown(wait=False, cancel_futures=True)
