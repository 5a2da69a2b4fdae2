"""Many photos: the folder the app was opened on, thumbnails, and exports in the background."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import PurePosixPath
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from adacolvit.app.answers import disposition, failures, file_of
from adacolvit.app.exports import Export, Exports
from adacolvit.app.messages import (
    MOST_ITEMS,
    Adjustments,
    ExportInfo,
    ExportItem,
    ExportRequest,
    FolderInfo,
    SessionState,
)
from adacolvit.app.studio import Studio
from adacolvit.app.worker import Task
from adacolvit.batch import Look
from adacolvit.hints.hint import Hint
from adacolvit.saving import SUFFIX_OF

from .photos import NEVER_CHANGES, look_of

MOST_THUMBNAIL = 1024
_MOST_STEM = 255 - len(f" ({MOST_ITEMS}).color.tiff")  # bytes of a photo's name in those of its picture and hints file
_EVENT_SECONDS = 0.25  # between looks at an export's progress
_QUIET_SECONDS = 10  # after which a sign of life is sent: proxies and clients give up on a connection that is silent
_NO_EXPORT = "There is no such export (any more): start it again."


def many_routes(studio: Studio) -> APIRouter:
    """The routes of folders and exports."""
    routes = APIRouter(prefix="/api", tags=["many photos"])

    def export_of(export_id: str) -> Export:
        export = studio.exports.get(export_id)
        if export is None:
            raise HTTPException(404, _NO_EXPORT)
        return export

    @routes.get("/folder")
    async def folder() -> FolderInfo | None:
        """The photos of the folder that the app was opened on; null where it was opened otherwise."""
        if studio.folder is None:
            return None
        return await run_in_threadpool(studio.folder.info, studio.library)

    @routes.get(
        "/photos/{photo_id}/thumbnail", response_class=Response, responses=failures(404) | file_of("image/jpeg")
    )
    async def thumbnail(
        request: Request, photo_id: str, max_side: Annotated[int, Query(alias="max", ge=16, le=MOST_THUMBNAIL)] = 256
    ) -> Response:
        """A small gray picture, at most ``max`` px a side. It is made without putting the photo on the table."""
        data = await studio.thumbnail(request, photo_id, max_side)
        return Response(data, media_type="image/jpeg", headers=NEVER_CHANGES)

    @routes.post("/exports", status_code=202, responses=failures(404, 429))
    async def start_export(wanted: ExportRequest) -> ExportInfo:
        """Color photos in the background, one after another, at full size. Fetch them as a ZIP when they are done."""
        return (await run_in_threadpool(_start, studio, wanted)).info()

    @routes.get("/exports/{export_id}", responses=failures(404))
    async def progress(export_id: str) -> ExportInfo:
        """How far an export is."""
        return export_of(export_id).info()

    @routes.get(
        "/exports/{export_id}/events",
        response_class=StreamingResponse,
        responses=failures(404)
        | {200: {"description": "ExportInfo at each change.", "content": {"text/event-stream": {}}}},
    )
    async def events(export_id: str) -> StreamingResponse:
        """How far an export is, as server-sent events, one at each change until it is finished."""
        return StreamingResponse(_events(export_of(export_id)), media_type="text/event-stream")

    @routes.delete("/exports/{export_id}", status_code=204, responses=failures(404))
    async def cancel(export_id: str) -> None:
        """Stop an export, and remove what it wrote."""
        if not await run_in_threadpool(studio.exports.cancel, export_id):
            raise HTTPException(404, "There is no such export (any more).")

    @routes.get(
        "/exports/{export_id}/zip",
        response_class=StreamingResponse,
        responses=failures(404, 409) | file_of("application/zip"),
    )
    async def zipped(export_id: str) -> StreamingResponse:
        """The pictures of a finished export, with their hints files."""
        if not export_of(export_id).finished.is_set():
            raise HTTPException(409, "This export is not finished yet: wait for it, or cancel it.")
        return _Download(studio.exports, export_id)

    return routes


class _Download(StreamingResponse):
    """The ZIP of an export, whose pictures stay until it was fetched, or the client has gone."""

    def __init__(self, exports: Exports, export_id: str) -> None:
        self._exports = exports
        self._export = exports.begin_reading(export_id)
        if self._export is None:
            raise HTTPException(404, _NO_EXPORT)
        super().__init__(self._export.zip(), media_type="application/zip", headers=disposition("colorized.zip"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(self._exports.end_reading, self._export)


async def _events(export: Export) -> AsyncIterator[str]:
    before, said = None, monotonic()
    while True:
        info = export.info()
        if info != before:
            yield f"data: {info.model_dump_json()}\n\n"
            before, said = info, monotonic()
        elif monotonic() - said > _QUIET_SECONDS:  # a large photo, or a worker that starts on a busy machine
            yield ": still at it\n\n"
            said = monotonic()
        if info.finished or info.canceled:
            return
        await asyncio.sleep(_EVENT_SECONDS)


def _start(studio: Studio, wanted: ExportRequest) -> Export:
    """Look up everything first, so that a photo that is gone is told before anything runs or is written."""
    suffix = SUFFIX_OF[wanted.format]
    found = [(item, *studio.source(item.photo), *_work(studio, item, wanted)) for item in wanted.items]
    folder = studio.exports.new_folder()
    taken: set[str] = set()
    tasks = []
    for item, source, name, hints, look, budget in found:
        stem = _free_name(PurePosixPath(name).stem, taken)
        tasks.append(
            Task(
                key=item.photo,
                name=name,
                source=source,
                hints=hints,
                output=folder / f"{stem}.color{suffix}",
                look=look,
                hint_file=folder / f"{stem}.hints.json" if wanted.hint_files else None,
                budget=studio.known(budget),
            )
        )
    return studio.exports.start(folder, tasks)


def _work(studio: Studio, item: ExportItem, wanted: ExportRequest) -> tuple[list[dict], Look, float | None]:
    """A photo's hints, how its picture is written, and its budget: as asked, else as its session has it."""
    state: SessionState | None = studio.library.session(item.photo) if item.hints is None else None
    if item.hints is not None:
        hints = [hint.model_dump() for hint in item.hints]
    elif state is not None:
        hints = [hint.model_dump(include={"x", "y", "color", "size"}) for hint in state.present if not hint.guess]
    else:
        hints = studio.hints_beside(item.photo)
    for hint in hints:
        Hint(**hint)  # an unusable one is told now
    adjustments = state.adjustments if state else Adjustments()
    saturation, strength, budget = (
        getattr(adjustments, name) if (value := getattr(wanted, name)) is None else value
        for name in ("saturation", "strength", "budget")
    )
    return hints, replace(look_of(wanted), saturation=saturation, strength=strength), budget


def _free_name(stem: str, taken: set[str]) -> str:
    """The name itself, cut to what file systems take, or numbered where another photo has it; regardless of case, as
    some file systems are."""
    stem = os.fsencode(stem)[:_MOST_STEM].decode("utf-8", "ignore")
    name, number = stem, 2
    while name.casefold() in taken:
        name, number = f"{stem} ({number})", number + 1
    taken.add(name.casefold())
    return name
