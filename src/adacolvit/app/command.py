"""``adacolvit app``: starts the server on this machine and opens the browser on it."""

import argparse
import errno
import os
import re
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import uvicorn
from fastapi import FastAPI

from adacolvit.arguments import add_model, add_threads, between
from adacolvit.colorizer import Colorizer
from adacolvit.crew import cores
from adacolvit.errors import AppError, PhotoError
from adacolvit.hints.file import hints_beside, load_hints

from .folder import Folder
from .library import MOST_DISK, Library
from .messages import not_too_many
from .security import LOCAL_NAMES, Access
from .server import create_app
from .studio import Studio
from .table import Entry, Table

HOST = "127.0.0.1"
PORT = 7862
PORTS_TRIED = 20  # from PORT on, when no port was asked for
THREADS = 2  # of the network: a person waits for it, and the browser for both; more were not measured
MOST_MESSAGE_BYTES = 2**20  # of a live request; 10,000 hints are 0.7 MB


def add_arguments(parser) -> None:
    parser.add_argument(
        "photo",
        nargs="?",
        type=Path,
        help="photo to open, or a folder of them; NAME.hints.json beside a photo is used if present",
    )
    parser.add_argument("--port", type=int, help=f"[{PORT}, or the next free one]; 0: any")
    parser.add_argument(
        "--host", default=HOST,
        help="address to listen on; 0.0.0.0 lets other machines in, with the token that is printed [%(default)s]",
    )  # fmt: skip
    parser.add_argument("--public-url", metavar="URL", help="address under which a reverse proxy serves the app")
    parser.add_argument(
        "--token", action=argparse.BooleanOptionalAction, default=True,
        help="ask for a token where others can reach the app (its value: ADACOLVIT_TOKEN, else a new one) [yes]",
    )  # fmt: skip
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--keep", type=between(0, 1e6), default=MOST_DISK / 2**30, metavar="GB",
        help="disk space for copies of photos, kept with the work on them in your data folder [%(default)g]",
    )  # fmt: skip
    add_model(parser)
    add_threads(parser, default=f"{THREADS}, or 1 where there is but one core")


def bind(port: int | None, host: str = HOST) -> socket.socket:
    """A socket bound to the wanted port, or without one to ``PORT`` or the next free. AppError where there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(PORT, PORT + PORTS_TRIED) if port is None else [port]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this option would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen()  # a port can be bound twice but not listened on twice
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            if isinstance(error, socket.gaierror) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
                raise AppError(f"{host} is no address of this machine: use 0.0.0.0 for all that it has") from error
            if isinstance(error, OverflowError) or error.errno == errno.EACCES:
                raise AppError(f"port {candidate} cannot be used ({error}): take one from 1024 to 65535") from error
    if port is None:
        raise AppError(f"ports {PORT} to {PORT + PORTS_TRIED - 1} are all taken: choose a free one with --port")
    raise AppError(f"port {port} is taken by another program: choose another with --port, or leave --port out")


def access_for(args) -> Access:
    """Who may use the server: this machine alone, or whoever has the token where others can reach it.

    Raises AppError for a public address that is none, for a token that no cookie can hold, and where others can reach
    it under a name that is not told, though no token keeps other pages away.
    """
    public = (args.public_url or "").rstrip("/")
    if public and (urlsplit(public).scheme not in ("http", "https") or not urlsplit(public).hostname):
        raise AppError(f"{public} is no address: write it like https://example.org/color")
    reachable = args.host not in LOCAL_NAMES or public
    if reachable and not args.token and not public:
        raise AppError(
            f"without a token, say under which address others call {args.host}: --public-url http://NAME:PORT. "
            "Requests to other names are refused, since any page could send them"
        )
    token = os.environ.get("ADACOLVIT_TOKEN") or secrets.token_urlsafe(24) if reachable and args.token else None
    if token and not re.fullmatch(r"[\w.~+/=-]+", token, re.ASCII):
        raise AppError("ADACOLVIT_TOKEN may have letters, digits and . _ ~ + / = - alone: choose another")
    return Access(token, public)


def put_file(table: Table, path: Path) -> Entry:
    """Open a photo by its path, with the hints beside it. Raises PhotoError, HintError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot read {path}: {error.strerror}; check the name") from error
    source = str(path.resolve())
    entry = table.put(data, path.name, source=source)
    sidecar = hints_beside(path)
    if sidecar is None:
        return entry
    hints = not_too_many(load_hints(sidecar).for_photo(entry.photo.width, entry.photo.height))
    return table.put(data, path.name, hints, source)


def configure(app: FastAPI) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        app, log_level="warning", access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=1,
        ws_max_size=MOST_MESSAGE_BYTES, ws_per_message_deflate=False,  # packing a frame takes as long as its colors
    )  # fmt: skip


def _end_with_the_terminal() -> None:
    """When the terminal is closed, end as when told to; not where that is to be survived, as under nohup."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()


def run(args) -> int:
    """Serve until Ctrl-C. Raises AppError, PhotoError, HintError, WeightsError before anything is served."""
    access = access_for(args)
    engine = Colorizer(args.model, threads=args.threads or min(THREADS, cores())).engine
    table = Table(engine, Library(most_disk=round(args.keep * 2**30)))
    is_folder = args.photo is not None and os.path.isdir(args.photo)
    entry = put_file(table, args.photo) if args.photo and not is_folder else None
    with bind(args.port, args.host) as listener:
        port = listener.getsockname()[1]
        query = urlencode(
            {key: value for key, value in (("token", access.token), ("photo", entry and entry.id)) if value}
        )
        # The cookie is for pages below the public address, so that the browser here is sent there too.
        here, there = (
            (f"{access.public_url}/" if access.public_url else _address(host, port)) + (f"?{query}" if query else "")
            for host in (args.host, _reachable_name(args.host))
        )

        def on_ready() -> None:
            if args.port is None and port != PORT:
                print(f"Port {PORT} is taken, so this is on port {port}.")
            print(f"AdaColViT is open at {there}  (Ctrl-C ends it)", flush=True)
            if not args.no_browser:
                threading.Thread(target=webbrowser.open, args=(here,), daemon=True).start()  # some browsers block

        studio = Studio(table)
        app = create_app(studio, access)
        if is_folder:
            # Only now: the list of warnings that FastAPI and the folder's thread put aside for a while is but one.
            studio.folder = Folder(args.photo)
        _end_with_the_terminal()
        _Server(configure(app), on_ready).run(sockets=[listener])
    return 0


def _reachable_name(host: str) -> str:
    """How other machines call this one, of the address that it listens on."""
    return socket.gethostname() if host in ("0.0.0.0", "::") else host


def _address(host: str, port: int) -> str:
    """The address of a page on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
