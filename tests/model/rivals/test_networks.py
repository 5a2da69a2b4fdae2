"""What must hold for every rival: it colors any frame, learns, and skips without changing what it computes."""

import pytest
import torch

from adacolvit.errors import UsageError, WeightsError
from adacolvit.model.registry import NETWORKS, build, config_from, find
from adacolvit.training.loss import color_loss

from .made import SKIPPING, SMALL, restless


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 5), (9, 4)])
def test_any_frame_is_colored(name, rows, columns):
    network = restless(SMALL[name])
    for mode in ("dense", "masked", "gathered"):
        with torch.no_grad():
            ab = network(torch.randn(1, 4, rows * 16, columns * 16), mode)["ab"]
        assert ab.shape == (1, 2, rows * 16, columns * 16)
        assert ab.isfinite().all() and ab.abs().max() <= 1


@pytest.mark.parametrize("name", SKIPPING)
@pytest.mark.parametrize("seed", range(4))
def test_skipping_computes_what_masking_does(name, seed):
    network = restless(SKIPPING[name], seed)
    x = torch.randn(2, 4, 96, 80)
    with torch.no_grad():
        masked = network(x, "masked")
        alone = [network(x[i : i + 1], "gathered") for i in range(2)]
    assert (masked["ab"] - torch.cat([one["ab"] for one in alone])).abs().max() < 1e-5
    part = "effort" if "effort" in masked else "decisions"
    for i, one in enumerate(alone):
        assert torch.equal(one[part].layers[0], masked[part].layers[i])
        assert torch.equal(one[part].kept_patches()[0], masked[part].kept_patches()[i])
    spent = masked[part].kept_patches().float().mean() / 30
    assert 0 < spent < 1


@pytest.mark.parametrize("name", SMALL)
def test_gradient_reaches_every_parameter(name):
    network = restless(SMALL[name]).train()
    result = network(torch.randn(16, 4, 48, 48), "masked")  # enough images for each gate to be open for one
    loss = result["ab"].square().mean() + sum(result.get("losses", {}).values())
    if result["decisions"] is not None:
        loss = loss + result["decisions"].layers.mean() + result["decisions"].patches.mean()
    loss.backward()
    missing = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not missing


def photos():
    """8 inputs of 32 px in two colored halves, 6 hints each, and their true color."""
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(8, 4, 32, 32)
    target = torch.zeros(8, 2, 32, 32)
    for i in range(8):
        border = int(torch.randint(8, 24, (), generator=generator))
        colors = torch.rand(2, 2, generator=generator) - 0.5
        target[i, :, :, :border], target[i, :, :, border:] = colors[0, :, None, None], colors[1, :, None, None]
        x[i, 0] = 0.3 * torch.rand(32, 32, generator=generator)
        x[i, 0, :, border:] -= 0.3
        for row, column in (torch.randint(0, 16, (6, 2), generator=generator) * 2).tolist():
            x[i, 1:3, row : row + 2, column : column + 2] = target[i, :, row, column, None, None]
            x[i, 3, row : row + 2, column : column + 2] = 1
    return x, target


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_eight_photos_by_heart(name):
    torch.manual_seed(0)
    network = build(SMALL[name]).train()
    x, target = photos()
    steps, rate = (60, 1e-2) if name == "uformer" else (40, 3e-3)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, steps)
    with torch.no_grad():
        gray = color_loss(torch.zeros_like(target), target)
    for _ in range(steps):
        result = network(x, "masked")
        loss = color_loss(result["ab"], target)
        if result["decisions"] is None:
            loss = loss + sum(result.get("losses", {}).values())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    network.eval()
    with torch.no_grad():
        learned = color_loss(network(x, "masked")["ab"], target)
    assert learned < 0.5 * gray


@pytest.mark.parametrize("name", NETWORKS)
def test_a_config_survives_being_written_down(name):
    assert config_from(find(name).to_dict()) == find(name)


def test_unknown_networks_are_refused():
    with pytest.raises(UsageError, match="no network named 'swin'"):
        find("swin")
    with pytest.raises(WeightsError, match="family 'swin' are unknown"):
        config_from({"family": "swin"})
    with pytest.raises(WeightsError, match=r"unknown entries \['size'\]"):
        config_from({"family": "swinir", "size": 3})
    with pytest.raises(WeightsError, match="take patches, layers or random"):
        config_from({"family": "selection", "select": "none"})
