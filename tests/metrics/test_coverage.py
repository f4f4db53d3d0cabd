"""Nominal and measured coverage of every kind of interval; docs/evaluate.md has the numbers. ``-s`` prints them."""

import pytest

from tests.metrics.coverage import (
    COMPARED,
    NAMES,
    SCORES,
    comparison_coverage,
    difference_coverage,
    metric_coverage,
    score_coverage,
)

SHORT = 0.05
"""How far below its nominal level an interval may stay; 400 repetitions tell 95 from 90 %."""

BOOTSTRAP = 0.06
"""The same of percentile bootstraps over 60 patients, which are a little narrow."""

LONGEST = 9
"""Mean width in standard deviations of the values; 95 % of a normal distribution are 3.9 wide."""


def holds(one, short=SHORT):
    print(one)
    assert one.share >= one.level - short
    assert one.width <= LONGEST * one.spread


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_metrics(name):
    holds(metric_coverage(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARED)
def test_differences_of_metrics(name):
    holds(comparison_coverage(name))


@pytest.mark.slow
@pytest.mark.parametrize("which", [None, 1])
@pytest.mark.parametrize("measure", SCORES)
def test_scores_of_classifiers(measure, which):
    holds(score_coverage(measure, which), BOOTSTRAP)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["macro-f1", "auc"])
def test_differences_of_classifiers(measure):
    holds(difference_coverage(measure), BOOTSTRAP)


def test_an_interval_half_as_wide_would_be_caught(monkeypatch):
    from synthuterus_bench.metrics import pairs

    whole = pairs.normal_interval
    monkeypatch.setattr(pairs, "normal_interval", lambda value, variance: whole(value, variance / 4))
    with pytest.raises(AssertionError):
        holds(metric_coverage("kid-embedder", 120, 300))
