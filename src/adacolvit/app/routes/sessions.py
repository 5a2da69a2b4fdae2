"""The work on photos, kept on disk."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from adacolvit.app.answers import failures, read_body
from adacolvit.app.library import NotKept
from adacolvit.app.messages import SessionConflict, SessionInfo, SessionSaved, SessionState
from adacolvit.app.studio import GONE, Studio

MOST_SESSION_BYTES = 64 * 2**20  # some 500,000 steps


def session_routes(studio: Studio) -> APIRouter:
    """The routes of sessions."""
    routes = APIRouter(prefix="/api", tags=["sessions"])

    @routes.get("/photos/{photo_id}/session", responses=failures(404), response_model_exclude_unset=True)
    async def session(request: Request, photo_id: str) -> SessionState | None:
        """All work on a photo; null where there is none yet."""
        state = await run_in_threadpool(studio.library.session, photo_id)
        if state is None:
            await studio.entry(photo_id, request)
        return state

    conflict = {409: {"model": SessionConflict, "description": "Somebody else wrote meanwhile."}}
    schema = {"$ref": "#/components/schemas/SessionState"}
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    @routes.put("/photos/{photo_id}/session", responses=failures(404, 413, 507) | conflict, openapi_extra=body)
    async def save_session(photo_id: str, request: Request) -> SessionSaved:
        """Keep all work on a photo. It is on disk when this answers.

        ``revision`` is that of the document this one follows, 0 for the first; another one than the stored is
        answered with 409 and what is stored.
        """
        text = await read_body(request, MOST_SESSION_BYTES)
        for _ in range(2):
            await studio.entry(photo_id)
            try:
                return await run_in_threadpool(_save, studio, photo_id, text)
            except NotKept:  # another app forgot it, and it was in memory alone: if the folder has it, it is kept anew
                studio.table.drop(photo_id)
        raise HTTPException(404, GONE)

    @routes.get("/sessions")
    async def sessions() -> list[SessionInfo]:
        """Photos with kept work, the one saved last first."""
        return await run_in_threadpool(studio.library.sessions)

    @routes.delete("/sessions/{photo_id}", status_code=204, responses=failures(404))
    async def forget(photo_id: str) -> None:
        """Forget a photo and all work on it."""
        if not await run_in_threadpool(studio.table.forget, photo_id):
            raise HTTPException(404, GONE)

    return routes


def _save(studio: Studio, photo_id: str, text: bytes) -> SessionSaved:
    try:
        state = SessionState.model_validate_json(text)
    except ValidationError as problem:
        raise RequestValidationError(problem.errors()) from problem
    revision, saved = studio.library.save_session(photo_id, state)
    return SessionSaved(revision=revision, saved=saved * 1e3)
