"""`adacolvit models`."""

import json

from adacolvit.cli import main
from adacolvit.weights import load_weights
from adacolvit.weights.publish import publish
from adacolvit.weights.store import write_manifest


def test_models(tmp_path, budget_weights, capsys):
    assert main(["models"]) == 0
    assert "SHA-256" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    for line in capsys.readouterr().out.splitlines():
        model = json.loads(line)
        assert len(model["sha256"]) == 64 and model["least_budget"] is None
    write_manifest([], tmp_path)
    publish(load_weights(budget_weights), "any", gmacs=1, psnr=28, description="x", home=tmp_path)
    assert main(["models", str(tmp_path)]) == 0
    assert "0.4 to 1" in capsys.readouterr().out
