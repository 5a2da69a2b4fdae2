"""``adacolvit export``: a network as a file for other programs."""

import json
from pathlib import Path

from adacolvit.arguments import add_model
from adacolvit.files import check_free, make_folder, write_file
from adacolvit.weights import Weights, load_weights

DESCRIPTION = "model.json"  # beside the network in the format "web"


def add_arguments(parser) -> None:
    add_model(parser)
    parser.add_argument(
        "--format",
        choices=["onnx", "web"],
        default="onnx",
        help="onnx: one file, opset 20, standard operators only; web: a folder with it, half as large for the same "
        "results, and a description, as the browser-only edition loads them",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="PATH", help="[MODEL.onnx, or for web the folder model]")
    parser.add_argument("--force", action="store_true", help="replace what exists")


def run(args) -> None:
    weights = load_weights(args.model)
    if args.format == "web":
        _export_web(weights, args.output or Path("model"), args.force)
    else:
        _export_onnx(weights, args.output or Path(f"{weights.name}.onnx"), args.force)


def _export_onnx(weights: Weights, output: Path, force: bool) -> None:
    from adacolvit.runtime.graph import build

    check_free(output, force)
    model = build(weights)
    write_file(output, model.SerializeToString())
    print(f"{output}\n\n{model.doc_string}")


def _export_web(weights: Weights, folder: Path, force: bool) -> None:
    from adacolvit.runtime.graph import build

    name = f"{weights.name}.onnx"
    for path in (folder / name, folder / DESCRIPTION):
        check_free(path, force)
    make_folder(folder)
    data = build(weights, half=True).SerializeToString()
    write_file(folder / name, data)
    description = {"name": weights.name, "file": name, "sha256": weights.sha256, "config": weights.config.to_dict()}
    write_file(folder / DESCRIPTION, (json.dumps(description, indent=2) + "\n").encode())
    print(f"{folder / name} ({len(data) / 1e6:.1f} MB)\n{folder / DESCRIPTION}")
