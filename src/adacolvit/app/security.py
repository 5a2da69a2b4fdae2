"""Keeps other web pages away from a server on this machine, and tells browsers how to treat its answers.

A page anywhere on the web can make a browser send requests to 127.0.0.1, or point a name of its own at it (DNS
rebinding). So: only requests addressed to this machine by name are answered, only pages of this very server may make
them, no header allows others to read the answers, and no URL that a client names is ever fetched.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .messages import ErrorReply

LOCAL_NAMES = {"127.0.0.1", "localhost", "::1"}

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def refusal(headers: Headers, path: str) -> str | None:
    """Why a request is not answered, or None if it is."""
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in LOCAL_NAMES:
        return f"This server answers on its own machine only, not as {host!r}: use http://127.0.0.1 and its port."
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"Pages of {origin} may not use this server."
    if path.startswith("/api") and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "Other pages may not use this server."
    return None


class LocalOnly:
    """ASGI middleware around the whole app, web sockets included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        reason = refusal(Headers(scope=scope), scope["path"])
        if scope["type"] == "websocket":
            if reason:
                return await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api") else "no-cache")
            await send(message)

        app = JSONResponse(ErrorReply(error=reason).model_dump(), 403) if reason else self._app
        return await app(scope, receive, send_with_headers)
