import numpy as np
import pytest
from scipy import stats as reference

from synthuterus_bench.stats import (
    bootstrap_counts,
    difference_interval,
    effective_trials,
    exceedance,
    holm,
    jackknife_variance,
    normal_interval,
    percentile_interval,
    significant,
    wilson_interval,
)


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (3, 10), (10, 10), (417, 1000)])
def test_wilson_agrees_with_scipy(hits, trials):
    expected = reference.binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson_interval(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_single_trials_count_in_full_and_equal_ones_of_a_unit_as_one():
    hits = np.arange(40) % 4 == 0
    assert effective_trials(hits, np.arange(40)) == 40
    assert effective_trials(np.ones(40, bool), np.arange(40) // 2) == 20
    assert effective_trials(np.repeat(hits, 2), np.arange(80) // 2) == pytest.approx(39)
    assert effective_trials(hits, np.zeros(40)) == 1


def test_of_images_of_one_patient_that_are_alike_the_interval_still_holds():
    rng = np.random.default_rng(0)
    held = np.zeros(2)
    for _ in range(600):
        patient = np.repeat(rng.random(100) < 0.7, 2)
        hits, units = np.where(rng.random(200) < 0.5, patient, rng.random(200) < 0.7), np.arange(200) // 2
        for place, trials in enumerate((200.0, effective_trials(hits, units))):
            low, high = wilson_interval(hits.mean() * trials, trials)
            held[place] += low <= 0.7 <= high
    assert held[1] / 600 > 0.93
    assert held[0] < held[1]


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_contradictions(hits, trials):
    with pytest.raises(ValueError):
        wilson_interval(hits, trials)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_differences_of_proportions_have_newcombes_interval(first, second, low, high):
    """Table II of Newcombe 1998, method 10."""
    one, two = ((hits / trials, *wilson_interval(hits, trials)) for hits, trials in (first, second))
    value, *ends = difference_interval(one, two)
    assert value == pytest.approx(one[0] - two[0])
    assert ends == pytest.approx([low, high], abs=5e-5)


def test_differences_of_normal_means_have_the_normal_interval():
    ends = [(value, *normal_interval(value, variance)) for value, variance in ((3.0, 0.25), (1.0, 0.16))]
    assert difference_interval(*ends)[1:] == pytest.approx(normal_interval(2.0, 0.41))


def test_percentiles_hold_the_level():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))


def test_bootstrap_draws_as_many_units_as_there_are():
    counts = bootstrap_counts(np.random.default_rng(0), 7, 50)
    assert counts.shape == (50, 7)
    assert np.all(counts.sum(1) == 7)
    assert counts.std() > 0


def test_jackknife_of_a_mean_is_its_textbook_variance():
    x = np.random.default_rng(0).normal(size=40)
    without = (x.sum() - x) / 39
    assert jackknife_variance(without, np.zeros(40, int)) == pytest.approx(x.var(ddof=1) / 40)


def test_jackknife_takes_each_stratum_by_itself():
    x = np.random.default_rng(0).normal(size=60)
    strata = np.arange(60) % 3
    x = x + 10 * strata
    without = (x.sum() - x) / 59
    spread = sum(x[strata == k].var(ddof=1) / 20 for k in range(3)) / 9
    assert jackknife_variance(without, strata) == pytest.approx(spread, rel=0.1)
    assert jackknife_variance(without, np.zeros(60, int)) > 20 * spread


def test_normal_interval_of_a_standard_normal():
    assert normal_interval(1.0, 4.0) == pytest.approx((1 - 2 * 1.959964, 1 + 2 * 1.959964), abs=1e-5)


def test_exceedance_is_never_zero():
    assert exceedance(np.zeros(99, bool)) == pytest.approx(0.01)
    assert exceedance(np.ones(99, bool)) == 1


def test_significant_digits():
    assert significant(123456789.0) == 123457000.0
    assert significant(-0.000123456789) == -0.000123457
    assert significant(0.0) == 0.0


def test_holm_by_hand_and_against_each_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1, 1]
    values = np.random.default_rng(0).uniform(size=7)
    order = np.random.default_rng(1).permutation(7)
    np.testing.assert_allclose(np.array(holm(values))[order], holm(values[order]))
