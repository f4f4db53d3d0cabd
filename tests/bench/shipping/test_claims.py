"""Claims between made-up measurements: each number falls as it was made to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from synthuterus_bench.bench.shipping.claims import CLAIMS, Claim, Fall, Model, find_model, try_claim
from synthuterus_bench.bench.shipping.claims_page import claims_page, sentence
from synthuterus_bench.generators.measured import Judged, Measured, Recovered, Value
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.stats import wilson_interval
from tests.training.test_card import record

ROOT = Path(__file__).parents[3]
PAIR = Claim("This against that", "ddpm2d-ct-roi", "ddpm2d-class-roi")


def share(hits: int, trials: int) -> Value:
    low, high = wilson_interval(hits, trials)
    return Value(value=round(hits / trials, 4), low=round(low, 4), high=round(high, 4))


def measured(valid: int = 360, asked: int | None = 340, field: int = 300, **changes) -> Measured:
    """Of 400 samples so many with valid anatomy, as asked, and with the field strength that was asked for."""
    judged = [
        Judged(
            pictures=name,
            images=400,
            plausible=share(400, 400),
            valid=share(hits, 400),
            agreement=None if asked is None else share(agreeing, 400),
        )
        for name, hits, agreeing in (("samples", valid, asked), ("fresh phantom images", 390, 370))
    ]
    found = Recovered(condition="field strength", samples=400, share=share(field, 400), real_images=400, real=None)
    values = {
        "fd-embedder": Value(value=2.0),
        "kid-embedder": Value(value=0.01, low=0.008, high=0.012),
        "irs-adjusted": Value(value=0.9, low=0.7, high=1.2),
    }
    facts = {
        "weights_sha256": "0" * 64, "recipe_sha256": "0" * 64, "embedder_sha256": "e" * 64,
        "localiser_sha256": "1" * 64, "reader_sha256": "r" * 64, "reference": "phantom-v1, test split",
        "reference_digest": "d" * 64, "reference_images": 400, "samples": 400, "candidates": 404, "rejected": 4,
        "values": values, "anatomy": judged, "samplers": [], "device": "cpu", "conditions": [found],
    }  # fmt: skip
    return Measured(**(facts | changes))


def tried(first: Measured, second: Measured):
    models = {
        name: Model(one, record(name, config={"channels": [8]}))
        for name, one in ((PAIR.first, first), (PAIR.second, second))
    }
    return try_claim(PAIR, models)


def falls(trial) -> dict[str, Fall]:
    return {row.name: row.fall for row in trial.rows}


def test_equal_numbers_cannot_be_told_apart_and_those_without_an_interval_are_not_tested():
    found = falls(tried(measured(), measured()))
    assert found["anatomy valid"] is found["kid-embedder"] is found["rejected by the filter"] is Fall.NEITHER
    assert found["fd-embedder"] is Fall.UNTESTED
    assert found["precision-embedder"] is Fall.LACKING


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("anatomy valid", {"valid": 395}),
        ("anatomy as asked", {"asked": 395}),
        ("field strength found", {"field": 390}),
        ("kid-embedder", {"values": {"kid-embedder": Value(value=0.001, low=0.0005, high=0.0015)}}),
        ("irs-adjusted", {"values": {"irs-adjusted": Value(value=2.0, low=1.8, high=2.2)}}),
        ("rejected by the filter", {"candidates": 1000, "rejected": 0}),
    ],
)
def test_what_is_better_is_found_on_either_side(name, better):
    worse = measured(candidates=1000, rejected=40) if "rejected" in better else measured()
    assert falls(tried(measured(**better), worse))[name] is Fall.FIRST
    assert falls(tried(worse, measured(**better)))[name] is Fall.SECOND


def test_intervals_that_overlap_may_still_leave_out_no_difference():
    """The reason why overlap is no test."""
    first, second = measured(valid=360), measured(valid=338)
    row = tried(first, second).rows[0]
    assert second.anatomy[0].valid.high > first.anatomy[0].valid.low
    assert row.fall is Fall.FIRST
    assert row.difference[1] > 0


@pytest.mark.parametrize(
    ("change", "apart"),
    [
        ({"samples": 80}, {"kid-embedder", "fd-embedder", "irs-adjusted"}),
        ({"reference_images": 40}, {"kid-embedder", "fd-embedder", "irs-adjusted"}),
        ({"reference_digest": "f" * 64}, {"kid-embedder", "fd-embedder", "irs-adjusted", "rejected by the filter"}),
        ({"embedder_sha256": "f" * 64}, {"kid-embedder", "fd-embedder", "irs-adjusted", "rejected by the filter"}),
        ({"localiser_sha256": "f" * 64}, {"anatomy valid", "anatomy as asked"}),
        ({"reader_sha256": "f" * 64}, {"field strength found"}),
    ],
)
def test_sets_of_other_size_or_view_and_other_judges_are_not_compared(change, apart):
    trial = tried(measured(), measured(**change))
    assert {row.name for row in trial.named(Fall.APART)} == apart
    assert all(row.why and row.difference is None for row in trial.named(Fall.APART))
    assert "not comparable: " in sentence(trial)


def test_the_sentence_says_which_way_it_fell():
    assert "`ddpm2d-ct-roi` is the better one" in sentence(tried(measured(valid=395), measured()))
    assert "The other way: `ddpm2d-class-roi`" in sentence(tried(measured(), measured(valid=395)))
    assert "Each is better in something" in sentence(tried(measured(valid=395), measured(field=390)))
    assert "Neither is better" in sentence(tried(measured(), measured()))
    assert sentence(tried(measured(), measured())).count(".") == 1


def test_a_model_that_is_told_no_class_has_no_row_to_compare_it_by():
    assert falls(tried(measured(), measured(asked=None)))["anatomy as asked"] is Fall.LACKING


def test_the_page_has_a_table_a_claim_that_was_tried_and_says_which_weights_are_lacking(tmp_path):
    for name, one in ((PAIR.first, measured()), (PAIR.second, measured(valid=300))):
        folder = tmp_path / f"w-{name}" / "pipeline"
        folder.mkdir(parents=True)
        (folder / "measured.json").write_text(one.model_dump_json())
        (folder / "training.json").write_text(canonical_json(record(name).model_dump(mode="json")))
    script, out = ROOT / "benchmarks" / "claims.py", tmp_path / "claims.md"
    subprocess.run([sys.executable, script, "--work", tmp_path, "--out", out], check=True, capture_output=True)
    page = out.read_text(encoding="utf-8")
    assert page.count("\n## ") == len(CLAIMS)
    assert page.count("Not tried") == len(CLAIMS) - 1
    assert "Not tried: `ddpm2d-uncond-roi` not measured." in page
    assert "| anatomy valid | 0.9 (0.867 to 0.926) [0.975 (0.955 to 0.986)] | 0.75" in page
    assert re.search(r"\+15\.0 points, \+\d+\.\d to \+\d+\.\d \| the first is better \|", page)
    assert "| fd-embedder | 2 | 2 |  | no interval, so not tested |" in page


def test_what_ships_goes_before_what_was_kept_of_it(tmp_path):
    for home, valid in (("shipped", 300), ("measured", 395)):
        folder = tmp_path / home
        folder.mkdir()
        (folder / "measured.json").write_text(measured(valid=valid).model_dump_json())
        (folder / "training.json").write_text(canonical_json(record(PAIR.first).model_dump(mode="json")))
    lacking, shipped, kept = (tmp_path / name for name in ("lacking", "shipped", "measured"))
    assert find_model(lacking, shipped, kept) == find_model(shipped) != find_model(kept) == find_model(lacking, kept)
    assert find_model(lacking) is None


def test_the_committed_page_is_of_what_ships():
    names = {name for claim in CLAIMS for name in (claim.first, claim.second)}
    homes = (ROOT / "synthuterus_bench" / "shipped", ROOT / "docs" / "measured")
    models = {name: find_model(*(home / name for home in homes)) for name in names}
    page = ROOT / "docs" / "claims.md"
    assert page.read_text(encoding="utf-8") == claims_page(models), "write it again: python benchmarks/claims.py"
