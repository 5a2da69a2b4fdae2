"""``adacolvit export``: a network as a file for other programs."""

from pathlib import Path

from adacolvit.arguments import add_model
from adacolvit.errors import SaveError
from adacolvit.files import write_file
from adacolvit.weights import load_weights


def add_arguments(parser) -> None:
    add_model(parser)
    parser.add_argument("--format", choices=["onnx"], default="onnx", help="ONNX, opset 20, standard operators only")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="[MODEL.onnx]")
    parser.add_argument("--force", action="store_true", help="replace FILE where it exists")


def run(args) -> None:
    from adacolvit.runtime.graph import build

    weights = load_weights(args.model)
    output = args.output or Path(f"{weights.name}.onnx")
    if output.exists() and not args.force:
        raise SaveError(f"{output} exists already: take another name with -o, or --force to replace it")
    model = build(weights)
    write_file(output, model.SerializeToString())
    print(f"{output}\n\n{model.doc_string}")
