"""Training learns, resumes exactly, and runs in several processes."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors import safe_open

from adacolvit.cli import main
from adacolvit.model.network import ColorizationViT
from adacolvit.training import loop
from adacolvit.training.checkpoint import load_checkpoint, start_from
from adacolvit.training.command import Reporter
from adacolvit.training.recipe import load_recipe
from adacolvit.weights import load_weights


def train(recipe, shard, out, *more) -> int:
    paths = ["--train", str(shard), "--cache", str(out.parent / "cache"), "--out", str(out)]
    return main(["train", recipe, *paths, "--threads", "1", *more])


@pytest.fixture(scope="module")
def straight(tmp_path_factory, recipe_file, shard):
    """A whole run, undisturbed."""
    folder = tmp_path_factory.mktemp("straight")
    assert train(recipe_file, shard, folder / "run", "--validation", str(shard), "--every", "32") == 0
    return folder / "run"


def test_a_run_leaves_what_a_person_needs(straight):
    rows = [json.loads(line) for line in (straight / "metrics.jsonl").read_text().splitlines()]
    scores = [row for row in rows if "psnr10" in row]
    assert [row["sample"] for row in scores] == [32, 64]
    assert all(5 < row[f"psnr{n}"] < 50 for row in scores for n in (1, 10, 50))
    assert scores[-1]["gmacs"] > 0
    assert sorted(p.name for p in (straight / "sheets").iterdir()) == ["0000000032.jpg", "0000000064.jpg"]
    with safe_open(straight / "weights.safetensors", "np") as file:
        assert json.loads(file.metadata()["config"])["width"] == 32
    average = load_checkpoint(straight / "last.pt")["average"]
    weights = load_weights(straight / "weights.safetensors").tensors
    assert weights.keys() == average.keys()
    for name, value in weights.items():
        assert abs(value - average[name].numpy()).max() <= 1e-3 * average[name].abs().max() + 1e-6, name


@contextmanager
def killed_at(sample: int):
    """Runs die when they have come so far."""

    class Killed(BaseException):
        pass

    def step(self, done, *more, whole=Reporter.step):
        whole(self, done, *more)
        if done >= sample:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Reporter, "step", step)
        yield


def test_resuming_gives_the_same_weights_to_the_bit(straight, recipe_file, shard, tmp_path):
    with killed_at(48):
        train(recipe_file, shard, tmp_path / "run", "--every", "16")
    assert load_checkpoint(tmp_path / "run" / "last.pt")["sample"] == 32
    assert train(recipe_file, shard, tmp_path / "run", "--every", "16", "--resume") == 0
    whole, resumed = (load_checkpoint(run / "last.pt") for run in (straight, tmp_path / "run"))
    assert whole["step"] == resumed["step"]
    for part in ("network", "average"):
        for name, value in whole[part].items():
            assert value.equal(resumed[part][name]), f"{part} {name}"


def test_a_run_may_be_made_shorter(recipe_file, shard, tmp_path):
    assert load_recipe(recipe_file).samples == 64
    assert train(recipe_file, shard, tmp_path / "run", "--samples", "32") == 0
    assert load_checkpoint(tmp_path / "run" / "last.pt")["sample"] == 32


def test_a_run_may_be_given_a_time(recipe_file, shard, tmp_path, monkeypatch):
    clock = SimpleNamespace(perf_counter=partial(next, count()))  # a second passes whenever it is looked at
    monkeypatch.setattr(loop, "time", clock)
    with killed_at(160):
        train(recipe_file, shard, tmp_path / "run", "--minutes", "1", "--every", "80")
    kept = load_checkpoint(tmp_path / "run" / "last.pt")
    place, stride = kept["pace"]
    assert kept["sample"] == 80 and 32 < place < 40 and 0 < stride < 0.1  # four steps went by before it was set
    assert train(recipe_file, shard, tmp_path / "run", "--resume", "--minutes", "2") == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert "patches" in rows[-1]  # of the second stage
    state = load_checkpoint(tmp_path / "run" / "last.pt")
    assert state["pace"][0] >= 64
    assert 80 + 110 * 8 < state["sample"] <= 80 + 120 * 8  # a look for every step, and some for the log
    assert state["optimizers"][0]["param_groups"][0]["lr"] < 1e-4  # of 2e-3: the rate has come down


@pytest.fixture
def stopped(straight, tmp_path):
    """A folder with the checkpoint of the undisturbed run, to be trained on or over."""
    folder = tmp_path / "again"
    folder.mkdir()
    shutil.copy(straight / "last.pt", folder)
    return folder


def test_a_run_is_not_started_over_by_oversight(stopped, recipe_file, shard, capsys):
    before = (stopped / "last.pt").read_bytes()
    assert train(recipe_file, shard, stopped) == 1
    assert "--resume goes on from its last.pt, --force starts over" in capsys.readouterr().err
    assert (stopped / "last.pt").read_bytes() == before
    assert train(recipe_file, shard, stopped, "--force", "--seed", "1") == 0
    assert load_checkpoint(stopped / "last.pt")["recipe"]["seed"] == 1


def test_starting_over_leaves_nothing_of_the_run_before(straight, recipe_file, shard, tmp_path, monkeypatch, capsys):
    out = tmp_path / "again"
    shutil.copytree(straight, out)

    def step(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "step", step)
        assert train(recipe_file, shard, out, "--force", "--init", str(out / "last.pt")) == 130
    assert list(out.iterdir()) == []
    assert train(recipe_file, shard, out, "--resume") == 0
    assert "no checkpoint in" in capsys.readouterr().out
    (out / "last.pt").unlink()
    for more in ((), ("--resume",)):  # weights that stand alone are not started over either
        assert train(recipe_file, shard, out, *more) == 1
        assert "weights.safetensors" in capsys.readouterr().err


def test_what_was_logged_after_the_checkpoint_is_logged_once(straight, recipe_file, shard, tmp_path):
    out = tmp_path / "again"
    shutil.copytree(straight, out)
    rows = (out / "metrics.jsonl").read_text()
    with (out / "metrics.jsonl").open("a") as log:
        log.write('{"sample": 96, "color": 1.0}\n{"sample": 1')  # of no checkpoint, and cut by a kill
    assert train(recipe_file, shard, out, "--resume") == 0
    assert (out / "metrics.jsonl").read_text() == rows


def test_how_photos_come_is_told_and_a_change_of_it_too(stopped, recipe_file, shard, capsys):
    assert train(recipe_file, shard, stopped, "--resume") == 0
    assert "photos: cached" in capsys.readouterr().out
    assert train(recipe_file, shard, stopped, "--resume", "--stream") == 0
    told = capsys.readouterr().out
    assert "photos: streamed" in told and "they were cached before" in told
    assert load_checkpoint(stopped / "last.pt")["photos"] == "cached"  # nothing was left to do


def test_a_recipe_that_goes_on_from_weights_wants_them(stopped, recipe_file, shard, tmp_path, capsys):
    text = Path(recipe_file).read_text()
    recipe = tmp_path / "made.toml"
    for top, wish in (
        ('after = "tiny-stem"', "--init, such as runs/tiny-stem/weights.safetensors"),
        ('gates = "measured"', "give --init the weights to begin with"),
        ('gates = "grown"', "give --init the weights to begin with"),
        ('gates = "around"', "the model needs budget_knots"),
    ):
        recipe.write_text(f"{top}\n{text}")
        assert train(str(recipe), shard, tmp_path / "run") == 1
        assert wish in capsys.readouterr().err and not (tmp_path / "run").exists()
    recipe.write_text(f'after = "tiny-stem"\n{text}')
    assert train(str(recipe), shard, stopped, "--resume") == 0
    assert train(str(recipe), shard, tmp_path / "run", "--init", str(stopped / "last.pt")) == 0


def test_resuming_begins_where_there_is_no_checkpoint_yet(straight, recipe_file, shard, tmp_path, capsys):
    assert train(recipe_file, shard, tmp_path / "run", "--resume") == 0
    assert "no checkpoint in" in capsys.readouterr().out
    whole, begun = (load_checkpoint(run / "last.pt")["network"] for run in (straight, tmp_path / "run"))
    assert all(value.equal(begun[name]) for name, value in whole.items())


def test_a_changed_recipe_is_followed_and_named(stopped, recipe_file, shard, tmp_path, capsys):
    changed = tmp_path / "made.toml"
    rates = "lr = 1e-3\nmatrix_lr = 0.01\nweight_decay = 0.1"
    text = Path(recipe_file).read_text().replace("warmup = 16", f"warmup = 16\n{rates}")
    head, _, tail = text.rpartition("samples = 32")
    changed.write_text(f"{head}samples = 40{tail}")
    assert train(str(changed), shard, stopped, "--resume") == 0
    told = capsys.readouterr().out.replace("\n", " ")
    for entry in (
        "optimizer.lr 0.002 -> 0.001",
        "optimizer.matrix_lr 0.02 -> 0.01",
        "optimizer.weight_decay 0.05 -> 0.1",
        "stage 2 samples 32 -> 40",
    ):
        assert entry in told
    state = load_checkpoint(stopped / "last.pt")
    assert (state["sample"], state["step"]) == (72, 9)
    adam, muon = (optimizer["param_groups"] for optimizer in state["optimizers"])
    assert [group["peak"] for group in adam] == [1e-3, 1e-3, 5e-5]
    assert [group["weight_decay"] for group in adam] == [0.1, 0.0, 0.0]
    assert (muon[0]["peak"], muon[0]["weight_decay"]) == (0.01, 0.1)
    assert train(str(changed), shard, stopped, "--resume") == 0
    assert "another recipe" not in capsys.readouterr().out
    changed.write_text(text.replace("[optimizer]", "[optimizer]\nmuon = false"))
    assert train(str(changed), shard, stopped, "--resume") == 1
    assert "set muon as it was" in capsys.readouterr().err


def test_a_gradient_that_is_not_finite_ends_the_run_before_it_is_saved(stopped, recipe_file, shard, tmp_path, capsys):
    wild = tmp_path / "made.toml"
    before = (stopped / "last.pt").read_bytes()
    text = Path(recipe_file).read_text().replace("warmup = 16", "warmup = 16\nlr = 1e30\ndecay_from = 1.0")
    wild.write_text(text + "\n[[stages]]\nsamples = 64\nsize = 32\nbatch = 8\n")
    assert train(str(wild), shard, stopped, "--resume", "--every", "64") == 1
    assert "not finite" in capsys.readouterr().err
    assert (stopped / "last.pt").read_bytes() == before


def test_two_processes_train_one_network(recipe_file, shard, tmp_path):
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "adacolvit.cli",
    ]
    arguments = ["train", recipe_file, "--train", str(shard), "--validation", str(shard), "--cache", str(tmp_path)]
    ran = subprocess.run(
        [*command, *arguments, "--out", str(tmp_path / "run"), "--threads", "1"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    state = load_checkpoint(tmp_path / "run" / "last.pt")
    assert (state["sample"], state["step"]) == (64, 8)
    scores = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["sample"] for row in scores if "psnr10" in row] == [64]  # written once, not once per process


def test_it_learns_to_follow_hints(tmp_path, shard):
    """Overfitting 12 two-colored photos, 50 hints must beat the mean color by far, and the budget must be met."""
    recipe = tmp_path / "learn.toml"
    recipe.write_text(
        """
        [model]
        width = 64
        depth = 2
        heads = 2
        [optimizer]
        warmup = 100
        gate_lr = 2e-3
        [[stages]]
        samples = 6400
        size = 32
        batch = 32
        max_hints = 32
        crop = [0.9, 1.0]
        [[stages]]
        samples = 6400
        size = 32
        batch = 32
        max_hints = 32
        crop = [0.9, 1.0]
        mode = "masked"
        patches = 0.5
        layers = 0.75
        """
    )
    assert train(str(recipe), shard, tmp_path / "run") == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["color"] < 0.35 * rows[0]["color"]
    last = rows[-5:]
    assert sum(row["patches"] for row in last) / 5 == pytest.approx(0.5, abs=0.12)
    assert sum(row["layers"] for row in last) / 5 == pytest.approx(0.75, abs=0.12)


def test_a_start_of_another_shape_is_refused(straight, tmp_path, shard, capsys):
    recipe = tmp_path / "other.toml"
    recipe.write_text("[model]\nwidth = 64\ndepth = 2\nheads = 2\n[[stages]]\nsamples = 8\nsize = 32\nbatch = 8\n")
    assert train(str(recipe), shard, tmp_path / "run", "--init", str(straight / "last.pt")) != 0
    assert "another network" in capsys.readouterr().err


def test_a_run_may_begin_with_weights_of_another(straight, recipe_file, shard, tmp_path, capsys):
    for start in ("last.pt", "weights.safetensors"):
        network = ColorizationViT(load_recipe(recipe_file).model)
        start_from(network, str(straight / start))
        average = load_checkpoint(straight / "last.pt")["average"]
        for name, p in network.named_parameters():
            assert (p - average[name]).abs().max() <= 1e-3 * average[name].abs().max() + 1e-6, f"{start} {name}"
    assert train(recipe_file, shard, tmp_path / "run", "--init", str(tmp_path / "nothing.pt")) == 1
    assert "there are no weights" in capsys.readouterr().err
