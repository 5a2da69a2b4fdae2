"""Summaries: numbers by hand, and intervals that hold what they promise."""

import json
import math
import sys
from dataclasses import asdict

import numpy as np
import pyarrow.parquet
import pytest
import scipy.stats

from adacolvit.errors import DataError, MissingExtra
from adacolvit.evaluation.rows import Row, read_alike, read_table, write_csv, write_parquet
from adacolvit.evaluation.summary import bootstrap, compare, summarize, worst


def row(key="a", method="m", hints=10, psnr=25.0, **values) -> Row:
    defaults = {"gain": 2.0, "psnr_native": psnr, "ciede2000": 5.0, "ssim": 0.9, "macs": math.nan, "chroma": 5.0}
    defaults |= {"true_chroma": 10.0, "seam": 1.0, "true_seam": 1.0, "hint_error": 1.0}
    return Row("0123456789ab", "square", key, method, hints, psnr, **(defaults | values))


def test_95_percent_intervals_hold_the_truth_about_95_times_of_100():
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(400):
        low, high = bootstrap(rng.gamma(4, 1, 60))  # skewed, as PSNR is not even; its mean is 4
        held += low <= 4 <= high
    assert 0.90 <= held / 400 <= 0.98


def test_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(12).normal(25, 3, 200)
    reference = scipy.stats.bootstrap((values,), np.mean, method="percentile", rng=1, n_resamples=4000)
    assert bootstrap(values) == pytest.approx(tuple(reference.confidence_interval), abs=0.06)
    assert bootstrap([7.0, 7.0]) == (7.0, 7.0)


def test_means_medians_and_ratios():
    rows = [
        row("a", psnr=20, macs=1e9, chroma=2, true_chroma=4, seam=1, hint_error=1),
        row("b", psnr=30, macs=3e9, chroma=4, true_chroma=20, seam=math.nan, hint_error=9),
        row("c", psnr=25, macs=2e9, chroma=0, true_chroma=0, seam=3, hint_error=2),
    ]
    (entry,) = summarize(rows)
    assert (entry["method"], entry["hints"], entry["photos"]) == ("m", 10, 3)
    assert entry["psnr"] == 25 and 20 <= entry["psnr_low"] < 25 < entry["psnr_high"] <= 30
    assert (
        entry["macs"] == 2e9 and entry["macs_p5"] == pytest.approx(1.1e9) and entry["macs_p95"] == pytest.approx(2.9e9)
    )
    assert entry["saturation"] == pytest.approx(6 / 24)
    assert entry["seam"] == 2 and entry["hint_error"] == 2
    assert "difference" not in entry


def test_methods_are_compared_photo_by_photo_with_the_first():
    rng = np.random.default_rng(13)
    base = rng.normal(25, 5, 50)  # photos differ much, methods little
    better = base + rng.normal(0.3, 0.1, 50)
    rows = [row(str(i), "first", psnr=p) for i, p in enumerate(base)]
    rows += [row(str(i), "better", psnr=p) for i, p in enumerate(better)]
    rows += [row("0", "partial", psnr=30.0)]
    first, other, partial = summarize(rows)
    assert other["difference"] == pytest.approx((better - base).mean())
    assert 0.2 < other["difference_low"] < other["difference"] < other["difference_high"] < 0.4
    assert other["psnr_low"] < first["psnr"] < other["psnr_high"], "unpaired, the difference would drown"
    assert "difference" not in first and "difference" not in partial


def test_undefined_values_are_null_in_json():
    (entry,) = summarize([row(seam=math.nan, hint_error=math.nan)])
    assert json.loads(json.dumps(entry, allow_nan=False))["macs"] is None
    assert entry["seam"] is None and entry["hint_error"] is None


def test_worst():
    rows = [
        row("a", gain=3),
        row("b", gain=-1),
        row("c", gain=0),
        row("d", "other", gain=-9),
        row("e", hints=1, gain=-9),
    ]
    assert [r.key for r in worst(rows, "m", 10, 2)] == ["b", "c"]


def test_a_claim_carries_its_interval():
    """Lower LPIPS on nine photos of ten, by much less than photos differ; then a coin's toss."""
    rng = np.random.default_rng(14)
    base = rng.uniform(0.05, 0.4, 200)
    ones = {str(i): row(str(i), lpips=v) for i, v in enumerate(base)}
    better = {key: row(key, lpips=one.lpips - rng.normal(0.004, 0.003)) for key, one in ones.items()}
    alike = {key: row(key, lpips=one.lpips + rng.normal(0, 0.003)) for key, one in ones.items()}
    found = compare(better, ones, "lpips")
    assert found.verdict == "less" and -0.005 < found.low < found.mean < found.high < -0.003 and found.photos == 200
    assert compare(ones, better, "lpips").verdict == "more"
    assert compare(alike, ones, "lpips").verdict == "undecided"
    _, entry = summarize([*ones.values(), *(Row(**(asdict(r) | {"method": "other"})) for r in better.values())])
    assert entry["lpips_difference"] == found.mean and entry["lpips_difference_high"] == found.high
    assert entry["difference"] == 0 == entry["difference_low"]


@pytest.mark.parametrize(("write", "suffix"), [(write_csv, "csv"), (write_parquet, "parquet")])
def test_a_table_brings_back_the_same_rows(tmp_path, write, suffix):
    rows = [row('städte, "alt"', psnr=1 / 3, macs=779_123_456.0), row("b", "other", 0, lpips=0.1, lpips_net="")]
    path = tmp_path / f"rows.{suffix}"
    write(path, rows)
    again = read_table(path)
    assert [str(r) for r in again] == [str(r) for r in rows]  # as text, since NaN is not NaN
    assert list(read_alike(path, "0123456789ab", "square")) == [(rows[0].key, "m", 10), ("b", "other", 0)]
    for digest, frame, net in (
        ("ffffffffffff", "square", ""),
        ("0123456789ab", "native", ""),
        ("0123456789ab", "square", "vgg"),
    ):
        with pytest.raises(DataError, match="another hint set or frame"):
            read_alike(path, digest, frame, net)


def test_parquet_is_read_by_others_column_by_column(tmp_path):
    write_parquet(tmp_path / "rows.parquet", [row("a", psnr=20.5), row("b", psnr=30.0)])
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet", columns=["key", "psnr"])
    assert table.to_pydict() == {"key": ["a", "b"], "psnr": [20.5, 30.0]}


def test_only_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    write_csv(tmp_path / "rows.csv", [row()])
    assert len(read_table(tmp_path / "rows.csv")) == 1
    with pytest.raises(MissingExtra, match=r"pyarrow is not installed.*adacolvit\[parquet\]"):
        write_parquet(tmp_path / "rows.parquet", [row()])


def test_other_tables_are_refused(tmp_path):
    for name in ("rows.csv", "rows.parquet"):
        path = tmp_path / name
        for content in (b"", b"key,psnr\na,1\n", b"\xff\xfe"):
            path.write_bytes(content)
            with pytest.raises(DataError, match=name):
                read_table(path)
    with pytest.raises(DataError, match=r"missing.csv cannot be read"):
        read_table(tmp_path / "missing.csv")
    path = tmp_path / "rows.csv"
    write_csv(path, [row()])
    path.write_text(path.read_text().replace("25.0", "many"))
    with pytest.raises(DataError, match="cannot be read"):
        read_table(path)
