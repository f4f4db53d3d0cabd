import numpy as np
import pytest

from synthuterus_bench.metrics.scopes import POOLED, compact, make_scopes
from synthuterus_bench.metrics.table import METRICS

LPIPS = ("lpips", "lpips-nearest", "lpips-diversity")


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


def test_spare_patients_deal_floors_and_nothing_else():
    fake, train = np.zeros(30, int), np.zeros(8, int)
    test, spare = (np.where(np.arange(60) // 20 == 0, *sides) for sides in ((0, -1), (-1, 0)))
    scope = make_scopes(fake, train, test, np.arange(98), ["a"], permutations=9, seed=0, spare=spare)[1]
    assert [len(rows) for rows in (scope.fake, scope.train, scope.test)] == [30, 8, 20]
    known = set(scope.train) | set(range(38, 98))
    for draw in scope.null:
        assert [len(rows) for rows in (draw.real, draw.fake, draw.train)] == [20, 30, 8]
        assert set(draw.train) < set(draw.fake) < known
        assert not set(draw.real) & set(draw.fake)
        assert (scope.strata[np.concatenate([draw.real, draw.fake])] == 0).all()
    assert {row for draw in scope.null for row in draw.fake} & set(range(58, 98))
    rows, moved = compact([scope])
    assert {row for draw in moved[0].null for row in rows[draw.fake]} == {row for d in scope.null for row in d.fake}


def test_where_classes_were_measured_the_pooled_scope_is_one_stratum_and_says_so():
    groups = [np.arange(n) % 2 for n in (8, 12, 12)]
    told, measured = (
        make_scopes(*groups, np.arange(32), ["a", "b"], permutations=2, seed=0, told=told) for told in (True, False)
    )
    assert [scope.mixed for scope in told] == [False, False, False]
    assert [scope.mixed for scope in measured] == [True, False, False]
    by_class = {name for name, metric in METRICS.items() if metric.by_class}
    assert by_class == {"ct-embedder", *LPIPS, *(name for name in METRICS if name.startswith("kid-"))}
    for name, metric in METRICS.items():
        assert ("strata" in metric.params_in(measured[0])) == (name in by_class)
        assert metric.params_in(told[0]) == metric.params_in(measured[1]) == metric.params


def test_images_marked_minus_one_are_left_out():
    fake = np.array([0, -1, 0, 0])
    scope = make_scopes(fake, np.zeros(6, int), np.zeros(4, int), np.arange(14), ["a"], permutations=2, seed=0)[0]
    assert list(scope.fake) == [0, 2, 3]


def test_draws_that_leave_a_group_with_one_patient_are_dropped():
    units = np.array([0, 1, 2, 2, 2, 2, 3, 3])
    scope = make_scopes(*(np.zeros(n, int) for n in (2, 4, 2)), units, ["a"], permutations=9, seed=0)[0]
    assert scope.null == ()
