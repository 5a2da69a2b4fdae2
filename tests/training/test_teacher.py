"""An AdaColViT learns from a network that has been trained before, of whatever size."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from adacolvit.cli import main
from adacolvit.model.config import ModelConfig
from adacolvit.model.registry import build
from adacolvit.training.loss import color_loss
from adacolvit.training.recipe import load_recipe
from adacolvit.training.teacher import Teacher
from adacolvit.weights import load_weights, write_weights

WIDE = ModelConfig(width=48, depth=3, heads=2)


@pytest.fixture(scope="module")
def teacher_file(tmp_path_factory):
    """Weights of a network larger than the recipe's, whose decisions differ from patch to patch."""
    torch.manual_seed(1)
    network = build(WIDE)
    for block in network.blocks:
        for decide in (block.decide_attention, block.decide_ffn):
            torch.nn.init.normal_(decide.weight)
            torch.nn.init.zeros_(decide.bias)
    torch.nn.init.normal_(network.head.weight, std=0.3)
    path = tmp_path_factory.mktemp("teacher") / "wide.safetensors"
    write_weights(path, WIDE, {name: p.detach().numpy() for name, p in network.named_parameters()})
    return path


def test_half_of_the_loss_is_the_distance_to_what_the_teacher_would_ship(teacher_file, recipe_file, batch):
    recipe = replace(load_recipe(recipe_file), teacher=str(teacher_file))
    teacher = Teacher(recipe, Fabric(accelerator="cpu", precision="32-true"))
    student = build(recipe.model).train()
    origin = (2.0, 3.0)
    result = student(batch.x, "dense", origin=origin)
    alone = color_loss(result["ab"], batch.target)
    loss, measured = teacher.pull(alone, student, result, batch.x, origin)
    teacher.share = 0.75
    more, _ = teacher.pull(alone, student, result, batch.x, origin)
    with torch.no_grad():  # as it runs in the product, where what is left out is not computed
        own = torch.cat([teacher.network(x[None], "gathered", origin=origin)["ab"] for x in batch.x])
        dense = teacher.network(batch.x, "dense", origin=origin)["ab"]
    assert (own - dense).abs().max() > 1e-3  # its decisions matter here
    near = color_loss(result["ab"], own).item()
    assert measured["taught"].item() == pytest.approx(near, rel=1e-4)
    assert loss.item() == pytest.approx((alone.item() + near) / 2, rel=1e-4)
    assert more.item() == pytest.approx(0.25 * alone.item() + 0.75 * near, rel=1e-4)
    loss.backward()
    assert all(p.grad is None for p in teacher.network.parameters())
    assert student.head.weight.grad.abs().max() > 0


def test_a_run_with_a_teacher(teacher_file, recipe_file, shard, tmp_path, capsys):
    def train(name: str, *more: str) -> int:
        paths = ["--train", str(shard), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / name)]
        return main(["train", recipe_file, *paths, "--threads", "1", *more])

    def head(name: str):
        return load_weights(tmp_path / name / "weights.safetensors").tensors["head.weight"]

    assert train("alone") == train("taught", "--teacher", str(teacher_file)) == 0
    assert abs(head("alone") - head("taught")).max() > 0
    capsys.readouterr()
    assert train("lost", "--teacher", "nobody.safetensors") == 1
    assert "nobody.safetensors" in capsys.readouterr().err
