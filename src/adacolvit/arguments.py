"""Options of the command line that several verbs share."""

import argparse


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"give a whole number, 1 or more, not {text!r}")
    return int(text)


def counting(most: int):
    """A whole number from 1 to ``most``."""

    def number(text: str) -> int:
        if positive(text) > most:
            raise argparse.ArgumentTypeError(f"give a whole number from 1 to {most}, not {text!r}")
        return int(text)

    return number


def between(least: float, most: float):
    """A number from ``least`` to ``most``."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"give a number from {least:g} to {most:g}, not {text!r}")
        return value

    return number


def add_model(parser: argparse.ArgumentParser) -> None:
    """``--model``, which network to use."""
    parser.add_argument("--model", default="tiny", help="name (see `adacolvit models`) or .safetensors file [tiny]")


def add_budget(parser: argparse.ArgumentParser) -> None:
    """``--budget``, what a photo may take."""
    parser.add_argument(
        "--budget", type=between(0, 1), metavar="SHARE",
        help="what photos may take in the mean, as a share of what the whole network takes: less is faster, 0 is as "
        "little as it can do with, 1 leaves nothing out. Needs a model for any budget, such as "
        "weights/tiny-any.safetensors of the repository [what the model was made for]",
    )  # fmt: skip


def add_threads(parser: argparse.ArgumentParser, default: str = "1") -> None:
    """``--threads``, of the network; ``default`` is what its help says."""
    parser.add_argument(
        "--threads", type=positive, metavar="N", help=f"processor cores the network may use [{default}]"
    )
