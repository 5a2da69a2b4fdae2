"""Checkpoints, from which a run goes on exactly, and the averaged weights, which are its result."""

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from adacolvit.errors import RecipeError
from adacolvit.weights import load_weights


class Average:
    """Exponential moving average of a network's parameters (EMA)."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.values = {name: p.detach().clone() for name, p in network.named_parameters()}

    def restore(self, values: dict[str, Tensor], steps: int) -> None:
        """Take up where a checkpoint stood."""
        self.steps = steps
        for name, value in values.items():
            self.values[name].copy_(value)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step towards the network; early steps count more, so that the start is forgotten."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        parameters = [p.detach() for p in network.parameters()]  # in the order of named_parameters
        torch._foreach_lerp_(list(self.values.values()), parameters, 1 - decay)


def save_checkpoint(path: Path, state: dict, network: nn.Module, optimizers: list, average: Average) -> None:
    """Write a checkpoint beside ``path`` and rename it: a killed run, or machine, leaves the old one whole.

    state: plain values that say which run this is and where it stands, kept as they are.
    """
    whole = state | {
        "network": network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "average": average.values,
        "average_steps": average.steps,
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(whole, file)
        file.flush()
        os.fsync(file.fileno())  # else a machine that fails may have renamed what it had not written
    os.replace(part, path)


def load_checkpoint(path: Path) -> dict:
    """Read a checkpoint; only tensors and plain values, nothing is executed."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RecipeError(f"there is no checkpoint {path}: check the folder") from error
    except Exception as error:  # torch raises what the damage happens to cause
        raise RecipeError(f"the checkpoint {path} cannot be read ({error}): start over with --force") from error


def averaged(path: str) -> dict[str, Tensor]:
    """The averaged weights of another run's checkpoint, or the tensors of a .safetensors file; float32.

    Raises RecipeError, WeightsError.
    """
    if Path(path).suffix == ".safetensors":
        tensors = load_weights(path, rivals=True).tensors
        return {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    return _run_of(path)["average"]


def _run_of(path: str) -> dict:
    """The checkpoint to begin with. Raises RecipeError."""
    if not Path(path).exists():
        raise RecipeError(f"there are no weights {path} to begin with: check --init, or the recipe's init")
    return load_checkpoint(Path(path))


def widths_of(path: str) -> tuple:
    """``slim`` of the config of the weights that :func:`averaged` reads; () where they have none."""
    if Path(path).suffix == ".safetensors":
        config = load_weights(path, rivals=True).config.to_dict()
    else:
        config = _run_of(path)["recipe"]["model"]
    return config.get("slim", ())


def with_whole_head(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of the network that computes the same with a head of full rank: its pictures multiplied out."""
    if "pictures.weight" not in values:
        return values
    whole = {name: value for name, value in values.items() if not name.startswith("pictures.")}
    head = values["head.weight"]
    weight = values["pictures.weight"].flatten(1) @ head.flatten(1)
    return whole | {"head.weight": weight.unflatten(1, head.shape[1:]), "head.bias": values["pictures.bias"]}


def beginning(network: nn.Module, path: str) -> dict[str, Tensor]:
    """What :func:`averaged` gives, with a head of full rank where the network that is to begin with it has one."""
    values = averaged(path)
    return values if "pictures.weight" in network.state_dict() else with_whole_head(values)


def start_from(network: nn.Module, path: str) -> None:
    """Begin with the weights of a file, see :func:`beginning`, of the same shape.

    A network that adds parts to a dense one (``added``: what their names hold) may begin with the dense one's.
    """
    values = beginning(network, path)
    fresh = {
        name: p
        for name, p in network.state_dict().items()
        if any(part in name for part in getattr(network, "added", ()))
    }
    try:
        network.load_state_dict(fresh | values)
    except RuntimeError as error:
        raise RecipeError(f"{path} holds another network than the recipe's: {error}") from error
