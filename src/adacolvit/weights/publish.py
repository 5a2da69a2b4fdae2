"""Put a trained network into the package: ``python -m adacolvit.weights.publish FILE --name tiny ...``.

Writes NAME.safetensors in float16 beside the manifest and the model's entry with its SHA-256 into the manifest. The
figures are those that ``adacolvit evaluate`` reported for this very file; nothing is measured here.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from .store import HOME, ModelInfo, Weights, list_models, load_weights, sha256, write_manifest, write_weights


def publish(
    weights: Weights, name: str, *, gmacs: float, psnr: float, description: str, home: Path = HOME
) -> ModelInfo:
    """Add ``weights`` to the manifest of ``home`` as ``name``, or replace the model of that name.

    gmacs: 1e9 multiply-accumulates, mean at 10 hints. psnr: dB at 10 hints.
    """
    path = home / f"{name}.safetensors"
    parameters = sum(math.prod(tensor.shape) for tensor in weights.tensors.values())  # of a file that is then replaced
    write_weights(path, weights.config, weights.tensors, np.float16)
    info = ModelInfo(name, path.name, sha256(path), parameters, gmacs, psnr, description)
    models = list_models(home)
    names = [model.name for model in models]
    if name in names:
        models[names.index(name)] = info
    else:
        models.append(info)
    write_manifest(models, home)
    return info


def main(argv=None) -> None:
    """Command line of :func:`publish`."""
    parser = argparse.ArgumentParser(prog="python -m adacolvit.weights.publish", description=__doc__)
    parser.add_argument("file", help="a .safetensors file with its config inside, as training writes it")
    parser.add_argument("--name", required=True)
    parser.add_argument(
        "--gmacs", type=float, required=True, help="mean at 10 hints, as `adacolvit evaluate` reports it"
    )
    parser.add_argument("--psnr", type=float, required=True, help="dB at 10 hints, as `adacolvit evaluate` reports it")
    parser.add_argument("--description", required=True, help="one sentence")
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the manifest (the package's own)")
    args = parser.parse_args(argv)
    figures = {"gmacs": args.gmacs, "psnr": args.psnr, "description": args.description}
    info = publish(load_weights(args.file), args.name, **figures, home=args.home)
    print(f"{info.name}: {info.file}, {info.parameters / 1e6:.2f} M parameters, SHA-256 {info.sha256}")


if __name__ == "__main__":
    main()
