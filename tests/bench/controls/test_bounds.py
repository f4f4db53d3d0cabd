import math

import pytest

from synthuterus_bench.bench.controls.bounds import Bound, Rule, load_bounds
from synthuterus_bench.bench.suite import SUITES
from synthuterus_bench.entry import Floor, Interval, Result
from synthuterus_bench.metrics.table import METRICS

LEARNED = ("macro-f1", "macro-f1-gain", "balanced-accuracy", "auc", "macro-f1-added")
PROBES = ("probe-masked", "probe-border", "probe-field", "anatomy-gap")
COUNTED = ("copies-of-train", "copies-of-test", "repeats")


def result(value, metric="fd-embedder", **facts):
    base = {"direction": "lower", "scope": "pooled", "n_real": 50, "n_fake": 40, "status": "ok"}
    floor = Floor(value=10, low=8, high=13)
    ci = Interval(low=value - 1, high=value + 2, level=0.95, method="any", unit="patient")
    return Result(metric=metric, value=value, **base | {"floor": floor, "ci": ci} | facts)


def bound(rule, **facts):
    return Bound(of=("fd-embedder",), rule=rule, why="a reason", **facts)


@pytest.mark.parametrize("control", load_bounds().controls)
def test_every_metric_of_every_suite_has_a_bound_and_a_reason(control):
    bounds = load_bounds()
    names = {*METRICS, *LEARNED, *PROBES, *COUNTED} | {metric for suite in SUITES.values() for metric in suite.metrics}
    for name in names:
        for where in ("pooled", "classes"):
            found = bounds.find(control, name, where)
            assert found is not None, name
            assert len(found.why) > 5


def test_no_bound_is_of_something_that_is_not_measured():
    bounds = load_bounds()
    known = {*METRICS, *LEARNED, *PROBES, *COUNTED, *bounds.groups}
    assert {word for control in bounds.controls.values() for line in control.bounds for word in line.of} <= known
    assert {word for group in bounds.groups.values() for word in group} <= known


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        (Rule.LIKE_REAL, (6, 16)),
        (Rule.ABOVE_REAL, (16, None)),
        (Rule.BELOW_REAL, (None, 6)),
        (Rule.AT_LEAST_REAL, (6, None)),
        (Rule.AT_MOST_REAL, (None, 16)),
        (Rule.OPEN, (None, None)),
    ],
)
def test_floors_are_taken_twice_as_wide(rule, ends):
    assert bound(rule).allowed(result(3.0)) == ends


@pytest.mark.parametrize(("value", "inside"), [(0.0, True), (1.9, True), (2.1, False), (-3.9, True), (-4.1, False)])
def test_zero_is_within_twice_the_own_interval(value, inside):
    line = bound(Rule.ZERO)
    assert line.holds(value, line.allowed(result(value))) is inside
    below, above = bound(Rule.NOT_BELOW_ZERO), bound(Rule.NOT_ABOVE_ZERO)
    assert below.holds(value, below.allowed(result(value))) is (value > -4)
    assert above.holds(value, above.allowed(result(value))) is (value < 2)


def test_ranges_are_multiples_of_floor_of_one_image_and_of_all():
    line = lambda times: bound(Rule.RANGE, low=1, high=2, times=times).allowed(result(1.0))
    assert [line(times) for times in (None, "floor", "one-in-n", "images")] == [
        (1, 2),
        (10, 20),
        (0.02, 0.04),
        (40, 80),
    ]
    assert bound(Rule.RANGE, low=3).allowed(result(1.0)) == (3, None)


def test_one_of_a_few_values_pooled_and_their_span_as_a_mean():
    line = bound(Rule.ONE_OF, values=(0, 1))
    allowed = line.allowed(result(1.0))
    assert [line.holds(value, allowed) for value in (0, 0.5, 1)] == [True, False, True]
    assert [line.holds(value, allowed, "classes") for value in (-0.1, 0, 0.5, 1, 1.1)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_chance_is_three_standard_deviations_of_guessing_patients():
    ends = {m: bound(Rule.CHANCE).allowed(result(0.3, m, n_real=192)) for m in ("macro-f1", "macro-f1-gain", "auc")}
    lucky = 3 * math.sqrt(0.25 * 0.75 / 96)
    assert ends["macro-f1"] == (None, pytest.approx(0.25 + lucky))
    assert ends["macro-f1-gain"] == (None, pytest.approx(lucky))
    assert ends["auc"] == (None, pytest.approx(0.5 + 3 * math.sqrt(97 / (12 * 24 * 72))))


def test_a_later_line_goes_before_and_a_regime_or_scope_narrows_it():
    bounds = load_bounds()
    find = lambda *what: bounds.find(*what).rule
    assert find("one-mode-per-class", "macro-f1", "pooled", "supervised") is Rule.BELOW_REAL
    assert find("one-mode-per-class", "macro-f1", "pooled", "k-means") is Rule.AT_MOST_REAL
    assert find("wrong-labels", "fd-embedder", "pooled") is Rule.LIKE_REAL
    assert find("wrong-labels", "fd-embedder", "classes") is Rule.ABOVE_REAL
