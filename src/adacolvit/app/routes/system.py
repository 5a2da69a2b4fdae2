"""The server itself: is it well, what does it do, and what may be asked of it."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST

from adacolvit import __version__
from adacolvit.app.answers import file_of
from adacolvit.app.messages import Health
from adacolvit.app.metrics import Metrics
from adacolvit.app.reference import reference_page


def system_routes(metrics: Metrics) -> APIRouter:
    """The routes about the server."""
    routes = APIRouter(tags=["server"])

    @routes.get("/health")
    async def health() -> Health:
        """Whether the server is well. Needs no token."""
        return Health(status="ok", version=__version__)

    @routes.get("/metrics", response_class=Response, responses=file_of("text/plain"))
    def numbers() -> Response:
        """What the server does, for Prometheus."""
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @routes.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> dict:
        return request.app.openapi()

    @routes.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(reference_page(request.app.openapi()))

    return routes
