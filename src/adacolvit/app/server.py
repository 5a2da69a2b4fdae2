"""The server: photos in, frames and full-size pictures out, and the built front end."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from adacolvit import __version__
from adacolvit.colorizer import Result
from adacolvit.errors import AdaColViTError, PhotoTooLarge
from adacolvit.hints.file import HintFile, dump_hints, parse_hints
from adacolvit.hints.hint import as_hints
from adacolvit.saving import picture_bytes

from . import live
from .messages import ErrorReply, HintMessage, HintsReply, HintsRequest, PhotoInfo, RenderRequest, Sample
from .security import LocalOnly
from .table import Entry, Table

HERE = Path(__file__).parent
MOST_BYTES = 512 * 2**20  # of a photo's file; 100 megapixels of uncompressed 16-bit color are 600 MB, of 8-bit 300
MOST_HINT_BYTES = 4 * 2**20
MOST_TEXELS = 8192  # longest side of the gray picture a client may ask for
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "tiff": "image/tiff"}


async def _body(request: Request, most: int) -> bytes:
    """The request's body. One that is too long is read to its end and forgotten: a browser that is cut off while it
    sends shows no answer."""
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= most:
            body += chunk
        else:
            body.clear()
    if length > most:
        raise PhotoTooLarge(
            f"The file has {length / 2**20:.0f} MB, the limit is {most / 2**20:.0f} MB: open a smaller copy."
        )
    return bytes(body)


def _attachment(data: bytes, name: str, media_type: str) -> Response:
    return Response(
        data,
        media_type=media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"},
    )


def _info(entry: Entry) -> PhotoInfo:
    photo = entry.photo
    hints = [HintMessage(**hint.to_dict()) for hint in entry.hints]
    return PhotoInfo(
        id=entry.id, name=entry.name, width=photo.width, height=photo.height, has_color=photo.has_color, hints=hints
    )


def create_app(table: Table, *, most_bytes: int = MOST_BYTES) -> FastAPI:
    """The whole server around a table of photos."""
    # One thread: the network is quick, and two runs at once would only make both late. Saving has threads of its own.
    network = ThreadPoolExecutor(1, thread_name_prefix="network")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        network.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(
        title="AdaColViT", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.add_middleware(LocalOnly)

    def entry_of(photo_id: str) -> Entry:
        entry = table.get(photo_id)
        if entry is None:
            raise HTTPException(404, "The program does not have this photo in memory (any more): please open it again.")
        return entry

    async def colorize(entry: Entry, hints: list) -> Result:
        return await asyncio.get_running_loop().run_in_executor(network, entry.colorizer.colorize, hints)

    @app.get("/health")
    async def health() -> dict:
        return {"status": "ok", "version": __version__}

    @app.get("/api/samples")
    async def samples() -> list[Sample]:
        return [
            Sample(name=path.stem, url=f"api/samples/{path.name}") for path in sorted((HERE / "samples").glob("*.jpg"))
        ]

    @app.get("/api/samples/{name}")
    async def sample(name: str) -> FileResponse:
        path = next((path for path in (HERE / "samples").glob("*.jpg") if path.name == name), None)
        if path is None:
            raise HTTPException(404, f"There is no sample photo {name}.")
        return FileResponse(path)

    @app.post("/api/photos")
    async def open_photo(request: Request, name: str = "photo") -> PhotoInfo:
        data = await _body(request, most_bytes)
        return _info(await run_in_threadpool(table.put, data, name))

    @app.get("/api/photos/{photo_id}")
    async def photo(photo_id: str) -> PhotoInfo:
        return _info(entry_of(photo_id))

    @app.get("/api/photos/{photo_id}/gray")
    async def gray(
        photo_id: str, max_side: Annotated[int, Query(alias="max", ge=1, le=MOST_TEXELS)] = 4096
    ) -> Response:
        data = await run_in_threadpool(entry_of(photo_id).gray_png, max_side)
        return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=3600, immutable"})

    @app.post("/api/photos/{photo_id}/render")
    async def render(photo_id: str, wanted: RenderRequest) -> Response:
        entry = entry_of(photo_id)
        result = await colorize(entry, live.plain(wanted.hints))
        suffix = SUFFIXES[wanted.format]
        data = await run_in_threadpool(picture_bytes, result.photo, result.rows, suffix)
        return _attachment(data, f"{entry.stem}.color{suffix}", TYPES[wanted.format])

    @app.post("/api/photos/{photo_id}/hints/write")
    async def write_hints(photo_id: str, wanted: HintsRequest) -> Response:
        entry = entry_of(photo_id)
        file = HintFile(entry.name, entry.photo.width, entry.photo.height, as_hints(live.plain(wanted.hints)))
        return _attachment(dump_hints(file).encode(), f"{entry.stem}.hints.json", "application/json")

    @app.post("/api/photos/{photo_id}/hints/read")
    async def read_hints(photo_id: str, request: Request) -> HintsReply:
        photo = entry_of(photo_id).photo
        file = parse_hints((await _body(request, MOST_HINT_BYTES)).decode("utf-8-sig", "replace"))
        return HintsReply(hints=[HintMessage(**hint.to_dict()) for hint in file.for_photo(photo.width, photo.height)])

    @app.websocket("/api/photos/{photo_id}/live")
    async def live_socket(socket: WebSocket, photo_id: str) -> None:
        await socket.accept()
        entry = table.get(photo_id)
        if entry is None:
            await socket.close(live.PHOTO_GONE)
        else:
            await live.serve(socket, lambda hints: colorize(entry, hints))

    _answer_errors(app)
    app.mount("/", StaticFiles(directory=HERE / "static", html=True))
    return app


def _answer_errors(app: FastAPI) -> None:
    """Every failure is ``{"error": sentence}``; what the program did not foresee is told in its terminal."""

    def answer(status: int, sentence: str) -> JSONResponse:
        return JSONResponse(ErrorReply(error=sentence).model_dump(), status)

    @app.exception_handler(AdaColViTError)
    async def ours(_: Request, error: AdaColViTError) -> JSONResponse:
        return answer(413 if isinstance(error, PhotoTooLarge) else 422, str(error))

    @app.exception_handler(StarletteHTTPException)
    async def http(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return answer(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def not_understood(_: Request, problem: RequestValidationError) -> JSONResponse:
        return answer(422, live.describe(problem))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, __: Exception) -> JSONResponse:
        return answer(500, live.UNFORESEEN)
