import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from synthuterus_bench.metrics.base import Features, Judge, Need, Scope
from synthuterus_bench.metrics.exchange import Pair, contest, exact_p, exchanged
from synthuterus_bench.metrics.judging import judge_share
from synthuterus_bench.metrics.table import METRICS

CLASSES = 2
SIZES = (24, 24, 40, 32)
"""Images of the first and second submission, training and held-out; two of each real patient."""


def pair_of(sizes=SIZES, classes=CLASSES):
    first, second, train, test = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    strata = np.concatenate([np.arange(n) * classes // n for n in sizes])
    units = np.concatenate([first, second, 1000 + train // 2, 2000 + test // 2])
    # the null is that of relabelled real images, which a comparison has no use for
    scope = Scope("pooled", np.concatenate([first, second]), train, test, units, strata, ())
    return Pair(scope, first, second)


def features_of(need, rows, seed=0, dims=6):
    rng = np.random.default_rng(seed)
    if need is Need.ANATOMY:
        return Features(np.stack([*rng.integers(0, 2, (2, rows)), rng.integers(0, 2, rows)], 1).astype(float))
    if need is Need.LPIPS:
        square = rng.uniform(1, 2, (rows, rows))
        return Features(square + square.T)
    values = rng.normal(size=(rows, dims)) + 2
    return Features(values / np.linalg.norm(values, axis=1, keepdims=True) if need is Need.CODES else values)


def relabelled(scope):
    """The scope with one relabelling, which ``measure`` needs for its floor."""
    from synthuterus_bench.metrics.base import Relabelling

    return replace(scope, null=(Relabelling(scope.test, scope.train[::2], scope.train),))


@pytest.mark.parametrize("dims", [3, 60])
@pytest.mark.parametrize("name", METRICS)
def test_a_judge_gives_each_group_the_value_that_the_metric_measures(name, dims):
    pair, metric = pair_of(), METRICS[name]
    features = features_of(metric.need, sum(SIZES), dims=dims)
    other = next(pair.exchanges(1))
    groups = [pair.first, pair.second, *map(np.sort, other), np.delete(pair.first, [3, 20])]
    found = metric.judge(features, pair.scope).values(groups, pair.scope.test)
    for group, value in zip(groups, found, strict=True):
        alone = relabelled(replace(pair.scope, fake=group))
        assert value == pytest.approx(metric.measure(features, alone).value, rel=1e-6, abs=1e-9)


def test_exchanges_keep_classes_in_their_places_and_every_image():
    pair = pair_of()
    draws = list(pair.exchanges(30))
    for first, second in draws:
        assert sorted([*first, *second]) == sorted(pair.scope.fake)
        for side in (first, second):
            np.testing.assert_array_equal(pair.scope.strata[side], pair.scope.strata[pair.first])
    assert len({tuple(sorted(first)) for first, _ in draws}) == 30
    again = list(pair.exchanges(30))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(draws, again, strict=True))


@pytest.mark.parametrize(("one", "two", "n"), [(3, 9, 12), (0, 5, 8), (6, 6, 12), (12, 2, 20)])
def test_of_one_class_the_exact_test_is_fishers(one, two, n):
    hits = [np.arange(n) < count for count in (one, two)]
    expected = fisher_exact([[one, n - one], [two, n - two]]).pvalue
    assert exact_p(*hits, np.zeros(n, int)) == pytest.approx(expected)


def test_of_two_classes_the_exact_test_counts_every_exchange():
    classes = np.array([0, 0, 0, 1, 1])
    first, second = np.array([1, 1, 1, 1, 0], bool), np.array([0, 1, 0, 0, 0], bool)
    differences = []
    pools = [np.concatenate([first[classes == k], second[classes == k]]) for k in (0, 1)]
    for left in itertools.combinations(range(6), 3):
        for right in itertools.combinations(range(4), 2):
            mine = pools[0][list(left)].sum() + pools[1][list(right)].sum()
            differences.append(2 * mine - first.sum() - second.sum())
    expected = np.mean(np.abs(differences) >= first.sum() - second.sum())
    assert exact_p(first, second, classes) == pytest.approx(expected)


def test_a_share_is_compared_by_every_exchange_and_newcombes_interval():
    hits = np.zeros(sum(SIZES), bool)
    hits[:20], hits[24:30] = True, True
    found = contest(judge_share(hits), pair_of(), 10)
    assert (found.first, found.second) == (20 / 24, 6 / 24)
    assert found.exchanges is None
    assert found.p_value < 1e-3
    assert found.interval.low > 0.2


@pytest.mark.parametrize("name", ["fd-embedder", "kid-embedder", "irs-adjusted", "lpips", "precision-embedder"])
def test_a_submission_against_itself_is_no_difference(name):
    pair, metric = pair_of(), METRICS[name]
    features = features_of(metric.need, sum(SIZES))
    features.rows[pair.second] = features.rows[pair.first]
    if metric.need is Need.LPIPS:
        features.rows[:, pair.second] = features.rows[:, pair.first]
    found = contest(metric.judge(features, pair.scope), pair, 99)
    assert found.difference == pytest.approx(0, abs=1e-9)
    assert found.p_value == pytest.approx(1)
    assert found.interval.low <= 0 <= found.interval.high
    assert found.interval.level == pytest.approx(0.95), "the verdict looks at no other"


@pytest.mark.parametrize("name", ["fd-embedder", "kid-embedder"])
def test_sides_changed_give_the_opposite(name):
    pair, metric = pair_of(), METRICS[name]
    features = features_of(metric.need, sum(SIZES))
    features.rows[pair.second] += 0.3
    turned = Pair(pair.scope, pair.second, pair.first)
    one, two = (contest(metric.judge(features, side.scope), side, 199) for side in (pair, turned))
    assert one.difference == pytest.approx(-two.difference)
    assert one.interval.low == pytest.approx(-two.interval.high)
    assert one.p_value == pytest.approx(two.p_value, abs=0.1)


def test_chance_is_rejected_as_often_as_it_says_and_blur_is_found():
    """One Fréchet distance, 400 pairs of one distribution; 5 % of them, 2.8 to 7.5 % with 95 % probability."""
    pair, rng = pair_of((20, 20, 8, 20), 1), np.random.default_rng(3)
    judge = METRICS["fd-embedder"].judge
    p_values = [contest(judge(Features(rng.normal(size=(68, 4))), pair.scope), pair, 79).p_value for _ in range(400)]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.085
    features = rng.normal(size=(68, 4))
    features[pair.second] *= 0.2
    found = contest(judge(Features(features), pair.scope), pair, 199)
    assert found.p_value == pytest.approx(1 / 200)
    assert found.interval.high < 0


def test_batches_do_not_matter(monkeypatch):
    pair, judge = pair_of(), Judge(lambda groups, _: np.array([group.sum() for group in groups], float))
    whole = exchanged(judge, pair, 40)
    monkeypatch.setattr("synthuterus_bench.metrics.exchange.BATCH", 7)
    np.testing.assert_array_equal(whole, exchanged(judge, pair, 40))
