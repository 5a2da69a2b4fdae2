"""The sample photos of an empty table."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

import adacolvit.app
from adacolvit.app.answers import failures, file_of
from adacolvit.app.messages import Sample
from adacolvit.app.studio import Studio

FOLDER = Path(adacolvit.app.__file__).parent / "samples"


def sample_routes(_: Studio) -> APIRouter:
    """The routes of the samples."""
    routes = APIRouter(prefix="/api/samples", tags=["samples"])

    @routes.get("")
    async def samples() -> list[Sample]:
        """The sample photos; their addresses are relative to the app's page."""
        return [Sample(name=path.stem, url=f"api/samples/{path.name}") for path in sorted(FOLDER.glob("*.jpg"))]

    @routes.get("/{name}", response_class=FileResponse, responses=failures(404) | file_of("image/jpeg"))
    async def sample(name: str) -> FileResponse:
        """A sample photo."""
        path = next((path for path in FOLDER.glob("*.jpg") if path.name == name), None)
        if path is None:
            raise HTTPException(404, f"There is no sample photo {name}.")
        return FileResponse(path)

    return routes
