"""How requests are read and answered: bodies within limits, files to download, every failure as one sentence."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount

from adacolvit.errors import AdaColViTError, ExportRefused, LibraryFull, PhotoTooLarge

from .library import StaleRevision
from .live import UNFORESEEN, describe
from .messages import ErrorReply, SessionConflict

_WHY = {
    401: "A token is needed, and was not given.",
    403: "The request comes from elsewhere.",
    404: "It is not here (any more).",
    405: "This address is not asked in this way.",
    409: "Somebody else wrote meanwhile.",
    413: "It is too large.",
    422: "A photo, a hint or a message is unusable.",
    429: "Too much is under way already.",
    507: "The disk space set aside is used up.",
}
_STATUS = {PhotoTooLarge: 413, LibraryFull: 507, ExportRefused: 429}
ALWAYS = (401, 403, 422)  # any request may be answered so
_METHODS = ("GET", "POST", "PUT", "DELETE")


def failures(*statuses: int) -> dict[int, dict]:
    """What an endpoint's description says of its failures."""
    return {status: {"model": ErrorReply, "description": _WHY[status]} for status in statuses}


def file_of(*media_types: str) -> dict[int, dict]:
    """What an endpoint's description says of a file that it sends."""
    binary = {"type": "string", "format": "binary"}
    content = {kind: {"schema": {"type": "object"} if kind == "application/json" else binary} for kind in media_types}
    return {200: {"description": "The file.", "content": content}}


def file_body(description: str) -> dict:
    """What an endpoint's description says of a file that it takes as its body, of whatever type it is said to be."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"description": description, "required": True, "content": content}}


async def read_body(request: Request, most: int) -> bytes:
    """The request's body. One that is too long is read to its end and forgotten: a browser that is cut off while it
    sends shows no answer."""
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= most:
            body += chunk
        else:
            body.clear()
    if length > most:
        raise PhotoTooLarge(
            f"The file has {length / 2**20:.0f} MB, the limit is {most / 2**20:.0f} MB: open a smaller copy."
        )
    return bytes(body)


def disposition(name: str) -> dict[str, str]:
    """The header that has a browser save an answer under a name."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def attachment(data: bytes, name: str, media_type: str) -> Response:
    """A file to download."""
    return Response(data, media_type=media_type, headers=disposition(name))


def answer_failures(app: FastAPI) -> None:
    """Every failure is ``{"error": sentence}``; what the program did not foresee is told in its terminal."""

    def answer(status: int, sentence: str, headers=None) -> JSONResponse:
        return JSONResponse(ErrorReply(error=sentence).model_dump(), status, headers)

    @app.exception_handler(AdaColViTError)
    async def ours(_: Request, error: AdaColViTError) -> JSONResponse:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
        return answer(status, str(error))

    @app.exception_handler(StaleRevision)
    async def stale(_: Request, error: StaleRevision) -> JSONResponse:
        sentence = "This photo was worked on elsewhere meanwhile: take that work, or write over it with its revision."
        return JSONResponse(SessionConflict(error=sentence, stored=error.stored).model_dump(exclude_unset=True), 409)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.detail == HTTPStatus(error.status_code).phrase:  # nobody here said why: no route has this address
            return answer(*_no_address(app, request))
        return answer(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, problem: RequestValidationError) -> JSONResponse:
        return answer(422, _no_message(request, problem) or describe(problem))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, __: Exception) -> JSONResponse:
        return answer(500, UNFORESEEN)


def _no_address(app: FastAPI, request: Request) -> tuple[int, str, dict[str, str] | None]:
    """How a request to an address that does not take it is answered: status, sentence, headers.

    The front end's files are mounted behind all routes and would take any address for one of theirs.
    """
    path = request.scope["path"]
    routes = [route for route in app.routes if not isinstance(route, Mount)]
    methods = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] == Match.FULL for route in routes)
    ]
    if not methods and request.method not in ("GET", "HEAD") and not path.startswith("/api/"):
        methods = ["GET"]  # of files
    if methods and request.method not in methods:
        allowed = ", ".join(methods)
        return 405, f"{path} does not take {request.method}: use {allowed}, as /docs describes.", {"Allow": allowed}
    return 404, f"There is nothing at {path}: /docs lists all addresses.", None


def _no_message(request: Request, problem: RequestValidationError) -> str | None:
    """What is wrong with a body that is no JSON object at all; None for one that is."""
    first = problem.errors()[0]
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if first["type"] == "json_invalid":
        return f"This message is no JSON ({first.get('ctx', {}).get('error', first['msg'])}): send all of it again."
    if first["loc"] not in ((), ("body",)):
        return None
    if first["type"] == "missing":
        return "This request needs a message, and has none: send it as JSON; /docs describes it."
    if not media_type.endswith("json"):
        return "This message is not said to be JSON: send it with the header Content-Type: application/json."
    return "This message is JSON, but no object with names and values: /docs describes the one that is needed."
