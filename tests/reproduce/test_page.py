"""What a page says of claims, and of how its numbers came about."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from adacolvit.evaluation.hintset import draw
from adacolvit.evaluation.photos import Photos, iter_sources
from adacolvit.evaluation.rows import Row
from adacolvit.reproduce import compared, fig4
from adacolvit.reproduce.found import DataSet, Found
from adacolvit.reproduce.page import Claim, claims, provenance, signed, table
from adacolvit.reproduce.paper import (
    ADACOLVIT_T,
    GROUPS,
    GROUPS_2,
    GROUPS_4,
    GROUPS_8,
    ICOLORIT_T,
    IMAGENET,
    SWINIR_S,
    UFORMER_S,
    Numbers,
)
from adacolvit.reproduce.systems import Trained

from ..evaluation.conftest import write_tar

TINY, ICOLORIT = (
    Trained("tiny", "/home/me/tiny.safetensors", "1" * 12, 1000),
    Trained("icolorit-t", "b", "2" * 12, 1000),
)
SWINIR = Trained("swinir-s", "c", "3" * 12, 1000)


def rows(network: str, psnr, macs: float) -> list[Row]:
    values = {"gain": 1.0, "psnr_native": 20.0, "ciede2000": 5.0, "ssim": 0.9, "chroma": 5.0, "true_chroma": 9.0}
    values |= {"seam": 1.0, "true_seam": 1.0, "hint_error": 1.0, "macs": macs}
    return [Row("digest", "square", str(i), network, 10, p, **values) for i, p in enumerate(psnr)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "dev.tar"
    write_tar(path, {f"{i}.png": bytes([i]) for i in range(80)})
    return DataSet(path.name, Photos(path), draw(iter_sources(path)))


@pytest.fixture
def found(data):
    rng = np.random.default_rng(4)
    base = rng.normal(26, 3, 80)
    return Found(
        data,
        {
            TINY: rows("tiny", base + rng.normal(0.2, 0.1, 80), 0.78e9),
            ICOLORIT: rows("icolorit-t", base, 1.43e9),
            SWINIR: rows("swinir-s", base + rng.normal(0.2, 1.0, 80), 1.95e9),
        },
    )


def test_claims_stand_beside_what_was_found(found):
    stated = [
        Claim(ADACOLVIT_T, ICOLORIT_T, "psnr", 0.02),
        Claim(ADACOLVIT_T, ICOLORIT_T, "macs", -0.65),
        Claim(ICOLORIT_T, ADACOLVIT_T, "psnr", 0.5),
        Claim(ADACOLVIT_T, SWINIR_S, "psnr", 0.05),
        Claim(ADACOLVIT_T, UFORMER_S, "psnr"),
        Claim(ADACOLVIT_T, ICOLORIT_T, "lpips_unscaled", -0.001),
    ]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in claims(found, stated).splitlines()[2:]]
    verdicts = ["agrees", "agrees", "**the opposite**", "undecided", "not measured", "not measured"]
    assert [line[-1] for line in lines] == verdicts
    assert lines[0][:2] == ["AdaColViT-T has more PSNR than iColoriT-T", "+0.02 dB"]
    assert lines[1] == [
        "AdaColViT-T has less cost than iColoriT-T",
        "−0.650 GMACs",
        "−0.650 (−0.650 to −0.650)",
        "agrees",
    ]
    assert lines[0][2].startswith("+0.2") and lines[4][1] == lines[4][2] == "-"


def test_a_table_has_a_line_for_every_system_measured_or_not(found):
    lines = compared.lines(found, IMAGENET).splitlines()[2:]
    by_name = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    assert list(by_name) == [system.label for system in IMAGENET]
    assert by_name["Uformer-S"][:4] == ["2.46", "-", "28.79", "-"]
    assert by_name["AdaColViT-T"][:2] == ["0.78", "0.780 (0.780..0.780)"]
    psnr = np.mean([row.psnr for row in found.rows[TINY]])
    assert by_name["AdaColViT-T"][3].startswith(f"{psnr:.2f} (")


def test_a_claim_is_of_the_papers_numbers(found):
    of = Claim.of(IMAGENET, ADACOLVIT_T, ICOLORIT_T, "macs")
    assert of.paper == pytest.approx(-0.65) and not of.more
    for group in (GROUPS_4, GROUPS_8):
        assert Claim.of(GROUPS, GROUPS_2, group, "lpips_unscaled").paper == pytest.approx(-0.001)


def test_lpips_is_compared_in_the_feed_of_the_paper(found):
    """Fed as the paper feeds it AdaColViT-T has less; as it is meant, more."""
    for trained, unscaled, lpips in ((TINY, 0.12, 0.20), (ICOLORIT, 0.13, 0.19)):
        found.rows[trained] = [
            replace(row, lpips=lpips, lpips_unscaled=unscaled, lpips_net="squeeze") for row in found.rows[trained]
        ]
    numbers = {ADACOLVIT_T: Numbers(lpips=0.128), ICOLORIT_T: Numbers(lpips=0.130)}
    claim = Claim.of(numbers, ADACOLVIT_T, ICOLORIT_T, "lpips_unscaled")
    _, lines, note, stated = compared.write([found], lambda _: numbers, [claim])
    assert "| LPIPS, paper | paper-compatible | correct |" in lines and "| 0.128 | 0.120 | 0.200 |" in lines
    assert note.startswith("LPIPS, the paper: VGG, fed 0..1; here SqueezeNet: paper-compatible, fed 0..1; correct")
    assert "AdaColViT-T has less LPIPS than iColoriT-T | −0.002 | −0.010 (−0.010 to −0.010) | agrees" in stated


def test_intervals_are_computed_once(found):
    assert found.entry(TINY, 10) is found.entry(TINY, 10)


def test_one_photo_that_costs_far_more_than_all_others_is_drawn(found, tmp_path):
    first, *others = found.rows[TINY]
    found.rows[TINY] = [replace(first, macs=9e9), *others]
    fig4.draw(found, (ADACOLVIT_T, ICOLORIT_T), (10,), tmp_path, "fig4")
    assert (tmp_path / "fig4.png").exists()


def test_the_page_says_how_its_numbers_came_about(found, monkeypatch):
    monkeypatch.setattr(
        sys, "argv", ["adacolvit", "reproduce", "table1", "--weights", "tiny=/home/me/tiny.safetensors"]
    )
    text = provenance([found], [UFORMER_S], None, "tulips")
    assert "/home" not in text and "`adacolvit reproduce table1 --weights tiny=tiny.safetensors`" in text
    assert "measured on tulips." in text and "80 of dev.tar" in text and found.data.hint_set.digest in text
    assert "weights `111111111111`; 1,000 samples, 0.00% of the paper's" in text
    assert "not measured, for want of weights: Uformer-S" in text.replace("Not", "not")
    assert "matched: the paper does not disclose its size" in text, "wherever SwinIR-S is shown"
    assert "equally many samples" not in text
    found.rows[Trained("tiny", "d", "4" * 12, 5000)] = found.rows[TINY]
    assert "not known to have seen equally many samples" in provenance([found], [], None, "tulips")


def test_numbers_and_tables():
    assert signed(0.015, 2) in ("+0.01", "+0.02") and signed(-1.5, 1) == "−1.5"
    assert table(["", "a"], [["x", "1"]]) == "|  | a |\n| --- | ---: |\n| x | 1 |"
