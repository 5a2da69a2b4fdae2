"""Measurements are kept while they are made."""

import signal

import pytest

from adacolvit.evaluation.classical import Nearest
from adacolvit.reproduce.found import DataSet, measure
from adacolvit.reproduce.systems import Trained

from ..evaluation.conftest import photo_set  # noqa: F401


def test_what_was_measured_before_the_end_is_kept(photo_set, tmp_path, monkeypatch):  # noqa: F811
    """SIGTERM during the third photo; called again, only that one is measured."""
    colored = []
    real = Nearest.predict

    def predict(self, lightness, *hints):
        colored.append(lightness)
        if len(colored) == 3:
            signal.raise_signal(signal.SIGTERM)
        return real(self, lightness, *hints)

    monkeypatch.setattr(Nearest, "predict", predict)
    data, nearest, advanced = DataSet.open(photo_set, None, None), Trained("nearest"), []

    def run():
        how = {"lpips": None, "timed": False, "workers": 1, "advance": lambda: advanced.append(1)}
        return measure(data, [nearest], [10], tmp_path / "measured", **how)

    with pytest.raises(KeyboardInterrupt):
        run()
    found = run()
    assert len(colored) == 4 and len(advanced) == 3
    assert [row.key for row in found.rows[nearest]] == ["lake", "meadow", "town"]


def test_a_limit_takes_photos_evenly(photo_set):  # noqa: F811
    data = DataSet.open(photo_set, None, 2)
    assert data.photos.keys == ["lake", "meadow"] and data.hint_set.places.keys() == {"lake", "meadow", "town"}
