import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.kid import measure_kid, squared_mmd
from synthuterus_bench.metrics.pairs import between, null_means, within
from synthuterus_bench.metrics.scopes import make_scopes


def scopes(sizes, classes=1, units=None, permutations=5):
    groups = [np.arange(n) % classes for n in sizes]
    units = np.arange(sum(sizes)) if units is None else units
    return make_scopes(*groups, units, [f"c{k}" for k in range(classes)], permutations=permutations, seed=0)


def test_parity_with_torch_fidelity():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 20)), rng.normal(size=(50, 20)) + 0.2
    theirs = kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=1, kid_subset_size=50, verbose=False
    )
    assert squared_mmd(x, y) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)
    features = np.concatenate([x, rng.normal(size=(60, 20)), y])
    assert measure_kid(Features(features), scopes((50, 60, 50))[0]).value == pytest.approx(squared_mmd(x, y), rel=1e-9)


def test_unbiased_on_small_samples_of_one_distribution():
    rng = np.random.default_rng(1)
    values = [squared_mmd(rng.normal(size=(6, 4)), rng.normal(size=(9, 4))) for _ in range(3000)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(3000)
    assert np.mean(np.array(values) < 0) > 0.3


def test_symmetric_and_positive_for_a_shift():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(30, 5)) + 2
    assert squared_mmd(x, y) == pytest.approx(squared_mmd(y, x))
    assert squared_mmd(x, y) > 1


def test_a_set_against_itself_is_below_zero():
    x = np.random.default_rng(3).normal(size=(30, 5))
    assert squared_mmd(x, x) < 0


def test_unbiased_when_samples_are_drawn_by_class_and_by_patient():
    rng = np.random.default_rng(4)
    sizes, centre = (16, 24, 16), np.array([[3.0, 0], [-3, 0], [0, 3], [0, -3]])
    units = np.concatenate([np.arange(16), 16 + np.arange(24) // 8 * 4 + np.arange(24) % 4, 90 + np.arange(16) % 8])
    scope = scopes(sizes, 4, units, permutations=1)[0]
    values = []
    for _ in range(250):
        patient = rng.normal(size=(units.max() + 1, 2))
        values.append(measure_kid(Features(centre[scope.strata] + patient[units]), scope).value)
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(250)


def test_leaving_one_out_is_what_it_says():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(40, 40))
    matrix = matrix + matrix.T
    units = np.concatenate([np.arange(12), 20 + np.arange(12) % 6, 40 + np.arange(16) % 8])
    scope = scopes((12, 12, 16), 2, units)[0]
    cross, inner = between(matrix, scope.fake, scope.test, scope), within(matrix, scope.test, scope)
    for place, unit in enumerate(np.unique(units[scope.test])):
        kept = scope.test[units[scope.test] != unit]
        assert cross.without_right[place] == pytest.approx(between(matrix, scope.fake, kept, scope).mean)
        assert inner[1][place] == pytest.approx(within(matrix, kept, scope)[0])
    for place in range(len(scope.fake)):
        kept = np.delete(scope.fake, place)
        assert cross.without_left[place] == pytest.approx(between(matrix, kept, scope.test, scope).mean)


def test_all_relabellings_at_once_equal_one_by_one():
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(44, 44))
    units = np.concatenate([np.arange(8), 20 + np.arange(20) % 10, 40 + np.arange(16) % 8])
    for scope in scopes((8, 20, 16), 2, units):
        null = null_means(matrix, scope)
        for p, draw in enumerate(scope.null):
            assert null.between[p] == pytest.approx(between(matrix, draw.fake, draw.real, scope).mean)
            assert null.real[p] == pytest.approx(within(matrix, draw.real, scope)[0])
            assert null.fake[p] == pytest.approx(within(matrix, draw.fake, scope)[0])


def test_floors_are_of_every_image_that_was_dealt_spare_patients_too():
    rng = np.random.default_rng(9)
    fake, train = np.zeros(30, int), np.zeros(10, int)
    test, spare = np.r_[np.zeros(30, int), np.full(30, -1)], np.r_[np.full(30, -1), np.zeros(30, int)]
    units = np.r_[np.arange(30), 30 + np.arange(10) // 2, 40 + np.arange(60) // 2]
    scope = make_scopes(fake, train, test, units, ["a"], permutations=40, seed=0, spare=spare)[1]
    matrix = rng.normal(size=(100, 100))
    matrix += matrix.T
    null = null_means(matrix, scope)
    assert any(set(draw.fake) & set(range(70, 100)) for draw in scope.null)
    for p, draw in enumerate(scope.null):
        assert null.between[p] == pytest.approx(between(matrix, draw.fake, draw.real, scope).mean)
        assert null.fake[p] == pytest.approx(within(matrix, draw.fake, scope)[0])


@pytest.mark.parametrize("few", [2, 3, 5])
def test_of_few_images_of_a_class_every_floor_is_a_number(few):
    counts = (few, 12, 40, 40)
    fake, train, test, spare = (np.zeros(n, int) for n in counts)
    held_out = np.r_[test, np.full(40, -1)], np.r_[np.full(40, -1), spare]
    units = np.r_[np.arange(few), 50 + np.arange(12) // 3, 100 + np.arange(80) // 2]
    made = make_scopes(fake, train, held_out[0], units, ["a"], permutations=60, seed=0, spare=held_out[1])
    for scope in made:
        assert len(scope.null) == 60
        assert all(len(np.unique(units[draw.fake])) > 1 for draw in scope.null)
        assert np.isfinite(
            measure_kid(Features(np.random.default_rng(1).normal(size=(len(units), 4))), scope).null
        ).all()


def test_the_interval_covers_zero_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    scope = scopes((40, 40, 40))[0]
    held = 0
    for _ in range(150):
        measured = measure_kid(Features(rng.normal(size=(120, 12))), scope)
        held += measured.interval.low <= 0 <= measured.interval.high
    assert held / 150 > 0.88


def test_no_interval_from_two_patients():
    features = np.random.default_rng(8).normal(size=(9, 4))
    assert measure_kid(Features(features), scopes((2, 5, 2))[0]).interval is None
