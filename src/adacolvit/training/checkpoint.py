"""Checkpoints, from which a run goes on exactly, and weights files, which hold what a user needs."""

import json
import os
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from adacolvit.errors import RecipeError
from adacolvit.model.config import ModelConfig
from adacolvit.model.network import ColorizationViT


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
        for name, p in network.named_parameters():
            self.values[name].lerp_(p, 1 - decay)


def save_checkpoint(path: Path, recipe: dict, sample: int, step: int, network, optimizers, average: Average) -> None:
    """Write a checkpoint beside ``path`` and rename it: a killed run leaves the old one whole."""
    state = {
        "recipe": recipe,
        "sample": sample,
        "step": step,
        "network": network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "average": average.values,
        "average_steps": average.steps,
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load_checkpoint(path: Path) -> dict:
    """Read a checkpoint; only tensors and plain values, nothing is executed."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RecipeError(f"there is no checkpoint {path}: start without --resume") from error
    except Exception as error:  # torch raises what the damage happens to cause
        raise RecipeError(f"the checkpoint {path} cannot be read ({error})") from error


def save_weights(path: Path, config: ModelConfig, values: dict[str, Tensor], dtype=torch.float16) -> None:
    """Write weights with their config inside, float16 by default."""
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in values.items()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"config": json.dumps(config.to_dict())})
    os.replace(part, path)


def load_network(path: Path) -> ColorizationViT:
    """A network with the weights of a weights file or of a checkpoint's average, in float32 and eval mode."""
    if path.suffix == ".safetensors":
        from adacolvit.weights.store import load_weights

        weights = load_weights(str(path))
        config, values = weights.config, {k: torch.from_numpy(v.astype("float32")) for k, v in weights.tensors.items()}
    else:
        state = load_checkpoint(path)
        config, values = ModelConfig.from_dict(state["recipe"]["model"]), state["average"]
    network = ColorizationViT(config)
    network.load_state_dict(values)
    return network.eval()


def start_from(network: nn.Module, path: str) -> None:
    """Begin with the averaged weights of another run; both networks must have the same shape."""
    state = load_checkpoint(Path(path))
    try:
        network.load_state_dict(state["average"])
    except RuntimeError as error:
        raise RecipeError(f"{path} holds another network than the recipe's: {error}") from error
