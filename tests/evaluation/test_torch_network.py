"""Networks of the comparison as evaluation methods, in torch."""

import numpy as np
import pytest
import torch

from adacolvit.evaluation import latency
from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.methods import make_methods
from adacolvit.evaluation.photos import iter_sources, lay, load
from adacolvit.evaluation.protocol import evaluate
from adacolvit.evaluation.threads import one_torch_thread
from adacolvit.model.registry import build
from adacolvit.model.rivals.config import AdaViTConfig, IColoriTConfig
from adacolvit.runtime.refine import refine
from adacolvit.weights import write_weights


@pytest.fixture(scope="module", params=[IColoriTConfig(64, 2, 2), AdaViTConfig(64, 3, 2)], ids=["icolorit", "adavit"])
def weights(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("rival") / "rival.safetensors"
    torch.manual_seed(7)
    network = build(request.param)
    with torch.no_grad():
        network.head.weight.normal_(std=0.02)  # it starts from gray
    write_weights(path, request.param, {name: p.detach().numpy() for name, p in network.named_parameters()}, np.float32)
    return path


def test_the_clock_runs_without_the_counter(weights, photo_set):
    (method,) = make_methods([f"alone:{weights}"], [])
    (refined,) = make_methods([weights], [])
    source = next(iter_sources(photo_set))
    truth = lay(load(source), "square")
    lightness = np.ascontiguousarray(truth.lab[..., 0])
    hints = draw([source]).hints(source.key, 10, truth.frame, truth.lab[..., 1:])
    counted, macs = method.predict(lightness, *hints)
    uncounted, none = method.uncounted(lightness, *hints)
    assert macs > 1e6 and none is None and np.ptp(counted) > 1
    assert uncounted == pytest.approx(counted, abs=1e-4)
    planes = np.ascontiguousarray(counted.transpose(2, 0, 1))
    expected = refine(lightness, planes, *hints).transpose(1, 2, 0)
    for predict in (refined.predict, refined.uncounted):
        assert predict(lightness, *hints)[0] == pytest.approx(expected, abs=1e-4)
    sources = [source]
    assert latency.measure(sources, [method], draw(sources), 10, "square", rounds=2)["rival alone"]["runs"] == 2


def test_one_thread_within_and_as_many_as_before_after(weights, photo_set, monkeypatch):
    seen = []
    real = torch.nn.Linear.forward
    monkeypatch.setattr(torch.nn.Linear, "forward", lambda *a: seen.append(torch.get_num_threads()) or real(*a))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with one_torch_thread():
            assert torch.get_num_threads() == 1
        sources = list(iter_sources(photo_set, 1))
        name = make_methods([weights], [])[0].name
        list(evaluate(sources, draw(sources), models=[weights], todo=lambda key: {name: [1]}))
        assert set(seen) == {1} and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
