from math import comb

import numpy as np
import pytest

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.irs import (
    IRS,
    IRS_INFINITY,
    at_most,
    irs_from_counts,
    measure_irs,
    most_likely,
    retrieve,
)
from synthuterus_bench.metrics.scopes import make_scopes


@pytest.mark.parametrize(
    ("counts", "lower", "infinity", "upper"),
    [
        ((67, 200, 40), 0.597015, 0.597015, 0.611940),
        ((267, 200, 100), 0.426966, 0.468165, 0.524345),
        ((240, 27, 20), 0.108333, 0.170833, 0.345833),
        ((10000, 5000, 3000), 0.4329, 0.4438, 0.4555),
    ],
)
def test_published_table(counts, lower, infinity, upper):
    found = irs_from_counts(*counts)
    assert (found.lower, found.infinity, found.upper) == pytest.approx((lower, infinity, upper), abs=5e-7)
    assert found.alpha == counts[2] / counts[0]


def test_bounds_of_a_comparison_are_wider():
    usual, wide = irs_from_counts(267, 200, 100), irs_from_counts(267, 200, 100, 0.025)
    assert wide.lower < usual.lower < usual.infinity == wide.infinity < usual.upper < wide.upper


def likelihood(k: int, s: int, n: int) -> float:
    """P(k | s, n) from the Stirling numbers by inclusion and exclusion, in exact integers."""
    surjections = sum((-1) ** j * comb(k, j) * (k - j) ** n for j in range(k + 1))
    return surjections * comb(s, k) / s**n


@pytest.mark.parametrize(("n_train", "n_queries"), [(12, 9), (20, 7), (6, 15)])
def test_against_the_equation_itself(n_train, n_queries):
    for k in range(1, min(n_train, n_queries) + 1):
        candidates = range(k, n_train + 1)
        values = [likelihood(k, s, n_queries) for s in candidates]
        assert likelihood(k, most_likely(n_train, n_queries, k), n_queries) == pytest.approx(max(values))
        for s in candidates:
            assert at_most(k, s, n_queries) == pytest.approx(
                sum(likelihood(j, s, n_queries) for j in range(1, k + 1)), abs=1e-12
            )


def test_bounds_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    n_train, n_queries, learned = 120, 60, 45
    held = 0
    for _ in range(150):
        hits = len(np.unique(rng.integers(learned, size=n_queries)))
        found = irs_from_counts(n_train, n_queries, hits)
        held += found.lower * n_train <= learned <= found.upper * n_train
        assert found.lower <= found.infinity <= found.upper
    assert held / 150 >= 0.9


def test_more_hits_never_lower_the_score():
    scores = [irs_from_counts(50, 30, k).infinity for k in range(1, 31)]
    assert scores == sorted(scores)
    assert scores[-1] == 1


@pytest.mark.parametrize("counts", [(10, 5, 0), (10, 5, 6), (4, 9, 5)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError):
        irs_from_counts(*counts)


def unit_rows(rng, n, dims=16):
    rows = rng.normal(size=(n, dims))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_generator_that_knows_one_image_scores_low_and_a_real_one_about_one():
    rng = np.random.default_rng(0)
    train, test, real = (unit_rows(rng, n) for n in (80, 60, 60))
    collapsed = np.repeat(train[:1], 60, 0)
    groups = [np.zeros(n, np.int64) for n in (60, 80, 60)]
    scope = make_scopes(*groups, np.arange(200), ["one"], permutations=20, seed=0)[0]
    poor, good = (measure_irs(Features(np.concatenate([fake, train, test])), scope) for fake in (collapsed, real))
    assert poor.value < 0.1
    assert poor.value < good.floor.low < good.value < 1.6
    assert good.interval.low <= good.value <= good.interval.high


def test_the_distribution_is_that_of_simulated_draws():
    rng = np.random.default_rng(2)
    hits = np.array([len(np.unique(rng.integers(30, size=40))) for _ in range(20000)])
    for k in range(18, 28):
        assert at_most(k, 30, 40) == pytest.approx(np.mean(hits <= k), abs=0.02)


def test_the_plain_score_is_bounded_and_the_adjusted_one_divides_it():
    rng = np.random.default_rng(3)
    groups = [np.zeros(n, np.int64) for n in (60, 80, 60)]
    scope = make_scopes(*groups, np.arange(200), ["one"], permutations=5, seed=0)[0]
    codes = Features(unit_rows(rng, 200))
    plain, adjusted = IRS_INFINITY.measure(codes, scope), IRS.measure(codes, scope)
    held_out = retrieve(codes.rows, scope.test, scope.train).infinity
    assert adjusted.value == pytest.approx(plain.value / held_out)
    assert (
        adjusted.interval.low < plain.interval.low / held_out < plain.interval.high / held_out < adjusted.interval.high
    )
    assert IRS_INFINITY.within(plain.value)


def test_without_training_images_there_is_nothing_to_retrieve():
    groups = [np.zeros(n, np.int64) for n in (6, 0, 6)]
    scope = make_scopes(*groups, np.arange(12), ["one"], permutations=1, seed=0)[1]
    with pytest.raises(TooFewError, match="0 training images"):
        measure_irs(Features(unit_rows(np.random.default_rng(0), 12)), scope)
