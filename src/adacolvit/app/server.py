"""The server: the routes around a studio, the built front end, and what surrounds every request."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from adacolvit import __version__

from .answers import ALWAYS, answer_failures, failures
from .metrics import Measured, Metrics
from .routes.many import many_routes
from .routes.photos import photo_routes
from .routes.samples import sample_routes
from .routes.sessions import session_routes
from .routes.suggest import suggest_routes
from .routes.system import system_routes
from .routes.tiles import tile_routes
from .security import Access, Gate
from .studio import Studio

IDLE_SECONDS = 30 * 60  # after which a photo's memory is given back; disk keeps it
# A developer's own build of the front end may be tried without replacing the committed one.
STATIC = Path(os.environ.get("ADACOLVIT_STATIC") or Path(__file__).parent / "static")


def create_app(studio: Studio, access: Access | None = None) -> FastAPI:
    """The whole server around a studio, which ends with it; without ``access``, for this machine alone."""
    metrics = Metrics(studio)

    async def give_back_memory() -> None:
        while True:
            await asyncio.sleep(IDLE_SECONDS / 10)
            studio.table.evict_idle(IDLE_SECONDS)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(give_back_memory())
        yield
        sweeping.cancel()
        studio.close()

    app = FastAPI(
        title="AdaColViT", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan,
        responses=failures(*ALWAYS), servers=[{"url": "./", "description": "relative to the app's page"}],
        summary="Point-interactive photo colorization: photos in, frames and full-size pictures out.",
    )  # fmt: skip
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Gate, access=access or Access())  # the last added is the outermost
    for routes in (photo_routes, tile_routes, session_routes, suggest_routes, many_routes, sample_routes):
        app.include_router(routes(studio))
    app.include_router(system_routes(metrics))
    answer_failures(app)
    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app
