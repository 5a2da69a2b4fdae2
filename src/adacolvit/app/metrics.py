"""What the server does, counted for Prometheus; each app counts for itself."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .studio import Studio

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counters of one app."""

    def __init__(self, studio: Studio) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "adacolvit_requests", "Answered requests.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "adacolvit_request_seconds", "From request to answer.", ["route"], registry=self.registry, buckets=_SECONDS
        )
        self.live = Gauge("adacolvit_live_sockets", "Open live sockets.", registry=self.registry)
        frames = Histogram(
            "adacolvit_network_seconds", "One run of the network.", registry=self.registry, buckets=_SECONDS
        )
        studio.on_result = lambda result: frames.observe(result.cost.milliseconds / 1e3)
        measured = {
            "adacolvit_photos_in_memory": ("Open photos.", lambda: len(studio.table.in_memory())),
            "adacolvit_pixels_in_memory": ("Their pixels.", lambda: sum(studio.table.in_memory().values())),
            "adacolvit_kept_photo_bytes": ("Copies of photos on disk.", studio.library.photo_bytes),
            "adacolvit_exports_running": ("Exports that are not finished.", studio.exports.running),
        }
        for name, (what, measure) in measured.items():
            Gauge(name, what, registry=self.registry).set_function(measure)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """ASGI middleware that counts; the innermost, so that it sees which route answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with self._metrics.live.track_inprogress():
                return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            # The route's pattern, not the address: addresses are without number.
            route = getattr(scope.get("route"), "path", None) or "static"
            self._metrics.requests.labels(scope["method"], route, status).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - start)
