import pytest

from synthuterus_bench.board.arithmetic import wrong_arithmetic
from synthuterus_bench.board.bounds import bounds_of
from synthuterus_bench.entry import Result
from synthuterus_bench.vocab import CLASSES

BY_CLASS = (0.4, 0.5, 0.6, 0.7)


def result(metric, value, scope="pooled", regime="supervised", **params) -> Result:
    return Result(
        metric=metric,
        params={"regime": regime, **params},
        direction="higher",
        scope=scope,
        n_real=1,
        n_fake=1,
        status="ok",
        value=value,
    )


def believable() -> list[Result]:
    rows = [result("macro-f1", value, name) for name, value in zip(CLASSES, BY_CLASS, strict=True)]
    rows += [result("macro-f1", 0.55), result("macro-f1-gain", 0.305, guessing=0.245)]
    return [*rows, result("probe-masked", 0.3), result("probe-border", 0.35), result("anatomy-gap", 0.2)]


def test_what_adds_up_is_no_problem():
    assert list(wrong_arithmetic(believable())) == []
    assert list(wrong_arithmetic([row for row in believable() if row.metric != "macro-f1"])) == []


@pytest.mark.parametrize(
    ("metric", "scope", "expected"),
    [
        ("macro-f1", "av-af", "mean over the classes"),
        ("macro-f1-gain", "pooled", "macro-f1 over guessing is 0.305"),
        ("probe-border", "pooled", "macro-f1 over the better probe"),
        ("anatomy-gap", "pooled", "macro-f1 over the better probe is 0.2"),
    ],
)
def test_a_number_that_does_not_follow_is_found(metric, scope, expected):
    rows = [
        row.model_copy(update={"value": row.value + 0.01}) if (row.metric, row.scope) == (metric, scope) else row
        for row in believable()
    ]
    assert any(expected in line for line in wrong_arithmetic(rows))


def test_regimes_are_not_mixed():
    other = [row.model_copy(update={"params": {"regime": "pretrained"}, "value": 0.9}) for row in believable()[:4]]
    assert list(wrong_arithmetic([*believable(), *other])) == []


@pytest.mark.parametrize(
    ("metric", "low", "direction"),
    [
        ("macro-f1-added", -1, "higher"),
        ("anatomy-gap", -1, "higher"),
        ("probe-field", 0, "none"),
        ("balanced-accuracy", 0, "higher"),
        ("auc", 0, "higher"),
        ("anatomy-valid", 0, "higher"),
    ],
)
def test_bounds_of_downstream_results(metric, low, direction):
    bounds = bounds_of(metric)
    assert (bounds.low, bounds.high, bounds.direction) == (low, 1, direction)
