"""A few lines over ``onnx.helper``, so that graph.py reads like the network it builds."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

_WORTH_HALVING = 1024  # values: of smaller tensors the widening would cost more than it saves


class Builder:
    """Collects nodes. Constants and weights live in the outermost graph, where every branch can see them.

    ``half``: weights are stored in 16 bits where these hold them exactly, as those of a published model, and widened to
    32 once, when the file is loaded: half the file, the same numbers.
    """

    def __init__(self, parent: "Builder | None" = None, *, half: bool = False) -> None:
        self.nodes = []
        self._root = parent._root if parent else self
        if not parent:
            self.initializers = []
            self._constants: dict[tuple, str] = {}
            self._count = 0
            self._half = half

    def _name(self, stem: str) -> str:
        self._root._count += 1
        return f"{stem}_{self._root._count}"

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes):
        """Append a node and return the name of its output, or a tuple of names where there are several."""
        names = [self._name(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else tuple(names)

    def tensor(self, stem: str, values, factor=None) -> str:
        """An initializer times ``factor``, which broadcasts; returns its name."""
        if self._root._half and values.dtype == np.float32 and values.size >= _WORTH_HALVING:
            narrow = values.astype(np.float16)
            if np.array_equal(narrow, values):
                wide = self._root.op("Cast", self._initializer(stem, narrow), to=TensorProto.FLOAT)
                return wide if factor is None else self._root.op("Mul", wide, self._initializer(stem, factor))
        return self._initializer(stem, values if factor is None else values * factor)

    def _initializer(self, stem: str, values) -> str:
        name = self._name(stem)
        self._root.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant, made once."""
        if values not in self._root._constants:
            self._root._constants[values] = self.tensor("ints", np.array(values, np.int64))
        return self._root._constants[values]

    def branch(self, condition: str, then, otherwise, outputs: int):
        """``If``: ``then`` and ``otherwise`` take a Builder, add their nodes to it and return their outputs' names."""
        graphs = []
        for build in (then, otherwise):
            inner = Builder(self)
            names = build(inner)
            values = [helper.make_empty_tensor_value_info(name) for name in names]
            graphs.append(helper.make_graph(inner.nodes, self._name("branch"), [], values))
        return self.op("If", condition, outputs=outputs, then_branch=graphs[0], else_branch=graphs[1])
