"""Weights files and the manifest that lists those in the package.

A weights file is safetensors; its metadata holds the network's config as JSON under ``config``, so that nothing has to
guess what the tensors belong to. The manifest holds what a person wants to know before choosing, and the SHA-256.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from adacolvit.errors import UsageError, WeightsError
from adacolvit.files import write_file
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import NetworkConfig, config_from

HOME = Path(__file__).parent
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class ModelInfo:
    """One model of the manifest."""

    name: str  # what --model takes
    file: str  # beside the manifest
    sha256: str
    parameters: int
    gmacs: float  # 1e9 multiply-accumulates per 224 x 224 photo, mean of what was realised at 10 hints
    psnr: float  # dB at 10 hints; the model card says on which photos
    description: str


@dataclass(frozen=True)
class Weights:
    """A network: its config and its tensors, float32 whatever the file's precision, by the torch network's names.

    Tensors of a file are read from it one by one, each time they are asked for: an engine packs them in its own way,
    and who keeps Weights (the app does, for its exports) does not keep 26 MB a second time.
    """

    name: str
    config: NetworkConfig  # a ModelConfig, but where rivals were asked for
    tensors: Mapping[str, np.ndarray]
    sha256: str
    info: ModelInfo | None = None  # None: a file of one's own, not in the manifest


def list_models(home: Path = HOME) -> list[ModelInfo]:
    """The models in the package, in the manifest's order. Raises WeightsError where the manifest is unreadable."""
    path = home / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["version"] != MANIFEST_VERSION:
            raise WeightsError(f"{path} has version {manifest['version']}, not {MANIFEST_VERSION}: update adacolvit")
        return [ModelInfo(**entry) for entry in manifest["models"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"cannot read the list of models {path}: {error}; reinstall adacolvit") from error


def write_manifest(models: list[ModelInfo], home: Path = HOME) -> None:
    """Replace the manifest."""
    content = {"version": MANIFEST_VERSION, "models": [asdict(model) for model in models]}
    write_file(home / "manifest.json", json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")


def load_weights(name_or_path: str | Path, *, home: Path = HOME, rivals: bool = False) -> Weights:
    """Load a model by its name in the manifest, verified against its SHA-256, or any weights file by its path.

    rivals: also the networks of the comparison, which are run by torch alone.
    Raises UsageError where there is no such name; WeightsError: no such file, a wrong checksum, not a weights file, an
    unknown config, a rival where none was asked for.
    """
    models = {model.name: model for model in list_models(home)}
    info = models.get(str(name_or_path))
    path = home / info.file if info else Path(name_or_path)
    if not info and path.suffix != ".safetensors":
        names = ", ".join(models) or "none"
        raise UsageError(
            f"there is no model named {str(name_or_path)!r}; here are: {names}. "
            "Take one of them, or the path of a .safetensors file"
        )
    try:
        before = file_identity(path)
        digest = sha256(path)
    except OSError as error:
        mend = "reinstall adacolvit" if info else "check the path"
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}; {mend}") from error
    if info and digest != info.sha256:
        raise WeightsError(
            f"the weights {path} are not those that were published (SHA-256 {digest[:12]}..., "
            f"expected {info.sha256[:12]}...): the file was damaged or replaced; reinstall adacolvit"
        )
    config, tensors = _read(path)
    if tensors.identity != before:
        raise WeightsError(f"{path} was replaced while it was read: try again")
    if not (rivals or isinstance(config, ModelConfig)):
        raise WeightsError(
            f"{path} holds a network of the family {config.family!r}, which is there to be compared with: "
            "`adacolvit evaluate --model` runs it, with torch"
        )
    return Weights(info.name if info else path.stem, config, tensors, digest, info)


def write_weights(path: Path, config: NetworkConfig, tensors: Mapping[str, np.ndarray], dtype=np.float16) -> None:
    """Write a weights file. ``tensors``: float arrays of any precision, stored as ``dtype``."""
    converted = {}
    for name, tensor in tensors.items():
        with np.errstate(over="ignore"):  # the check below says it better
            converted[name] = np.ascontiguousarray(tensor, dtype)
        if not np.isfinite(converted[name]).all():
            raise WeightsError(f"{name} does not fit {np.dtype(dtype).name}, or is not finite; nothing was written")
    write_file(path, save(converted, metadata={"config": json.dumps(config.to_dict())}))


def sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_FLOATS = "F16", "F32", "F64"  # of safetensors, what NumPy has too


class _Stored(Mapping):
    """The tensors of a file, read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path, self.identity = path, file_identity(path)
        with safe_open(path, framework="numpy") as file:
            self._names = tuple(file.keys())
            self.metadata = file.metadata() or {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        try:
            with safe_open(self._path, framework="numpy") as file:
                kind = file.get_slice(name).get_dtype()
                if kind not in _FLOATS:
                    raise WeightsError(
                        f"{self._path}: {name} is of type {kind}, {' or '.join(_FLOATS)} are known; convert it"
                    )
                with np.errstate(over="ignore"):  # what then is not finite is refused by whoever uses it
                    tensor = file.get_tensor(name).astype(np.float32)
            same = file_identity(self._path) == self.identity
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{self._path} cannot be read any more: {error}; fetch it again") from error
        if not same:
            raise WeightsError(f"{self._path} was replaced since it was opened: start adacolvit again")
        return tensor

    def __iter__(self):
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def file_identity(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to. Raises OSError."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path) -> tuple[NetworkConfig, Mapping[str, np.ndarray]]:
    try:
        tensors = _Stored(path.absolute())
        config = json.loads(tensors.metadata["config"])
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a weights file, or is cut short: {error}; fetch it again") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} does not say which network it is for (no 'config' in its metadata)") from error
    if not isinstance(config, dict):
        raise WeightsError(f"{path} has a config that is not an object; it was not written by adacolvit")
    try:
        return config_from(config), tensors
    except TypeError as error:
        raise WeightsError(f"{path} has an unusable config: {error}") from error
