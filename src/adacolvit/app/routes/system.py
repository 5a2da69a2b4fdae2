"""The server itself: is it well, and what does it do."""

from fastapi import APIRouter

from adacolvit import __version__
from adacolvit.app.messages import Health
from adacolvit.app.studio import Studio


def system_routes(_: Studio) -> APIRouter:
    """The routes about the server."""
    routes = APIRouter(tags=["server"])

    @routes.get("/health")
    async def health() -> Health:
        """Whether the server is well."""
        return Health(status="ok", version=__version__)

    return routes
