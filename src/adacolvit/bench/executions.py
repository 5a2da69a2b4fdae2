"""The ways to execute a network that are compared, each behind one function: network input in, color out."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from adacolvit.errors import EngineError, MissingExtra
from adacolvit.hints.encoder import decode_ab
from adacolvit.hints.frame import PATCH
from adacolvit.model.budget import check_budget
from adacolvit.model.config import IN_CHANNELS, ModelConfig
from adacolvit.model.cost import cost
from adacolvit.model.positions import sine_positions
from adacolvit.model.registry import build as build_network
from adacolvit.model.registry import find
from adacolvit.runtime.graph import build
from adacolvit.runtime.native_engine import TOLERANCE, NativeEngine, trusted_instruction_set
from adacolvit.runtime.onnx_engine import OnnxEngine
from adacolvit.weights import Weights

RIVALS = "icolorit-t", "swinir-s", "uformer-s"  # what the paper compares latencies with

Run = Callable[[np.ndarray], tuple[np.ndarray, int]]  # x (4, H, W) -> ab (2, H, W) in Lab units, MACs


@dataclass(frozen=True)
class Execution:
    """A network in an engine. ``load()`` makes it ready to run, on one thread."""

    weights: Weights
    engine: str  # torch, onnxruntime, openvino or adacolvit
    precision: str  # fp32, bf16 or int8
    version: str
    load: Callable[[], Run]

    @property
    def adaptive(self) -> bool:
        return isinstance(self.weights.config, ModelConfig) and self.weights.config.adaptive


def executions(dense: Weights, adaptive: Weights, side: int, budget: float | None = None) -> Iterator[Execution]:
    """All that can be had here, for pictures of ``side`` x ``side`` px; each network in every engine that is here.

    budget: of the adaptive network, None for its own. Raises BudgetError.
    """
    check_budget(adaptive.config, budget)
    for weights, at in ((dense, None), (adaptive, budget)):
        if importlib.util.find_spec("torch"):
            version = metadata.version("torch")
            yield Execution(weights, "torch", "fp32", version, lambda w=weights, b=at: _torch(w, b))
        version = metadata.version("onnxruntime")
        load = lambda w=weights, b=at: _counted(OnnxEngine(w), b)  # noqa: E731
        yield Execution(weights, "onnxruntime", "fp32", version, load)
        if importlib.util.find_spec("openvino"):
            for precision in _openvino_precisions():
                load = lambda w=weights, p=precision, b=at: _openvino(w, p, side, b)  # noqa: E731
                yield Execution(weights, "openvino", precision, metadata.version("openvino"), load)
        for precision in TOLERANCE:
            try:
                name = trusted_instruction_set(precision)
            except EngineError:  # `adacolvit doctor` says why there is none
                continue
            load = lambda w=weights, p=precision, b=at: _counted(NativeEngine(w, precision=p), b)  # noqa: E731
            yield Execution(weights, "adacolvit", precision, name, load)


def rivals(side: int) -> Iterator[Execution]:
    """The networks of ``RIVALS`` in torch, which alone runs them. Raises MissingExtra.

    Their weights are random ones, since their times are those of any.
    """
    if not importlib.util.find_spec("torch"):
        raise MissingExtra("torch", "train")
    for name in RIVALS:
        weights = Weights(f"{name}, random weights", find(name), {}, "")
        load = lambda n=name: _rival(n, side)  # noqa: E731
        yield Execution(weights, "torch", "fp32", metadata.version("torch"), load)


def _rival(name: str, side: int) -> Run:
    import torch

    from adacolvit.model.counter import run_counted

    with torch.device("meta"):  # where counting takes no time
        _, macs = run_counted(build_network(name).eval(), torch.empty(1, IN_CHANNELS, side, side), "dense")
    torch.set_num_threads(1)
    network = build_network(name).eval()

    def run(x):
        with torch.inference_mode():
            return decode_ab(network(torch.from_numpy(x)[None], "dense")["ab"][0].numpy()), macs

    return run


def _counted(engine, budget: float | None) -> Run:
    def run(x):
        ab, decisions = engine.run(x, budget=budget)
        return ab, decisions.macs

    return run


def _torch(weights: Weights, budget: float | None) -> Run:
    import torch

    from adacolvit.model.network import ColorizationViT

    torch.set_num_threads(1)
    network = ColorizationViT(weights.config).eval()
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.tensors.items()})

    def run(x):
        with torch.inference_mode():
            out = network(torch.from_numpy(x)[None], "gathered", budget=budget)
            decisions, patches = out["decisions"], x.shape[1] * x.shape[2] // PATCH**2
            if decisions is None:
                macs = cost(weights.config, patches)
            else:
                macs = cost(weights.config, patches, decisions.layers[0], decisions.kept_patches()[0])
            return decode_ab(out["ab"][0].numpy()), macs

    return run


def _openvino_precisions() -> list[str]:
    import openvino

    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ["fp32", *(["bf16"] if "BF16" in able else [])]


def _openvino(weights: Weights, precision: str, side: int, budget: float | None) -> Run:
    """With the shape fixed in advance, which it prefers, where that computes right.

    OpenVINO 2026.4 with shapes fixed returns another picture where attention among many tokens follows attention among
    next to none, as at small budgets: the values after that layer are in the thousands. With shapes open it is right.
    """
    import openvino

    core, config, grid = openvino.Core(), weights.config, side // PATCH
    model = core.read_model(build(weights).SerializeToString())
    if not config.budget_knots:
        model.reshape({"x": [1, IN_CHANNELS, side, side], "positions": [grid * grid, config.width]})
    options = {
        "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # this process has pinned itself
    }
    request = core.compile_model(model, "CPU", options).create_infer_request()
    feeds = {"positions": sine_positions(grid, grid, config.width)}
    budget = check_budget(config, budget)
    if budget is not None:
        feeds["budget"] = np.array([budget], np.float32)

    def run(x):
        out = request.infer(feeds | {"x": x[None]})
        if not config.adaptive:
            return decode_ab(out["ab"][0]), cost(config, grid * grid)
        return decode_ab(out["ab"][0]), cost(config, grid * grid, out["layers"], out["patches"].sum(-1))

    return run
