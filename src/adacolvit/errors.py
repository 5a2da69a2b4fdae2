"""Every error the library raises on purpose. Each message says what, why, and what to do.

AdaColViTError
├── UsageError            a name that there is not, or wishes that do not go together; the command line exits with 2
│   └── BudgetError       a budget is no share, or the network was trained for one only
├── PhotoError            a photo cannot be opened: not an image, truncated, empty
│   └── PhotoTooLarge     more pixels than the limit
├── HintError             a hint or hint file is unusable
├── SaveError             a result cannot be written
│   └── LibraryFull       the disk space set aside for kept photos is used up by photos with work
├── WeightsError          weights are missing, corrupt, or of an unknown kind
├── EngineError           a network cannot be executed in the way that was asked for
├── AppError              the app cannot start: its port is taken
├── ExportRefused         the app exports as much as it can already
├── ClusterError          a Ray cluster cannot be reached, or cannot color
├── DataError             training or evaluation photos cannot be found or read
├── RecipeError           a recipe or checkpoint cannot be used
└── MissingExtra          an optional part is not installed
"""


class AdaColViTError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is fit to be shown to a person."""


class UsageError(AdaColViTError):
    """A name is asked for that there is not, or wishes that do not go together."""


class PhotoError(AdaColViTError):
    """A photo cannot be opened."""


class PhotoTooLarge(PhotoError):
    """A photo has more pixels than the limit."""


class HintError(AdaColViTError):
    """A hint or a hint file is unusable."""


class SaveError(AdaColViTError):
    """A result cannot be written."""


class LibraryFull(SaveError):
    """The disk space set aside for kept photos is used up by photos with work."""


class BudgetError(UsageError):
    """A budget is no share of the dense network's cost, or the network was trained for one only."""


class WeightsError(AdaColViTError):
    """Weights are missing, corrupt, or of an unknown kind."""


class EngineError(AdaColViTError):
    """A network cannot be executed in the way that was asked for."""


class AppError(AdaColViTError):
    """The app cannot start."""


class ExportRefused(AdaColViTError):
    """The app exports as much as it can already."""


class ClusterError(AdaColViTError):
    """A Ray cluster cannot be reached, or cannot color."""


class DataError(AdaColViTError):
    """Training or evaluation photos cannot be found or read."""


class RecipeError(AdaColViTError):
    """A recipe or a checkpoint cannot be used."""


class MissingExtra(AdaColViTError):
    """An optional part is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; it belongs to an optional part: pip install 'adacolvit[{extra}]'"
        )
