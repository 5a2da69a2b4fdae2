"""Keeps other web pages and strangers away from the server, and tells browsers how to treat its answers.

A page anywhere on the web can make a browser send requests to 127.0.0.1, or point a name of its own at it (DNS
rebinding). So: only requests addressed to this machine by name are answered, only pages of this very server may make
them, no header allows others to read the answers, and no URL that a client names is ever fetched.

Where the server can be reached from elsewhere, a token is asked for too: as a cookie, which the address with
``?token=`` sets, or as ``Authorization: Bearer``.
"""

import hashlib
import hmac
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .messages import ErrorReply

LOCAL_NAMES = {"127.0.0.1", "localhost", "::1"}
OPEN_TO_ALL = {"/health"}  # needs no token: it says nothing, and those who watch over servers have none
_COOKIE = "adacolvit"  # begins the names of the cookies that hold a token

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",  # drawing without a graphics card is compiled
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


@dataclass(frozen=True)
class Access:
    """Who may use the server.

    ``token``, where there is one, is asked of everybody, and then the server may be called by any name. ``public_url``
    is the address under which a reverse proxy serves it, without a slash at the end.
    """

    token: str | None = None
    public_url: str = ""

    @property
    def root(self) -> str:
        """The path below which a reverse proxy serves the app, "" or "/color"."""
        return urlsplit(self.public_url).path.rstrip("/")

    def refusal(self, headers: Headers, path: str) -> str | None:
        """Why a request is not answered, whatever its token, or None if it may be."""
        host = headers.get("host", "")
        public = urlsplit(self.public_url)
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            name = None
        if not name or (name not in LOCAL_NAMES | {public.hostname} and not self.token):
            return f"This server is not called {host!r}: use {self.public_url or 'http://127.0.0.1 and its port'}."
        origin = headers.get("origin")
        own = {f"http://{host}"}
        if self.token:
            own.add(f"https://{host}")
        if self.public_url:
            own.add(f"{public.scheme}://{public.netloc}")
        if origin is not None and origin not in own:
            return f"Pages of {origin} may not use this server."
        if path.startswith("/api") and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "Other pages may not use this server."
        return None

    def knows(self, given: str | None) -> bool:
        """Whether a token is the right one."""
        return given is not None and hmac.compare_digest(given.encode(), (self.token or "").encode())

    def admits(self, headers: Headers, path: str) -> bool:
        """Whether a request carries the token, or needs none."""
        if self.token is None or path in OPEN_TO_ALL:
            return True
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.knows(bearer.strip()):
            return True
        cookies = cookie_parser(headers.get("cookie", ""))
        # By any of these names: a proxy may tell another host for a socket than it told for the page.
        return any(self.knows(value) for name, value in cookies.items() if name.startswith(_COOKIE))

    def cookie(self, host: str) -> str:
        """The header that has a browser keep the token: for this server's own pages, out of reach of scripts.

        host: what the browser calls the server, with its port. Browsers keep one cookie of a name for all ports of a
        machine, so that the name tells servers apart.
        """
        name = f"{_COOKIE}-{hashlib.sha256(f'{host}{self.root}'.encode()).hexdigest()[:8]}"
        secure = "; Secure" if self.public_url.startswith("https:") else ""
        return f"{name}={self.token}; HttpOnly; SameSite=Strict; Path={self.root or '/'}; Max-Age=31536000{secure}"


class Gate:
    """ASGI middleware around the whole app, web sockets included."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        scope = self._below_root(scope)
        headers, path = Headers(scope=scope), scope["path"]
        reason = self._access.refusal(headers, path)
        admitted = self._access.admits(headers, path)
        if scope["type"] == "websocket":
            if reason or not admitted:
                return await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered.update(ALWAYS)
                answered.setdefault("Cache-Control", "no-store" if path.startswith("/api") else "no-cache")
            await send(message)

        app = self._app
        if reason:
            app = _say(reason, 403)
        elif not admitted:
            app = self._enter(scope) or _say(
                "A token is needed here: open the address that the program printed when it started, or send the token "
                "as 'Authorization: Bearer'.",
                401,
            )
        return await app(scope, receive, send_with_headers)

    def _below_root(self, scope: Scope) -> Scope:
        """The request as if there were no reverse proxy, whether that took its own path off or not."""
        root = self._access.root
        if not root or not scope["path"].startswith(f"{root}/"):
            return scope
        raw = scope.get("raw_path") or scope["path"].encode()
        return scope | {"path": scope["path"][len(root) :], "raw_path": raw[len(root.encode()) :]}

    def _enter(self, scope: Scope) -> ASGIApp | None:
        """A page that keeps the token of its address and goes on without it; None without the right one."""
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        if scope["method"] != "GET" or not self._access.knows(dict(query).get("token")):
            return None
        rest = urlencode([(key, value) for key, value in query if key != "token"])
        # Not a redirect: after one from a link in a mail, the browser would hold back a SameSite=Strict cookie.
        page = f'<meta http-equiv="refresh" content="0; url={escape("./?" + rest if rest else "./")}">'
        cookie = self._access.cookie(Headers(scope=scope).get("host", ""))
        return HTMLResponse(page, headers={"Set-Cookie": cookie, "Cache-Control": "no-store"})


def _say(sentence: str, status: int) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(ErrorReply(error=sentence).model_dump(), status, headers)
