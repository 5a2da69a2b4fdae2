"""A photo: open it, see it, color it, save it, and its hints as a file."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response, WebSocket
from starlette.concurrency import run_in_threadpool

from adacolvit.app import live
from adacolvit.app.answers import attachment, failures, file_body, file_of, read_body
from adacolvit.app.messages import (
    MOST_HINTS,
    ExportRequest,
    HintMessage,
    HintsReply,
    HintsRequest,
    PhotoInfo,
    RenderRequest,
    not_too_many,
)
from adacolvit.app.studio import Studio
from adacolvit.app.table import Entry
from adacolvit.batch import Look
from adacolvit.colorizer import Result
from adacolvit.errors import HintError
from adacolvit.hints.file import HintFile, dump_hints, parse_hints
from adacolvit.hints.hint import Hint, as_hints
from adacolvit.hints.picture import hints_from_picture
from adacolvit.saving import SUFFIX_OF

MOST_HINT_BYTES = 4 * 2**20  # of a hints file
MOST_DOTS_BYTES = 64 * 2**20  # of a picture of hints, which may be as large as the photo, though most of it is empty
# How files of pictures begin: those with transparency, and JPEG, so that its lack of it is what is told.
_PICTURES = b"\x89PNG", b"RIFF", b"II*\0", b"MM\0*", b"GIF8", b"\xff\xd8\xff"
MOST_TEXELS = 8192  # longest side of the gray picture a client may ask for
TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "tiff": "image/tiff"}
NEVER_CHANGES = {"Cache-Control": "private, max-age=86400, immutable"}  # a photo's id is a hash of its content


def look_of(wanted: RenderRequest | ExportRequest) -> Look:
    """How pictures are to be written, by a request."""
    return Look(wanted.saturation, wanted.strength, wanted.depth, wanted.label, wanted.note, quality=wanted.quality)


def info(entry: Entry) -> PhotoInfo:
    """What a client is told of a photo."""
    photo = entry.photo
    hints = [HintMessage(**hint.to_dict()) for hint in entry.hints]
    return PhotoInfo(
        id=entry.id, name=entry.name, width=photo.width, height=photo.height, has_color=photo.has_color, hints=hints
    )


def _hints_in(content: bytes, width: int, height: int) -> tuple[Hint, ...]:
    """The hints of a file for a photo of ``width`` x ``height`` px. Raises HintError."""
    if content.startswith(_PICTURES):
        return not_too_many(hints_from_picture(content, width, height))
    if len(content) > MOST_HINT_BYTES:
        raise HintError(
            f"this is not a hints file, for it has {len(content) / 2**20:.0f} MB, and {MOST_HINTS} hints have 1 MB: "
            "give a *.hints.json, or a picture of hints"
        )
    return not_too_many(parse_hints(content.decode("utf-8-sig", "replace")).for_photo(width, height))


def photo_routes(studio: Studio) -> APIRouter:
    """The routes of single photos."""
    routes = APIRouter(prefix="/api/photos", tags=["photos"])

    @routes.post("", responses=failures(413, 507), openapi_extra=file_body("The photo's file."))
    async def open_photo(request: Request, name: str = "photo") -> PhotoInfo:
        """Put a photo on the table, and keep it on disk. Its id is a hash of the file."""
        data = await read_body(request, studio.most_bytes)
        return info(await run_in_threadpool(studio.table.put, data, name))

    @routes.get("/{photo_id}", responses=failures(404))
    async def photo(request: Request, photo_id: str) -> PhotoInfo:
        """A photo that was opened before."""
        return info(await studio.entry(photo_id, request))

    @routes.get("/{photo_id}/gray", response_class=Response, responses=failures(404) | file_of("image/png"))
    async def gray(
        request: Request, photo_id: str, max_side: Annotated[int, Query(alias="max", ge=1, le=MOST_TEXELS)] = 4096
    ) -> Response:
        """Its lightness as an 8-bit gray picture, at most ``max`` px a side."""
        entry = await studio.entry(photo_id, request)
        data = await run_in_threadpool(entry.gray_png, max_side)
        return Response(data, media_type="image/png", headers=NEVER_CHANGES)

    @routes.post("/{photo_id}/render", response_class=Response, responses=failures(404) | file_of(*TYPES.values()))
    async def render(photo_id: str, wanted: RenderRequest) -> Response:
        """The colored picture at full size, metadata kept."""
        entry = await studio.entry(photo_id)
        result = await studio.colorize(entry, live.plain(wanted.hints), wanted.budget)
        suffix = SUFFIX_OF[wanted.format]
        data = await run_in_threadpool(look_of(wanted).encode, result, suffix)
        return attachment(data, f"{entry.stem}.color{suffix}", TYPES[wanted.format])

    @routes.post(
        "/{photo_id}/hints/write", response_class=Response, responses=failures(404) | file_of("application/json")
    )
    async def write_hints(photo_id: str, wanted: HintsRequest) -> Response:
        """Hints as a hints file."""
        entry = await studio.entry(photo_id)
        file = HintFile(entry.name, entry.photo.width, entry.photo.height, as_hints(live.plain(wanted.hints)))
        return attachment(dump_hints(file).encode(), f"{entry.stem}.hints.json", "application/json")

    hints_body = file_body("The hints file, or a picture of hints.")

    @routes.post("/{photo_id}/hints/read", responses=failures(404, 413), openapi_extra=hints_body)
    async def read_hints(photo_id: str, request: Request) -> HintsReply:
        """The hints of a hints file, or of a picture whose opaque dots are hints, in pixels of this photo."""
        photo = (await studio.entry(photo_id)).photo
        content = await read_body(request, MOST_DOTS_BYTES)
        hints = await run_in_threadpool(_hints_in, content, photo.width, photo.height)
        return HintsReply(hints=[HintMessage(**hint.to_dict()) for hint in hints])

    @routes.websocket("/{photo_id}/live")
    async def live_socket(socket: WebSocket, photo_id: str) -> None:
        async def colorize(hints: list, budget: float | None) -> Result:
            try:  # looked up each time: an idle photo's memory was given back, and a tab may be open for days
                return await studio.colorize(await studio.entry(photo_id), hints, budget)
            except HTTPException as error:
                raise live.PhotoGone from error

        await socket.accept()
        try:
            await studio.entry(photo_id)
        except HTTPException:
            await socket.close(live.PHOTO_GONE)
        else:
            await live.serve(socket, colorize)

    return routes
