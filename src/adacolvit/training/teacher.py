"""Learning from a network that has been trained before (distillation)."""

import torch
from lightning_fabric import Fabric
from torch import Tensor

from adacolvit.errors import RecipeError
from adacolvit.evaluation.torch_network import TorchNetwork
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import build
from adacolvit.weights import load_weights

from .checkpoint import start_from
from .compiled import compiled, compiles
from .loss import color_loss
from .recipe import Recipe


class Teacher:
    """The network that a recipe names as its ``teacher``; never trained itself.

    An AdaColViT learns from one of any size, which runs as its own decisions have it. A rival that has a way of its own
    (``distillation``) learns from its dense twin. Raises RecipeError, WeightsError.
    """

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        self.fabric, self.share = fabric, recipe.taught
        if isinstance(recipe.model, ModelConfig):
            network, self.mode = TorchNetwork.of_weights(load_weights(recipe.teacher)).network, "masked"
        else:
            network, self.mode = build(recipe.model), "dense"
            if not hasattr(network, "distillation"):
                raise RecipeError(f"recipe {recipe.name} names a teacher, but its model learns from none: leave it out")
            start_from(network, recipe.teacher)
        network.to(fabric.device).eval().requires_grad_(False)
        self.network = compiled(network, not recipe.one_size) if compiles(fabric.device) else network

    def pull(self, loss: Tensor, network, result: dict, x: Tensor, origin) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of ``network``, which made ``result`` from ``x``, drawn towards the teacher; what is worth logging.

        An AdaColViT: (1 - share) loss + share Huber(ab, the teacher's ab). x, origin: as of the network.
        """
        with torch.no_grad(), self.fabric.autocast():
            taught = self.network(x, self.mode, origin=origin)
        if hasattr(network, "distillation"):
            own = network.distillation(result, taught)
            return loss + sum(own.values()), {name: value.detach() for name, value in own.items()}
        near = color_loss(result["ab"].float(), taught["ab"].float())
        return torch.lerp(loss, near, self.share), {"taught": near.detach()}
