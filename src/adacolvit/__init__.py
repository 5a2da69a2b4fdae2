"""Point-interactive photo colorization with an adaptive vision transformer.

>>> import adacolvit
>>> adacolvit.colorize("grandma.jpg", hints=[(412, 220, "#7b4a2d")]).save("grandma.color.png")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .colorizer import Colorizer, Cost, Result, colorize
    from .errors import AdaColViTError
    from .hints.file import HintFile, load_hints, save_hints
    from .hints.hint import Hint
    from .photo import open_photo
    from .weights import list_models

__version__ = "0.1.0"

# Where each public name lives. They are imported on first use, so that `adacolvit --version` answers at once.
_HOMES = {
    "AdaColViTError": "errors",
    "Colorizer": "colorizer",
    "Cost": "colorizer",
    "Hint": "hints.hint",
    "HintFile": "hints.file",
    "Result": "colorizer",
    "colorize": "colorizer",
    "list_models": "weights",
    "load_hints": "hints.file",
    "open_photo": "photo",
    "save_hints": "hints.file",
}

__all__ = [  # noqa: RUF022  in the order in which a reader meets them
    "colorize",
    "Colorizer",
    "Result",
    "Cost",
    "Hint",
    "HintFile",
    "load_hints",
    "save_hints",
    "open_photo",
    "list_models",
    "AdaColViTError",
]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
