import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.authpct import AUTHPCT, authentic
from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.copying import CT, copying, z_score
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.scopes import make_scopes
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.stats import wilson_interval

SIZES = (40, 80, 40)


def scope(classes=1, units=None):
    groups = [np.arange(n) % classes for n in SIZES]
    units = np.arange(sum(SIZES)) if units is None else units
    return make_scopes(*groups, units, [f"c{k}" for k in range(classes)], permutations=30, seed=0)[0]


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(sum(SIZES), 4))


def test_authentic_by_loops(points):
    one = scope()
    found = authentic(Gram.of(points), one.fake, one.train, one.units)
    length = lambda a, b: np.linalg.norm(points[a] - points[b])
    for row, said in zip(one.fake, found, strict=True):
        near = min(one.train, key=lambda other: length(row, other))
        assert said == (length(row, near) > min(length(near, other) for other in one.train if other != near))


def test_copies_are_not_authentic_and_real_people_are(points):
    one = scope()
    perfect = AUTHPCT.measure(Features(points), one)
    assert perfect.floor.low <= perfect.value <= perfect.floor.high
    assert (perfect.interval.low, perfect.interval.high) == wilson_interval(round(40 * perfect.value), 40)
    points[one.fake[:20]] = points[one.train[:20]] + 1e-6
    half = AUTHPCT.measure(Features(points), one)
    assert half.value <= 0.5
    assert AUTHPCT.p_value(half) < 0.05


def test_the_other_slice_of_a_patient_is_nobody_elses_neighbour(points):
    units = np.concatenate([np.arange(40), 100 + np.arange(80) // 2, 300 + np.arange(40)])
    one = scope(units=units)
    points[one.train[1::2]] = points[one.train[::2]] + 1e-9
    twice = authentic(Gram.of(points), one.fake, one.train, units)
    alone = authentic(Gram.of(points), one.fake, one.train[::2], units)
    np.testing.assert_array_equal(twice, alone)
    with pytest.raises(TooFewError, match="1 patient"):
        authentic(Gram.of(points), one.fake, one.train[:2], units)


def test_z_score_is_that_of_mann_whitney():
    rng = np.random.default_rng(1)
    fake, test = rng.normal(size=30), rng.normal(size=25) + 0.4
    u = mannwhitneyu(fake, test).statistic
    assert z_score(fake, test) == pytest.approx((u - 375) / np.sqrt(30 * 25 * 56 / 12))
    assert z_score(fake, fake) == 0
    assert z_score(fake, test) == -z_score(test, fake)


def test_copying_lies_below_missing_the_mark_above_and_a_perfect_generator_between(points):
    one = scope(2)
    perfect = CT.measure(Features(points), one)
    assert abs(perfect.value) < 3
    assert perfect.interval.low < perfect.value < perfect.interval.high
    assert 0.5 < perfect.null.std() < 1.5
    copies, far = points.copy(), points.copy()
    copies[one.fake] = copies[one.train[: len(one.fake)]] + 0.01
    far[one.fake] += 5
    assert CT.measure(Features(copies), one).value < -4
    assert CT.measure(Features(far), one).value > 4
    for measured in (CT.measure(Features(kind), one) for kind in (copies, far)):
        assert CT.p_value(measured) == pytest.approx(1 / 31)


def test_pooled_is_the_mean_of_the_classes_by_held_out_images(points):
    one = scope(2)
    gram = Gram.of(points)
    parts = [[rows[one.strata[rows] == k] for rows in (one.fake, one.test, one.train)] for k in (0, 1)]
    values = [copying(gram, *part, one.strata) for part in parts]
    assert copying(gram, one.fake, one.test, one.train, one.strata) == pytest.approx(np.mean(values))
    with pytest.raises(TooFewError):
        copying(gram, one.fake[:0], one.test, one.train, one.strata)


def test_both_stand_in_the_table():
    assert METRICS["authpct-embedder"] is AUTHPCT
    assert METRICS["ct-embedder"] is CT
    assert CT.direction == "none"
