"""The command line: verbs -> functions, no logic. Exit codes: 0 all good, 1 something failed, 2 wrong usage."""

import argparse
import importlib
import io
import os
import sys
from pathlib import Path

from . import __version__
from .errors import AdaColViTError, MissingExtra, UsageError

# verb -> (module with add_arguments(parser) and run(args) -> exit code or None, what it does)
VERBS = {
    "app": ("app.command", "open the app in the browser, on a photo if one is given (what happens without a verb)"),
    "colorize": ("commands.colorize", "color photos, or folders of them, by hints"),
    "suggest": ("commands.suggest", "suggest places of photos that are worth a hint, and colors for them"),
    "models": ("commands.models", "list the networks that are here"),
    "doctor": ("commands.doctor", "check the installation, and time one click"),
    "bench": ("bench.command", "time a click against other engines and the dense network"),
    "export": ("commands.export", "write a network as a file for other programs"),
    "convert": ("training.convert", "turn a published iColoriT checkpoint into a weights file"),
    "evaluate": ("evaluation.command", "measure a network on a set of photos"),
    "reproduce": ("reproduce.command", "make a table or figure of the paper from measurements here"),
    "shards": ("training.shards", "write photos as shards to train on, such as ImageNet's tar of tars"),
    "train": ("training.command", "train a network by a recipe"),
}

_OPTIONS = {"-h", "--help", "--version"}
_TRAIN_PACKAGES = {"torch", "lightning_fabric", "matplotlib", "webdataset"}  # of the optional part "train"


def _parser(verb: str | None) -> argparse.ArgumentParser:
    """The parser; only the arguments of ``verb`` are filled in, since each verb's module takes its time to import."""
    parser = argparse.ArgumentParser(
        prog="adacolvit", description="Color black-and-white photos by clicking points.",
        epilog="`adacolvit photo.jpg` opens the app on a photo; `adacolvit VERB --help` says more about a verb.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"adacolvit {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (module, summary) in VERBS.items():
        sub = verbs.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == verb:
            command = importlib.import_module(f".{module}", __package__)
            command.add_arguments(sub)
            sub.set_defaults(run=command.run)
    return parser


def _with_verb(argv: list[str]) -> list[str]:
    """``adacolvit photo.jpg`` and ``adacolvit`` alone mean the app; a word that is no file is a misspelt verb."""
    if not argv:
        return ["app"]
    first = argv[0]
    known = first in VERBS or first in _OPTIONS
    is_path = Path(first).suffix or Path(first).name != first or os.path.exists(first)
    return ["app", *argv] if (first.startswith("-") or is_path) and not known else argv


def _unforeseen(error: Exception) -> str:
    """What a person is told; the stack trace goes to a file."""
    import tempfile
    import traceback

    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    try:
        with tempfile.NamedTemporaryFile("w", prefix="adacolvit-", suffix=".log", delete=False) as log:
            traceback.print_exception(error, file=log)
        report = f"please report it with the file {log.name}"
    except OSError:
        report = "please report it"
    return f"something went wrong that was not foreseen ({what}): {report}"


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may be no text in any encoding: it is written escaped
            stream.reconfigure(errors="backslashreplace")
    argv = _with_verb(list(sys.argv[1:] if argv is None else argv))
    try:
        try:
            args = _parser(argv[0]).parse_args(argv)
            return args.run(args) or 0
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            if package not in _TRAIN_PACKAGES:
                raise
            raise MissingExtra(package, "train") from error
    except AdaColViTError as error:
        print(f"adacolvit: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130  # what a shell expects of a program stopped by Ctrl-C
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `adacolvit ... | head` has read enough
        return 1
    except Exception as error:  # a fault of the program: whoever mends it needs the stack trace, the person does not
        print(f"adacolvit: {_unforeseen(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
