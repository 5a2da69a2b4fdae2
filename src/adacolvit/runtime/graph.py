"""The network as an ONNX graph, made from its weights without torch.

It computes what ``ColorizationViT`` computes in its gathered mode, for one image of any grid: a skipped layer is an
``If`` branch that is not taken, and the extra part of a layer sees only the gathered more informative tokens. Standard
operators of opset 20, so that the same file runs in ONNX Runtime, in a browser, and elsewhere.

Shapes: N patches, T = N + 1 tokens with the policy token (T = N where the network is dense), K more informative tokens,
C channels, H heads, d channels of a head's part, D blocks, h x w the grid of patches.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper

from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import Steering, knots
from adacolvit.model.config import IN_CHANNELS, NORM_EPS, OUT_CHANNELS, PAINTED, Widths
from adacolvit.model.cost import SUBLAYERS
from adacolvit.weights import Weights

from .onnx_builder import Builder
from .tensors import embedding, tables, tensor

OPSET, IR_VERSION = 20, 9  # Gelu is standard from 20 on; later ones shut out ONNX Runtime of 2024

_DOC = """AdaColViT: point-interactive colorization.
x (1, 4, H, W), H and W multiples of 16: (L - 50) / 100, hint a / 110, hint b / 110, hint mask, in CIE Lab (D65).
positions (N, C), N = H W / 256: adacolvit.model.positions.sine_positions(H / 16, W / 16, C).
ab (1, 2, H, W): a / 110, b / 110. layers (D, 2): attention and FFN of each block ran or were skipped.
patches (D, 2, N): more informative patches of each, all false where it was skipped.
budget (1,), where the network takes one: share of the dense network's cost that photos may take in the mean, 0 to 1.
A dense network outputs ab alone."""


class _Network:
    """The network's parts as functions from names to names."""

    def __init__(self, weights: Weights) -> None:
        self.config = weights.config
        self._weights = weights
        self.steering: Steering | None = None  # names of what the budget adds

    def steer(self, g: Builder) -> None:
        """Input budget (1,) -> what it adds: model/budget.py's ``shares``, and their mean of the tables' rows."""
        config = self.config
        if not config.budget_knots:
            return
        least, distance = config.least_budget, (1 - config.least_budget) / (config.budget_knots - 1)
        low, high = g.tensor("least", np.float32(least)), g.tensor("most", np.float32(1))
        budget = g.op("Clip", "budget", low, high)
        off = g.op("Abs", g.op("Sub", budget, g.tensor("knots", knots(config).astype(np.float32))))
        off = g.op("Div", off, g.tensor("distance", np.float32(distance)))
        shares = g.op("Reshape", g.op("Relu", g.op("Sub", high, off)), g.ints(1, -1))  # 1 K

        def mixed(name: str, table: np.ndarray) -> str:
            rows = g.tensor(name, table.reshape(len(table), -1))
            return g.op("Reshape", g.op("MatMul", shares, rows), g.ints(*table.shape[1:]))

        self.steering = Steering(*(mixed(name, table) for name, table in tables(self._weights).items()))

    def shifted(self, g: Builder, logits: str, which: str, block: int, column: int | None = None) -> str:
        """Logits plus what the budget adds: of the ``layers`` of a block (1, 2), or of the ``patches`` of one (N,)."""
        if not self.steering:
            return logits
        shift = g.op("Gather", getattr(self.steering, which), g.ints(block), axis=0)  # 1 2
        if column is not None:
            shift = g.op("Reshape", g.op("Gather", shift, g.ints(column), axis=1), g.ints(1))
        return g.op("Add", logits, shift)

    def _get(self, name: str, *shape: int) -> np.ndarray:
        return tensor(self._weights, name, *shape)

    def linear(self, g: Builder, x: str, name: str, n_in: int, n_out: int, bias: bool = True, scale=None) -> str:
        """x (., n_in) -> (., n_out); ``scale`` (n_out,) is multiplied into weights and bias."""
        weight = self._get(f"{name}.weight", n_out, n_in).T
        inputs = [x, g.tensor(f"{name}.weight", weight, scale)]
        if bias:
            b = self._get(f"{name}.bias", n_out)
            inputs.append(g.tensor(f"{name}.bias", b, scale))
        return g.op("Gemm", *inputs)

    def convolution(self, g: Builder, x: str, name: str, shape: tuple[int, ...], bias: bool = True) -> str:
        """x (1, n_in, h, w) -> (1, n_out, h', w'); ``shape``: (n_out, n_in, side, side) of the weights."""
        inputs = [x, g.tensor(f"{name}.weight", self._get(f"{name}.weight", *shape))]
        if bias:
            inputs.append(g.tensor(f"{name}.bias", self._get(f"{name}.bias", shape[0])))
        return g.op("Conv", *inputs, kernel_shape=shape[2:])

    def norm(self, g: Builder, x: str, name: str) -> str:
        """LayerNorm over the channels of x (., C)."""
        c = self.config.width
        weight, bias = (g.tensor(f"{name}.{part}", self._get(f"{name}.{part}", c)) for part in ("weight", "bias"))
        return g.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=NORM_EPS)

    def embed(self, g: Builder) -> tuple[str, str]:
        """Inputs x and positions -> tokens (T, C) with the policy token first, and the grid's shape (h, w)."""
        c = self.config.width
        weight = embedding(self._weights)
        bias = self._get("patch_embed.bias", c)
        z = g.op("Conv", "x", g.tensor("patch_embed.weight", weight), g.tensor("patch_embed.bias", bias),
                 strides=[PATCH, PATCH], kernel_shape=[PATCH, PATCH])  # 1 C h w  # fmt: skip
        grid = g.op("Shape", z, start=2)
        z = g.op("Transpose", g.op("Reshape", z, g.ints(c, -1)), perm=[1, 0])  # N C
        z = g.op("Add", z, "positions")
        if self.config.adaptive:
            policy = g.tensor("policy_token", self._get("policy_token", 1, 1, c).reshape(1, c))
            if self.steering:
                policy = g.op("Add", policy, g.op("Reshape", self.steering.policy, g.ints(1, c)))
            z = g.op("Concat", policy, z, axis=0)  # T C
        return z, grid

    def attend(self, g: Builder, x: str, name: str, widths: Widths) -> str:
        """Self-attention of the ``name`` part ("..._base", "..._extra") among x (K, C) -> (K, C)."""
        c, heads = self.config.width, self.config.heads
        keys, values, _ = widths
        scores, mixed = heads * keys, heads * values
        # Of the queries, paid once here.
        scale = np.repeat(np.array([keys**-0.5, 1, 1], np.float32), [scores, scores, mixed])
        qkv = self.linear(g, x, name.replace("@", "qkv"), c, 2 * scores + mixed, scale=scale)
        q, k, v = g.op("Split", qkv, g.ints(scores, scores, mixed), outputs=3, axis=1)  # K Hd
        q, k, v = (g.op("Reshape", part, g.ints(-1, heads, d)) for part, d in ((q, keys), (k, keys), (v, values)))
        q, v = (g.op("Transpose", part, perm=[1, 0, 2]) for part in (q, v))  # H K d
        k = g.op("Transpose", k, perm=[1, 2, 0])  # H d K
        out = g.op("MatMul", g.op("Softmax", g.op("MatMul", q, k), axis=-1), v)  # H K d
        out = g.op("Reshape", g.op("Transpose", out, perm=[1, 0, 2]), g.ints(-1, mixed))  # K Hd
        return self.linear(g, out, name.replace("@", "out"), mixed, c, bias=name.endswith("base"))

    def feed_forward(self, g: Builder, x: str, name: str, widths: Widths) -> str:
        """FFN of the ``name`` part on x (K, C) -> (K, C)."""
        c, hidden = self.config.width, widths.hidden
        x = g.op("Gelu", self.linear(g, x, name.replace("@", "in"), c, hidden))
        return self.linear(g, x, name.replace("@", "out"), hidden, c, bias=name.endswith("base"))

    def sublayer(self, g: Builder, z: str, block: int, which: str, index: str | None) -> str:
        """z (T, C) -> z + attention or FFN (T, C); the extra part for the tokens ``index`` (K, 1) only."""
        base, extra = self.config.widths(block)
        if which == "attention":
            part, norm, absent = self.attend, "norm1", not extra.keys
        else:
            part, norm, absent = self.feed_forward, "norm2", not extra.hidden
        x = self.norm(g, z, f"blocks.{block}.{norm}")
        z = g.op("Add", z, part(g, x, f"blocks.{block}.{which}.@_base", base))
        if absent:
            return z
        update = part(g, g.op("GatherND", x, index), f"blocks.{block}.{which}.@_extra", extra)  # K C
        return g.op("ScatterND", z, index, g.op("Add", g.op("GatherND", z, index), update))

    def decided(self, g: Builder, z: str, block: int, which: str, run: str) -> tuple[str, str]:
        """A sub-layer behind its decisions: z (T, C), run (1,) bool -> z (T, C), more informative patches (N,) bool."""

        def compute(g: Builder) -> tuple[str, str]:
            tokens = g.op("Slice", z, g.ints(1), g.ints(np.iinfo(np.int64).max), g.ints(0))  # N C
            logits = self.linear(g, tokens, f"blocks.{block}.decide_{which}", self.config.width, 1)
            logits = self.shifted(g, g.op("Reshape", logits, g.ints(-1)), "patches", block, SUBLAYERS.index(which))
            kept = g.op("GreaterOrEqual", logits, self.zero)  # N
            index = g.op("Transpose", g.op("NonZero", g.op("Concat", self.true, kept, axis=0)), perm=[1, 0])  # K 1
            return self.sublayer(g, z, block, which, index), kept

        def skip(g: Builder) -> tuple[str, str]:
            return g.op("Identity", z), g.op("Identity", self.none_kept)

        return g.branch(run, compute, skip, outputs=2)

    def blocks(self, g: Builder, z: str) -> tuple[str, list[str], list[str]]:
        """z (T, C) -> z (T, C), layer decisions of each block (1, 2), patch decisions of each sub-layer (1, N)."""
        layers, patches = [], []
        self.zero = g.tensor("zero", np.float32(0))
        self.true = g.tensor("true", np.array([True]))
        count = g.op("Shape", "positions", start=0, end=1)
        self.none_kept = g.op("Expand", g.tensor("false", np.array([False])), count)  # N
        for block in range(self.config.depth):
            policy = g.op("Slice", z, g.ints(0), g.ints(1), g.ints(0))  # 1 C
            logits = self.linear(g, policy, f"blocks.{block}.decide_layers", self.config.width, 2)
            layers.append(g.op("GreaterOrEqual", self.shifted(g, logits, "layers", block), self.zero))  # 1 2
            for column, which in enumerate(SUBLAYERS):
                # One number of rank 1: OpenVINO takes no other as a condition.
                run = g.op("Reshape", g.op("Gather", layers[-1], g.ints(column), axis=1), g.ints(1))  # 1
                z, kept = self.decided(g, z, block, which, run)
                patches.append(g.op("Unsqueeze", kept, g.ints(0)))
        return z, layers, patches

    def unembed(self, g: Builder, z: str, grid: str) -> str:
        """Patch tokens (N, C) -> color (1, 2, H, W) in (-1, 1)."""
        c, kernel, rank = self.config.width, self.config.head_kernel, self.config.head_rank
        z = g.op("Transpose", self.norm(g, z, "norm"), perm=[1, 0])  # C N
        z = g.op("Reshape", z, g.op("Concat", g.ints(1, c), grid, axis=0))  # 1 C h w
        if kernel == 3:
            z = self._reflect(g, self._reflect(g, z, 2), 3)
        if rank:
            z = self.convolution(g, z, "head", (rank, c, kernel, kernel), bias=False)
            z = self.convolution(g, z, "pictures", (PAINTED, rank, 1, 1))
        else:
            z = self.convolution(g, z, "head", (PAINTED, c, kernel, kernel))
        return g.op("DepthToSpace", g.op("Tanh", z), blocksize=PATCH, mode="CRD")

    def _reflect(self, g: Builder, z: str, axis: int) -> str:
        """Pad one line by reflection at both ends of ``axis``; a single line is repeated (ONNX's Pad would refuse)."""
        length = g.op("Shape", z, start=axis, end=axis + 1)
        before = g.op("Min", g.op("Sub", length, g.ints(1)), g.ints(1))
        after = g.op("Max", g.op("Sub", length, g.ints(2)), g.ints(0))
        ends = [g.op("Gather", z, line, axis=axis) for line in (before, after)]
        return g.op("Concat", ends[0], z, ends[1], axis=axis)


