"""The networks of the comparison go through the same loop and the same evaluation as AdaColViT."""

import json

import pytest

from adacolvit.cli import main
from adacolvit.errors import RecipeError
from adacolvit.evaluation.methods import make_methods
from adacolvit.training.recipe import load_recipe
from adacolvit.weights import load_weights

STAGE = '\n[optimizer]\nwarmup = 8\n[[stages]]\nsamples = 16\nsize = 32\nbatch = 8\nmode = "masked"\nmax_hints = 16\n'
MODELS = {
    "swinir": 'family = "swinir"\nwidth = 32\ngroups = [2]\nheads = 2\nwindow = 3\n',
    "dynamicvit": 'family = "dynamicvit"\nwidth = 32\ndepth = 3\nheads = 2\nbefore = [1]\n',
    "adavit": 'family = "adavit"\nwidth = 32\ndepth = 3\nheads = 2\n',
}
DENSE = "width = 32\ndepth = 3\nheads = 2\ngroups = 1\nadaptive = false\n"


def train(folder, shard, name, model, top="", *more) -> int:
    (folder / f"{name}.toml").write_text(f"{top}\n[model]\n{model}{STAGE}")
    paths = ["--train", str(shard), "--cache", str(folder / "cache"), "--out", str(folder / name)]
    return main(["train", str(folder / f"{name}.toml"), *paths, "--threads", "1", *more])


@pytest.mark.parametrize("name", MODELS)
def test_a_rival_is_trained_and_evaluated(tmp_path, shard, name):
    assert train(tmp_path, shard, name, MODELS[name], "", "--validation", str(shard), "--every", "8") == 0
    assert train(tmp_path, shard, name, MODELS[name], "", "--resume") == 0  # it knows its own checkpoint again
    weights = tmp_path / name / "weights.safetensors"
    assert load_weights(weights, rivals=True).config.family == name
    summary = tmp_path / "summary.json"
    arguments = ["--data", str(shard), "--hints", "5", "--limit", "2", "--json", str(summary)]
    assert main(["evaluate", "--model", f"alone:{weights}", *arguments]) == 0
    rows = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
    assert [row["gmacs"] > 0 for row in rows if "psnr10" in row] == [True, True]


def test_a_dynamicvit_begins_with_its_dense_twin_and_learns_from_it(tmp_path, shard):
    assert train(tmp_path, shard, "dense", DENSE) == 0
    teacher = tmp_path / "dense" / "weights.safetensors"
    top = f'teacher = "{teacher}"\ninit = "{teacher}"\n'
    assert train(tmp_path, shard, "student", MODELS["dynamicvit"], top) == 0
    (method,) = make_methods([tmp_path / "student" / "weights.safetensors"], [])
    assert method.network.rival.before == (1,)


def test_what_a_network_cannot_do_is_said(tmp_path, shard, capsys):
    assert train(tmp_path, shard, "a", MODELS["swinir"], 'teacher = "x.safetensors"') == 1
    assert "learns from none" in capsys.readouterr().err
    assert train(tmp_path, shard, "b", MODELS["swinir"], 'gates = "measured"') == 1
    assert "leave gates out" in capsys.readouterr().err
    assert train(tmp_path, shard, "e", DENSE, 'gates = "open"') == 1
    assert "leave gates out" in capsys.readouterr().err
    assert train(tmp_path, shard, "c", MODELS["swinir"], "", "--model", "swin-s") == 2
    assert "no network named 'swin-s'" in capsys.readouterr().err
    with pytest.raises(RecipeError, match="known are"):
        (tmp_path / "d.toml").write_text(f'model = "swin-s"\n{STAGE}')
        load_recipe(str(tmp_path / "d.toml"))
