import numpy as np
import pytest

from synthuterus_bench.metrics.scopes import POOLED, make_scopes


@pytest.fixture
def scopes():
    fake, train, test = (np.arange(n) % 2 for n in (10, 24, 12))
    units = np.concatenate([np.arange(10), 100 + np.arange(24) % 12, 200 + np.arange(12) % 6])
    return make_scopes(fake, train, test, units, ["a", "b"], permutations=8, seed=3)


def test_one_scope_a_class_and_one_pooled(scopes):
    assert [scope.name for scope in scopes] == [POOLED, "a", "b"]
    for kind in ("fake", "train", "test"):
        parts = [getattr(scope, kind) for scope in scopes]
        assert sorted(np.concatenate(parts[1:])) == list(parts[0])


def test_relabellings_part_patients_keep_sizes_and_classes(scopes):
    for scope in scopes:
        for draw in scope.null:
            assert len(draw.real) == len(scope.test)
            assert len(draw.fake) == len(scope.fake)
            assert not set(scope.units[draw.real]) & set(scope.units[draw.train])
            assert set(draw.fake) <= set(draw.train)
            assert set(draw.real) | set(draw.train) <= set(scope.train) | set(scope.test)
            for k in np.unique(scope.strata[scope.test]):
                assert np.sum(scope.strata[draw.real] == k) == np.sum(scope.strata[scope.test] == k)
    assert len({tuple(draw.real) for draw in scopes[0].null}) > 1


def test_images_marked_minus_one_are_left_out():
    fake = np.array([0, -1, 0, 0])
    scope = make_scopes(fake, np.zeros(6, int), np.zeros(4, int), np.arange(14), ["a"], permutations=2, seed=0)[0]
    assert list(scope.fake) == [0, 2, 3]


def test_draws_that_leave_a_group_with_one_patient_are_dropped():
    units = np.array([0, 1, 2, 2, 2, 2, 3, 3])
    scope = make_scopes(*(np.zeros(n, int) for n in (2, 4, 2)), units, ["a"], permutations=9, seed=0)[0]
    assert scope.null == ()
