from synthuterus_bench.bench.digits import Digits
from synthuterus_bench.bench.table import TITLES, by_scope, cell, columns, entry_table
from synthuterus_bench.entry import Result
from tests.board.samples import NO_INCEPTION, entry


def result(metric="kid-embedder", value: float | None = 1.0, scope="pooled", **params) -> Result:
    status = {"status": "ok"} if value is not None else {"status": "unavailable", "reason": "no weights"}
    return Result(
        metric=metric, params=params, direction="lower", scope=scope, n_real=1, n_fake=1, value=value, **status
    )


def test_parameters_are_part_of_a_metric():
    found = columns([result(layer=64), result(layer=2048), result(layer=64, scope="av-af")])
    assert [column.detail for column in found] == ["layer 2048", "layer 64"]
    assert [column.detail for column in columns([result(layer=64)])] == [""]


def test_regimes_are_told_apart_by_their_name_alone():
    found = columns([result("macro-f1", regime="k-means"), result("macro-f1", regime="supervised", net="x", epochs=3)])
    assert sorted(column.detail for column in found) == ["k-means", "supervised"]


def test_regimes_come_in_their_order_and_one_without_a_value_stays():
    """Its weights are not at hand, which the other regimes say nothing of."""
    lacking = result("auc", value=None, regime="pretrained")
    rows = [result("auc", regime="k-means"), result("auc", regime="supervised", net="x"), lacking]
    found = columns(rows)
    assert [column.detail for column in found] == ["supervised", "pretrained", "k-means"]
    assert by_scope(rows, found[1]) == {"pooled": lacking}


def test_all_planes_together_come_before_one_and_the_sagittal_one_before_others():
    planes = [result(plane=plane, dims=2) for plane in ("axial", "coronal", "sagittal")]
    found = columns([*planes, result(slices="middle of three planes", dims=6)])
    assert [column.detail for column in found] == [
        "middle of three planes",
        *(f"plane {plane}" for plane in ("sagittal", "coronal", "axial")),
    ]


def test_a_probe_stands_beside_chance():
    found = columns(
        [result("probe-masked", regime="supervised", guessing=0.2413), result("macro-f1-gain", guessing=0.2)]
    )
    assert [(column.title, column.detail) for column in found] == [
        ("Macro-F1 gain", ""),
        ("Macro-F1, uterus hidden", "chance 0.24"),
    ]


def test_result_without_a_value_joins_the_column_of_its_metric():
    """The evaluator cannot name the extractor that it lacks."""
    lacking, measured = result(value=None), result(weights="aa")
    (column,) = columns([lacking, measured])
    assert by_scope([lacking], column) == {"pooled": lacking}
    assert by_scope([lacking, measured], column) == {"pooled": measured}


def test_result_without_a_value_stays_out_of_other_parameters():
    lacking = result(value=None, regime="k-means")
    supervised, k_means = columns([lacking, result(regime="supervised")])
    assert by_scope([lacking], supervised) == {}
    assert by_scope([lacking], k_means) == {"pooled": lacking}


def test_cells():
    assert cell(None, Digits()) is None
    lacking = cell(result(value=None), Digits())
    assert (lacking.status, lacking.value, lacking.reason, lacking.sort) == ("unavailable", "", "no weights", None)
    assert cell(result(value=0.0), Digits()).sort == 0.0


def test_entry_table_has_every_scope_in_order():
    table = entry_table(entry())
    assert table.scopes == ("pooled", "av-af", "av-rf", "rv-af", "rv-rf")
    first = table.rows[0]
    assert first.column.title == "Embedder KID"
    assert first.column.arrow == "↓"
    assert [scope for scope, _ in first.cells] == [*table.scopes]


def test_unavailable_row_says_why_in_every_scope():
    table = entry_table(
        entry("A very long generator name from a group that likes descriptive names, revision 2026-03 (EMA)")
    )
    row = next(row for row in table.rows if row.column.metric == "fid-64")
    assert {cell.reason for _, cell in row.cells} == {NO_INCEPTION}


def test_every_metric_has_a_title():
    from synthuterus_bench.metrics.table import METRICS

    assert set(METRICS) <= set(TITLES)