def build(weights: Weights, *, half: bool = False) -> onnx.ModelProto:
    """The model for ``weights``; its inputs and outputs are described in its ``doc_string``.

    ``half``: a file of about half the size that computes the same, see :class:`.onnx_builder.Builder`.
    Raises WeightsError where the tensors do not match the config.
    """
    config, g, network = weights.config, Builder(half=half), _Network(weights)
    x, positions = ("x", [1, IN_CHANNELS, "H", "W"]), ("positions", ["N", config.width])
    outputs = [helper.make_tensor_value_info("ab", TensorProto.FLOAT, [1, OUT_CHANNELS, "H", "W"])]
    network.steer(g)
    z, grid = network.embed(g)
    if config.adaptive:
        z, layers, patches = network.blocks(g, z)
        z = g.op("Slice", z, g.ints(1), g.ints(np.iinfo(np.int64).max), g.ints(0))  # N C
        stacked = g.op("Reshape", g.op("Concat", *patches, axis=0), g.ints(config.depth, 2, -1))
        decided = {"layers": g.op("Concat", *layers, axis=0), "patches": stacked}
        for (name, value), shape in zip(decided.items(), ([config.depth, 2], [config.depth, 2, "N"]), strict=True):
            g.nodes.append(helper.make_node("Identity", [value], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.BOOL, shape))
    else:
        for block in range(config.depth):
            for which in SUBLAYERS:
                z = network.sublayer(g, z, block, which, None)
    g.nodes.append(helper.make_node("Identity", [network.unembed(g, z, grid)], ["ab"]))
    given = [x, positions, *([("budget", [1])] if network.steering else [])]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in given]
    graph = helper.make_graph(g.nodes, "adacolvit", inputs, outputs, g.initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="adacolvit"
    )
    model.doc_string = _DOC
    helper.set_model_props(model, {"config": json.dumps(config.to_dict()), "weights_sha256": weights.sha256})
    return model
