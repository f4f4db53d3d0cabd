import numpy as np
import pytest

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.lpips import measure_diversity, measure_lpips, measure_nearest
from synthuterus_bench.metrics.scopes import make_scopes

SIZES = (12, 24, 16)


def scopes(classes=2, images_a_patient=1):
    groups = [np.arange(n) // images_a_patient % classes for n in SIZES]
    units = np.concatenate(
        [np.arange(12), 50 + np.arange(24) // images_a_patient, 90 + np.arange(16) // images_a_patient]
    )
    return make_scopes(*groups, units, [f"c{k}" for k in range(classes)], permutations=8, seed=0)


def distances(points):
    """Squared distances, as LPIPS is one."""
    return ((points[:, None] - points) ** 2).sum(2)


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(sum(SIZES), 5))


def test_pooled_pairs_are_of_one_class_and_classes_count_alike(points):
    pooled, *classes = scopes()
    square = distances(points)
    for measure in (measure_lpips, measure_nearest, measure_diversity):
        values = [measure(Features(square), scope).value for scope in classes]
        assert measure(Features(square), pooled).value == pytest.approx(np.mean(values))
    across = square.copy()
    across[pooled.strata[:, None] != pooled.strata] = 1e6
    assert measure_lpips(Features(across), pooled).value == measure_lpips(Features(square), pooled).value


def test_each_is_what_it_says_by_loops(points):
    scope = scopes(1)[1]
    square = distances(points)
    pairs = [[square[f, r] for r in scope.test] for f in scope.fake]
    assert measure_lpips(Features(square), scope).value == pytest.approx(np.mean(pairs))
    assert measure_nearest(Features(square), scope).value == pytest.approx(np.mean([min(row) for row in pairs]))
    inner = [square[a, b] for a in scope.fake for b in scope.fake if a != b]
    assert measure_diversity(Features(square), scope).value == pytest.approx(np.mean(inner))


def test_copies_and_collapse_are_seen(points):
    scope = scopes(1)[0]
    points[scope.fake] = points[scope.test[: len(scope.fake)]]
    assert measure_nearest(Features(distances(points)), scope).value == 0
    assert measure_lpips(Features(distances(points)), scope).value > 1
    points[scope.fake] = points[scope.test[0]]
    collapsed = measure_diversity(Features(distances(points)), scope)
    assert collapsed.value == 0
    assert collapsed.floor.low > 1


def test_intervals_and_floors_hold_a_perfect_generator(points):
    scope = scopes(1, images_a_patient=2)[0]
    points = np.random.default_rng(1).normal(size=(300, 4))[scope.units]
    for measure in (measure_lpips, measure_nearest, measure_diversity):
        found = measure(Features(distances(points)), scope)
        assert found.interval.low < found.value < found.interval.high
        assert found.interval.unit == "patient"
        assert len(found.null) == 8


def test_one_image_has_no_diversity(points):
    scope = make_scopes(*(np.zeros(n, int) for n in (1, 20, 10)), np.arange(31), ["a"], permutations=2, seed=0)[1]
    with pytest.raises(TooFewError, match="expected at least 2"):
        measure_diversity(Features(distances(points[:31])), scope)
