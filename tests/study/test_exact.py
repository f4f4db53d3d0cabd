import numpy as np
import pytest
from scipy.stats import binom, binomtest

from synthuterus_bench.study.exact import against_chance, clopper_pearson, every_interval


@pytest.mark.parametrize("hits", [0, 1, 9, 10, 19, 20])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_interval_is_scipys(hits, level):
    other = binomtest(hits, 20).proportion_ci(level, method="exact")
    assert clopper_pearson(hits, 20, level) == pytest.approx((other.low, other.high), abs=1e-9)


def test_ends_are_where_the_tails_are_a_fortieth():
    low, high = clopper_pearson(13, 20)
    assert binom.sf(12, 20, low) == pytest.approx(0.025)
    assert binom.cdf(13, 20, high) == pytest.approx(0.025)


@pytest.mark.parametrize("truth", [0.05, 0.5, 0.8])
def test_it_never_covers_less_than_it_says(truth):
    low, high = every_interval(30)
    inside = (low <= truth) & (truth <= high)
    assert binom.pmf(np.flatnonzero(inside), 30, truth).sum() >= 0.95


def test_guessing_is_never_unlikely():
    assert against_chance(10, 20) == 1
    assert against_chance(20, 20) == pytest.approx(2 * 0.5**20)
    assert against_chance(3, 20) == pytest.approx(against_chance(17, 20))


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits, trials):
    with pytest.raises(ValueError, match="hits of"):
        clopper_pearson(hits, trials)
