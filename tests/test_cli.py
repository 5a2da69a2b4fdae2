"""The command line as a whole: wrong usage, faults, and the exit code."""

import os
import shutil
import subprocess
import sys

import pytest

from adacolvit.cli import main

from .commands.files import photo


def test_a_misspelt_path_is_no_verb(table, capsys):
    assert main(["no/such/folder"]) == 1
    assert "no/such/folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["colourize"])


@pytest.mark.parametrize(
    "args",
    [
        ["colorize"],
        ["colorize", "p.png", "--hint", "1,2"],
        ["colorize", "p.png", "--hint", "1,nan,#ffffff"],
        ["colorize", "p.png", "--hint", "1,2,#ggg"],
        ["colorize", "p.png", "--hint", "1,2,#fff,9"],
        ["colorize", "p.png", "--threads", "0"],
        ["colorize", "p.png", "--format", "gif"],
        ["colorize", "p.png", "--quality", "101"],
        ["suggest", "p.png", "--count", "0"],
        ["app", "--threads", "-1"],
        ["doctor", "--threads", "two"],
        ["evaluate", "--data", "photos", "--hints", "1,two"],
        ["evaluate", "--data", "photos", "--hints", "101"],
        ["train", "tiny", "--every", "0"],
        ["colorise", "p.png"],
        ["export", "--format", "papyrus"],
        ["models", "--frobnicate"],
    ],
    ids=" ".join,
)
def test_wrong_usage(table, capsys, args):
    with pytest.raises(SystemExit) as stopped:
        main(args)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert "usage: adacolvit" in err and "invalid _" not in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("colorize p.png -o p.gif", "cannot be written"),
        ("colorize p.png q.png -o one.png", "give a folder"),
        ("colorize p.png --model nosuch", "no model named 'nosuch'"),
        ("colorize p.png --budget 0.5", "weights/tiny-any.safetensors"),
        ("colorize p.png -o out.jpg --format png", "let the name end in .png"),
        ("colorize p.png -o out.jpg --depth 16", "--format"),
        ("colorize p.png --format webp --depth 16", "holds 8"),
        ("colorize q.jpg --depth 16", "png or tiff"),
        ("doctor --model nosuch", "no model named"),
        ("suggest p.png --model nosuch", "no model named"),
        ("suggest p.png --budget 0.5", "one budget only"),
        ("evaluate --data photos", "name a --model or some --baselines"),
        ("evaluate --data photos --baselines grey", "gray, nearest, levin"),
        ("evaluate --data photos --baselines gray --sheet sheet.gif", "name it .png"),
        ("reproduce fig4 --data photos --train 10", "give them with --photos"),
        ("reproduce fig4 --data photos --weights tiny", "write NETWORK=FILE"),
        ("train nosuch", "no recipe nosuch: give a .toml file or one of"),
        ("train tiny --model nosuch", "no network named 'nosuch'"),
        ("convert a.pth -o a.onnx", "end in .safetensors"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage_too(table, capsys, args, message):
    photo(table / "p.png")
    assert main(args.split()) == 2
    assert message in capsys.readouterr().err and [path.name for path in table.iterdir()] == ["p.png"]


def test_a_fault_of_the_program_shows_no_stack_trace(table, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("the cat sat on it")

    monkeypatch.setattr("adacolvit.commands.models.list_models", fail)
    monkeypatch.setattr("tempfile.tempdir", str(table))
    assert main(["models"]) == 1
    err = capsys.readouterr().err
    (log,) = table.glob("adacolvit-*.log")
    assert err.count("\n") == 1 and "RuntimeError: the cat sat on it" in err and str(log) in err
    assert "in fail" in log.read_text() and "Traceback" in log.read_text()


def test_missing_and_damaged_models(table, small_weights, capsys):
    photo(table / "p.png")
    (table / "cut.safetensors").write_bytes(small_weights.read_bytes()[:5000])
    assert main(["colorize", "p.png", "--model", "cut.safetensors"]) == 1
    assert "cut short" in capsys.readouterr().err


def test_a_missing_optional_part_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # what an import of a package that is not there amounts to
    for name in [name for name in sys.modules if name.startswith("adacolvit.training")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", "anything"]) == 1
    assert "pip install 'adacolvit[train]'" in capsys.readouterr().err


def test_installed_command():
    script = shutil.which("adacolvit", path=os.path.dirname(sys.executable))
    command = [script] if script else [sys.executable, "-m", "adacolvit.cli"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("adacolvit ")


def test_ctrl_c_is_quiet(table, small_weights, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    photo(table / "p.png")
    monkeypatch.setattr("adacolvit.colorizer.Colorizer.colorize", interrupted)
    assert main(["colorize", "p.png", f"--model={small_weights}"]) == 130
    assert capsys.readouterr().err == ""
