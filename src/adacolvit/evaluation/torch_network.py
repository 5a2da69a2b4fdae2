"""A torch network as an evaluation method: one in training, or one of the comparison, which torch alone runs."""

import numpy as np
import torch

from adacolvit.hints.encoder import decode_ab, encode_one
from adacolvit.model.counter import run_counted
from adacolvit.model.registry import build
from adacolvit.runtime.refine import refine
from adacolvit.weights import Weights


class TorchNetwork:
    """A method (:class:`adacolvit.evaluation.methods.Method`). It really skips what the network leaves out."""

    digest = ""  # but of a network that comes from a file

    def __init__(self, network: torch.nn.Module, name: str = "network", *, mode: str = "gathered", bare: bool = False):
        """mode: "dense" or "gathered", as of the network. bare: without the product's refinement after it."""
        self.name, self.network, self.mode, self.bare = name, network.eval(), mode, bare

    @classmethod
    def of_weights(cls, weights: Weights, *, bare: bool = False) -> "TorchNetwork":
        """The network of a weights file, of any family."""
        network = build(weights.config)
        network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.tensors.items()})
        method = cls(network, f"{weights.name} alone" if bare else weights.name, bare=bare)
        method.digest = weights.sha256
        return method

    def predict(self, lightness, rows, columns, sizes, ab):
        """See :class:`adacolvit.evaluation.methods.Method`; the multiply-accumulates are those that torch ran."""
        predicted, macs = self.alone(lightness, rows, columns, sizes, ab)
        return self._finish(predicted, lightness, rows, columns, sizes, ab), macs

    @torch.inference_mode()
    def uncounted(self, lightness, rows, columns, sizes, ab):
        """As :meth:`predict`, without watching what torch runs, which would take longer than a small network."""
        result = self.network(self._input(lightness, rows, columns, sizes, ab), self.mode)
        return self._finish(self._color(result), lightness, rows, columns, sizes, ab), None

    def alone(self, lightness, rows, columns, sizes, ab):
        """As :meth:`predict`, without refinement."""
        result, macs = run_counted(self.network, self._input(lightness, rows, columns, sizes, ab), self.mode)
        return self._color(result), macs

    def _input(self, lightness, rows, columns, sizes, ab) -> torch.Tensor:
        x = torch.from_numpy(encode_one(lightness, rows, columns, sizes, ab))[None]
        return x.to(next(self.network.parameters()).device)

    @staticmethod
    def _color(result: dict) -> np.ndarray:
        return decode_ab(result["ab"][0].float().cpu().numpy().transpose(1, 2, 0))

    def _finish(self, predicted, lightness, rows, columns, sizes, ab):
        if self.bare:
            return predicted
        planes = np.ascontiguousarray(predicted.transpose(2, 0, 1))
        return refine(lightness, planes, rows, columns, sizes, ab).transpose(1, 2, 0)
