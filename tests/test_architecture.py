"""The arrows of docs/architecture.md, read from the imports themselves."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import adacolvit

SOURCE = Path(adacolvit.__file__).parent

# Room -> rooms and files it may import; itself and FREE are always allowed. A file of its own entry answers for itself.
FREE = {"", "arguments", "crew", "errors", "files", "lock"}  # "" is the package itself, for its version
PHOTO = {"photo", "decode", "metadata", "saving", "tiff"}
TORCH_FREE_MODEL = {
    "model.budget",
    "model.config",
    "model.cost",
    "model.positions",
}  # "model.registry" imports torch to build
USE = {"color", "hints", "weights", "runtime", *TORCH_FREE_MODEL, *PHOTO}
LEARN = {"color", "hints", "model", "weights", "photosets"}
ARROWS = {
    "": set(),
    "arguments": set(),
    "crew": set(),
    "errors": set(),
    "files": set(),
    "lock": set(),
    "photosets": {"photo"},
    "color": set(),
    "deep": set(),
    "label": set(),
    "metadata": {"tiff"},
    "tiff": set(),
    "decode": {"color", "metadata", "tiff"},
    "photo": {"color", "decode", "metadata", "tiff"},
    "saving": {"color", "photo", "decode", "deep", "label", "metadata", "tiff"},
    "hints": {"color", "decode"},
    "model": {"color", "hints"},
    "weights": {"model.config", "model.registry"},
    "runtime": {"color", "hints", "weights", *TORCH_FREE_MODEL},
    "colorizer": USE,
    "suggest": {"colorizer", *USE},
    "batch": {"colorizer", "hints", "photo", "photosets", "saving"},
    "archive": {"batch", "colorizer", "photosets", *USE},
    "commands": {"archive", "batch", "colorizer", "photosets", "suggest", *USE},
    "app": {"batch", "colorizer", "photosets", "suggest", *USE},
    "bench": {"app", "colorizer", "evaluation", "model", *USE},
    "cli": set(),  # it finds the verbs by name
    # Validation measures as the evaluation does, and what is refined in use is refined in training.
    "training": LEARN | {"evaluation", "runtime.refine"},
    "evaluation": LEARN | {"colorizer", *USE},
    "reproduce": LEARN | {"evaluation", "training", *USE},
}
# Third-party packages that some rooms must never see; __init__ of the package sees the standard library alone.
HEAVY = {
    "torch",
    "fastapi",
    "uvicorn",
    "scipy",
    "lightning_fabric",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "pyarrow",
    "ray",
    "fsspec",
    "webdataset",
    "safetensors",
}
MAY = {
    "archive": {"ray", "fsspec"},
    "model": {"torch"},
    "training": {"torch", "lightning_fabric", "safetensors", "fsspec", "webdataset"},
    "evaluation": {"scipy", "torch", "safetensors", "pyarrow"},  # each where it is asked for
    "reproduce": {"matplotlib"},
    "app": {"fastapi", "uvicorn"},
    "bench": {"torch", "uvicorn"},
    "runtime": {"onnx", "onnxruntime"},
    "weights": {"safetensors"},
}
TORCH_FREE_FILES = {
    *(
        "model/__init__.py",
        "model/budget.py",
        "model/config.py",
        "model/cost.py",
        "model/positions.py",
        "model/registry.py",
    ),
    *("model/rivals/__init__.py", "model/rivals/config.py"),
    "training/decoding.py",
}
UNWANTED = {"torchvision", "timm", "lpips", "cv2"}
FILES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))


def imported(file: str) -> set[str]:
    """Dotted names that a file imports, anywhere in it; those of the package begin with "adacolvit.".

    What is only for the type checker (``if TYPE_CHECKING:``) is left out.
    """
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped |= {id(inner) for child in node.body for inner in ast.walk(child)}
    package = ["adacolvit", *Path(file).parent.parts]
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def modules(names: set[str]) -> set[str]:
    """Of dotted names, the package's own modules, without "adacolvit." ("" is the package itself)."""
    found = set()
    for name in names:
        head, *parts = name.split(".")
        if head != "adacolvit":
            continue
        while parts and not ((SOURCE / Path(*parts)).is_dir() or (SOURCE / Path(*parts)).with_suffix(".py").is_file()):
            parts.pop()  # the name of something inside a module
        found.add(".".join(parts))
    return found


def room(file: str) -> str:
    first = Path(file).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def test_the_reading_of_imports_finds_what_is_there():
    assert {"runtime.engine", "hints.frame", "photo", "errors"} <= modules(imported("colorizer.py"))
    assert "torch" in imported("model/network.py")


def test_every_room_is_in_the_plan():
    assert {room(file) for file in FILES} <= ARROWS.keys()


@pytest.mark.parametrize("file", FILES)
def test_arrows(file):
    home = room(file)
    allowed = ARROWS[home] | FREE
    for module in modules(imported(file)):
        other = module.split(".")[0]
        assert other == home or other in allowed or module in allowed, f"{file} imports adacolvit.{module}"


@pytest.mark.parametrize("file", FILES)
def test_heavy_packages_stay_in_their_rooms(file):
    packages = {name.split(".")[0] for name in imported(file)}
    assert not packages & UNWANTED
    may = set() if file in TORCH_FREE_FILES else MAY.get(room(file), set())
    assert not (packages & HEAVY) - may, f"{file} imports {packages & HEAVY}"


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after ``code``, which may exit."""
    script = f"import atexit, sys\natexit.register(lambda: print('LOADED', *sys.modules))\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    assert done.returncode == 0 and lines, done.stderr
    return {name.split(".")[0] for name in lines[-1].split()[1:]}


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import adacolvit")
    assert not loaded & (HEAVY | {"numpy", "PIL", "rich"})


def test_version_is_quick():
    loaded = loaded_by("from adacolvit.cli import main\nsys.argv = ['adacolvit', '--version']\nmain()")
    assert not loaded & (HEAVY | {"numpy", "PIL", "rich"})


def test_coloring_a_photo_needs_neither_torch_nor_the_server():
    loaded = loaded_by("import adacolvit\nfor name in adacolvit.__all__: getattr(adacolvit, name)")
    assert "numpy" in loaded and not loaded & {"torch", "fastapi", "uvicorn", "scipy"}


def test_public_names():
    public = {name for name in dir(adacolvit) if not name.startswith("_")}
    hidden = {"TYPE_CHECKING", "import_module"}
    submodules = {path.stem for path in SOURCE.iterdir()}  # in sight once something imported them
    assert public - hidden - submodules == set(adacolvit.__all__) - submodules
    assert len(adacolvit.__all__) <= 12
    for name in adacolvit.__all__:
        assert getattr(adacolvit, name).__doc__
    with pytest.raises(AttributeError, match="colour"):
        adacolvit.colour  # noqa: B018
