"""Parts of a photo's gray at any scale: what a client needs to show a photo of any size down to the pixel."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from adacolvit.app.answers import failures, file_of
from adacolvit.app.studio import Studio

MOST_TEXELS = 1024  # longest side of a part in texels; a larger one would hold a thread for too long
MOST_SHRINK = 64


def tile_routes(studio: Studio) -> APIRouter:
    """The route of parts."""
    routes = APIRouter(prefix="/api/photos", tags=["photos"])

    @routes.get(
        "/{photo_id}/gray/part",
        response_class=Response,
        responses=failures(404) | file_of("application/octet-stream"),
    )
    async def gray_part(
        request: Request,
        photo_id: str,
        x: Annotated[int, Query(ge=0)],
        y: Annotated[int, Query(ge=0)],
        width: Annotated[int, Query(ge=1)],
        height: Annotated[int, Query(ge=1)],
        shrink: Annotated[int, Query(ge=1, le=MOST_SHRINK)] = 1,
    ) -> Response:
        """A rectangle of the photo's gray, one byte per texel in reading order, ceil(width / shrink) a row."""
        if max(width, height) > MOST_TEXELS * shrink:
            raise HTTPException(
                422, f"A part has at most {MOST_TEXELS} texels a side: ask for a smaller one, or for more shrink."
            )
        entry = await studio.entry(photo_id, request)
        part = await run_in_threadpool(entry.photo.gray_part, x, y, width, height, shrink)
        # Bytes as they are: what a texture takes, with nothing to decode while a person pans.
        return Response(
            part.tobytes(),
            media_type="application/octet-stream",
            headers={"Cache-Control": "private, max-age=3600, immutable"},
        )

    return routes
