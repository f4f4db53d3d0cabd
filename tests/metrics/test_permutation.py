import itertools

import numpy as np
import pytest

from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.frechet import between, measure_frechet
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.jackknife import GROUPS, leave_out
from synthuterus_bench.metrics.kid import measure_kid, squared_mmd
from synthuterus_bench.metrics.permutation import draw, excess_over_null
from synthuterus_bench.metrics.scopes import compact, make_scopes


def scope_of(sizes=(24, 40, 20), classes=1, images_a_patient=1, permutations=60):
    groups = [np.arange(n) // images_a_patient % classes for n in sizes]
    edges = np.cumsum([0, *sizes])
    units = np.concatenate([np.arange(a, b) // images_a_patient + 1000 * a for a, b in itertools.pairwise(edges)])
    names = [f"c{k}" for k in range(classes)]
    return make_scopes(*groups, units, names, permutations=4, seed=0, pooled_permutations=permutations)[0]


def test_labels_move_within_their_class_and_sizes_stay():
    scope = scope_of(classes=2)
    for fake, real in draw(scope.fake, scope.test, scope, 20):
        assert sorted([*fake, *real]) == sorted([*scope.fake, *scope.test])
        for k in (0, 1):
            assert np.sum(scope.strata[fake] == k) == np.sum(scope.strata[scope.fake] == k)
    first, again = (draw(scope.fake, scope.test, scope, 3) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert len({tuple(sorted(fake)) for fake, _ in draw(scope.fake, scope.test, scope, 20)}) > 15


def test_one_image_of_each_patient_takes_part():
    scope = scope_of(images_a_patient=2)
    found = excess_over_null(lambda draws: np.arange(len(draws), dtype=float), scope, 9)
    assert (found.n_fake, found.n_real, found.permutations) == (12, 10, 9)
    assert found.p_value == 1


@pytest.mark.parametrize("measure", [measure_frechet, measure_kid])
def test_chance_is_not_rejected_and_a_shift_is(measure):
    rng = np.random.default_rng(0)
    rejected, excesses = 0, []
    scope = scope_of(permutations=39)
    for _ in range(60):
        found = measure(Features(rng.normal(size=(84, 6))), scope).excess
        rejected += found.p_value <= 0.05
        excesses.append(found.excess)
    assert rejected <= 9
    assert abs(np.mean(excesses)) < 4 * np.std(excesses) / np.sqrt(60)
    features = rng.normal(size=(84, 6))
    features[scope.fake] += 0.9
    shifted = measure(Features(features), scope).excess
    assert shifted.p_value == pytest.approx(1 / 40)
    assert shifted.excess > max(excesses)


@pytest.mark.parametrize(("sizes", "dims"), [((24, 40, 20), 7), ((24, 40, 20), 60), ((15, 40, 30), 200)])
def test_all_permutations_at_once_equal_one_by_one(sizes, dims):
    scope = scope_of(sizes, permutations=5)
    features = np.random.default_rng(1).normal(size=(sum(sizes), dims)) * np.linspace(0.1, 2, dims) + 3
    found = measure_kid(Features(features), scope).excess
    draws = draw(scope.fake, scope.test, scope, 5)
    assert found.value == pytest.approx(squared_mmd(features[scope.fake], features[scope.test]))
    assert found.mean == pytest.approx(np.mean([squared_mmd(features[a], features[b]) for a, b in draws]))
    exact = [between(Gram.of(features), a, b, exact=True) for a, b in draws]
    assert measure_frechet(Features(features), scope).excess.mean == pytest.approx(np.mean(exact), rel=1e-6)


def test_groups_left_out_hold_every_patient_once_and_classes_in_turn():
    scope = scope_of((90, 40, 60), classes=2, images_a_patient=2)
    kept = leave_out(scope.test, scope)
    assert len(kept) == GROUPS
    gone = [set(scope.test) - set(rows) for rows in kept]
    assert sorted(row for rows in gone for row in rows) == sorted(scope.test)
    for rows in gone:
        assert not set(scope.units[list(rows)]) & set(scope.units[list(set(scope.test) - rows)])


def test_compact_scopes_take_the_same_rows():
    values = np.random.default_rng(2).normal(size=90)
    labels = np.where(np.arange(30) % 3, np.arange(30) % 2, -1)
    scopes = make_scopes(
        labels, np.arange(40) % 2, np.arange(20) % 2, np.arange(90), ["a", "b"], permutations=3, seed=1
    )
    rows, compacted = compact(scopes)
    assert len(rows) == 80
    for old, new in zip(scopes, compacted, strict=True):
        for part in ("fake", "train", "test"):
            np.testing.assert_array_equal(values[getattr(old, part)], values[rows][getattr(new, part)])
        for before, after in zip(old.null, new.null, strict=True):
            np.testing.assert_array_equal(values[before.fake], values[rows][after.fake])
        np.testing.assert_array_equal(old.units[rows], new.units)
