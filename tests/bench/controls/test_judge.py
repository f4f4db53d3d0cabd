import json

import pytest

from synthuterus_bench.bench.controls.bounds import Bound, Bounds, Control, Rule, load_bounds
from synthuterus_bench.bench.controls.judge import judge
from synthuterus_bench.bench.controls.record import ControlReport
from synthuterus_bench.bench.controls.table import allowed, markdown, rows, summary
from synthuterus_bench.entry import Entry
from synthuterus_bench.vocab import CLASSES

DIGEST = "0" * 64


def row(metric, scope, value, floor=(1, 0.5, 2), **facts):
    base = {"metric": metric, "direction": "lower", "scope": scope, "n_real": 50, "n_fake": 8, "status": "ok"}
    ends = dict(zip(("value", "low", "high"), floor, strict=True))
    return base | {"value": value, "floor": ends} | facts


def gone(metric, scope):
    base = {"metric": metric, "direction": "lower", "scope": scope, "n_real": 50, "n_fake": 8}
    return base | {"status": "unavailable", "reason": "no weights"}


def entry(results):
    return Entry.model_validate(
        {
            "suite": {"id": "demo", "version": 1, "protocol_digest": DIGEST, "reference": "phantom"}
            | {"reference_digest": DIGEST},
            "schema": "synthuterus-entry/1",
            "generator": {"name": "mine"},
            "dataset": {"manifest_sha256": DIGEST, "n_per_class": {"av-af": 8}},
            "overlap": {"copies_of_train": 8, "copies_of_test": 0, "repeats": 0},
            "results": results,
            "environment": {},
        }
    )


@pytest.fixture
def results():
    by_class = [row("fd-embedder", str(name), 2.0 + k) for k, name in enumerate(CLASSES)]
    learned = {"params": {"regime": "k-means"}, "direction": "higher"}
    lpips = [gone("lpips", scope) for scope in ("pooled", *CLASSES)]
    return [row("fd-embedder", "pooled", 2.5), *by_class, row("macro-f1", "pooled", 0.9, **learned), *lpips]


def report(cells):
    names = list(dict.fromkeys(cell.control for cell in cells))
    return ControlReport(
        suite="demo",
        protocol_digest=DIGEST,
        reference="phantom",
        reference_digest=DIGEST,
        bounds_version=1,
        images=8,
        controls={name: load_bounds().controls[name].what for name in names},
        cells=tuple(cells),
        environment={},
    )


def test_values_are_held_against_their_own_floors_and_classes_are_averaged(results):
    cells = {cell.row: cell for cell in judge("real-half", entry(results), load_bounds())}
    pooled, classes = (cells["fd-embedder", None, where] for where in ("pooled", "classes"))
    assert (pooled.value, pooled.low, pooled.high, pooled.verdict) == (2.5, 0, 3, "holds")
    assert (classes.value, classes.verdict) == (3.5, "fails")
    assert cells["macro-f1", "k-means", "pooled"].verdict == "holds"
    assert ("macro-f1", "k-means", "classes") not in cells
    lpips = cells["lpips", None, "classes"]
    assert (lpips.verdict, lpips.value, lpips.reason) == ("unavailable", None, "av-af: no weights")
    copies = cells["copies-of-train", None, "pooled"]
    assert (copies.value, copies.high, copies.verdict) == (8, 0, "fails")


def test_no_claim_is_no_verdict(results):
    cells = {
        cell.row: cell
        for cell in judge(
            "constant",
            entry([row("ct-embedder", "pooled", 1.0), *(row("ct-embedder", str(name), 1.0) for name in CLASSES)]),
            load_bounds(),
        )
    }
    assert cells["ct-embedder", None, "pooled"].verdict == "no claim"


def test_a_metric_without_a_bound_is_an_error(results):
    empty = Bounds(version=1, groups={}, controls={"real-half": Control(what="none", bounds=())})
    with pytest.raises(KeyError, match="no bound of fd-embedder"):
        judge("real-half", entry(results), empty)


def test_the_table_says_what_failed_and_what_could_not_be_measured(results):
    cells = [cell for name in ("real-half", "blurred") for cell in judge(name, entry(results), load_bounds())]
    found = report(cells)
    text = markdown(found)
    assert "| fd-embedder | 2.5 ✓<br>0 to 3 | 2.5 ✗<br>≥ 3 |" in text
    assert "unavailable: lpips, lpips, by class (no weights)" in text
    assert "fails: copies-of-train on real-half: found 8, expected = 0" in summary(found)
    assert len(rows(found)) == len({cell.row for cell in cells})


def test_a_record_is_read_back(results, tmp_path):
    found = report(judge("real-half", entry(results), load_bounds()))
    found.save(tmp_path / "controls.json")
    text = (tmp_path / "controls.json").read_text(encoding="utf-8")
    assert ControlReport.model_validate_json(text) == found
    assert json.loads(text)["schema"] == "synthuterus-controls/1"
    assert found.find("real-half", "fd-embedder").value == 2.5


def test_what_is_allowed_in_words(results):
    cell = judge("real-half", entry(results), load_bounds())[0]
    said = lambda **ends: allowed(cell.model_copy(update={"low": None, "high": None} | ends))
    assert [said(low=1.0), said(high=2.0), said(low=1.0, high=2.0), said(low=1.0, high=1.0), said()] == [
        "≥ 1",
        "≤ 2",
        "1 to 2",
        "= 1",
        "",
    ]
    assert said(values=(0, 0.25)) == "0 or 0.25"
    assert Bound(of=("a",), rule=Rule.OPEN, why="none").values == ()
