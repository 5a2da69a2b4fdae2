"""``adacolvit app``: starts the server on this machine and opens the browser on it."""

import errno
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from adacolvit.arguments import add_model, add_threads
from adacolvit.colorizer import Colorizer
from adacolvit.errors import AppError, PhotoError
from adacolvit.hints.file import hints_beside, load_hints

from .folder import Folder
from .library import MOST_DISK, Library
from .server import create_app
from .studio import Studio
from .table import Entry, Table

HOST = "127.0.0.1"
PORT = 7862
PORTS_TRIED = 20  # from PORT on, when no port was asked for
MOST_MESSAGE_BYTES = 2**20  # of a live request; 10,000 hints are 0.7 MB


def add_arguments(parser) -> None:
    parser.add_argument(
        "photo",
        nargs="?",
        type=Path,
        help="photo to open, or a folder of them; NAME.hints.json beside a photo is used if present",
    )
    parser.add_argument("--port", type=int, help=f"[{PORT}, or the next free one]; 0: any")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--keep", type=float, default=MOST_DISK / 2**30, metavar="GB",
        help="disk space for copies of photos, kept with the work on them in your data folder [%(default)g]",
    )  # fmt: skip
    add_model(parser)
    add_threads(parser)


def bind(port: int | None) -> socket.socket:
    """A socket bound to the wanted port, or without one to ``PORT`` or the next free. AppError where there is none."""
    for candidate in range(PORT, PORT + PORTS_TRIED) if port is None else [port]:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this option would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen()  # a port can be bound twice but not listened on twice
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            if isinstance(error, OverflowError) or error.errno == errno.EACCES:
                raise AppError(f"port {candidate} cannot be used ({error}): take one from 1024 to 65535") from error
    if port is None:
        raise AppError(f"ports {PORT} to {PORT + PORTS_TRIED - 1} are all taken: choose a free one with --port")
    raise AppError(f"port {port} is taken by another program: choose another with --port, or leave --port out")


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
    hints = load_hints(sidecar).for_photo(entry.photo.width, entry.photo.height)
    return table.put(data, path.name, hints, source)


def configure(app: FastAPI) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        app, log_level="warning", access_log=False, ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_BYTES, timeout_graceful_shutdown=1,
    )  # fmt: skip


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
    table = Table(Colorizer(args.model, threads=args.threads).engine, Library(most_disk=round(args.keep * 2**30)))
    folder = entry = None
    if args.photo and args.photo.is_dir():
        folder = Folder(args.photo)
    elif args.photo:
        entry = put_file(table, args.photo)
    with bind(args.port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{HOST}:{port}/" + (f"?photo={entry.id}" if entry else "")

        def on_ready() -> None:
            if args.port is None and port != PORT:
                print(f"Port {PORT} is taken, so this is on port {port}.")
            print(f"AdaColViT is open at {url}  (Ctrl-C ends it)", flush=True)
            if not args.no_browser:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()  # some browsers block

        _Server(configure(create_app(Studio(table, folder=folder))), on_ready).run(sockets=[listener])
    return 0
