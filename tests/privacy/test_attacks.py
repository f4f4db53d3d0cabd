import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.attacks import Group, attack, copying_test, linkage, membership
from synthuterus_bench.privacy.search import unit

WIDTH = 16


def patients(count, seed, images=2):
    """Images of a patient lie near each other; patients lie anywhere."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(count), images)
    return Group(
        unit(rng.standard_normal((count, WIDTH))[whose] + 0.1 * rng.standard_normal((len(whose), WIDTH))), whose
    )


MEMBERS, HELD = patients(300, 1), patients(150, 2)


def test_copies_score_the_maximum_in_every_attack():
    found = attack(MEMBERS, HELD, MEMBERS.codes, bound=0.98)
    assert found.membership.auc == 1
    assert found.membership.interval == (1, 1)
    assert found.membership.tpr == 1
    assert found.linkage.main == 1
    assert found.linkage.risk == 1
    assert not found.linkage.weak
    assert found.linkage.interval[0] > 0.9
    assert found.copying.authentic == 0
    assert found.copying.c_t == found.copying.c_t_least < -5
    assert found.leaks


@pytest.mark.parametrize("seed", range(3, 8))
def test_other_people_leak_nothing(seed):
    found = attack(MEMBERS, HELD, patients(300, seed, images=1).codes, bound=0.9)
    low, high = found.membership.interval
    assert low < 0.5 < high + 0.03
    assert abs(found.copying.c_t) < 3
    assert abs(found.copying.authentic - found.copying.authentic_null) < 0.15
    assert found.linkage.interval[0] <= 0
    assert not found.leaks


def test_copies_of_a_fifth_of_patients_are_found():
    mixed = np.concatenate([MEMBERS.codes[::10], patients(300, 3, images=1).codes])
    found = attack(MEMBERS, HELD, mixed, bound=0.98)
    assert found.leaks
    assert found.linkage.risk == pytest.approx(0.2, abs=0.02)


def test_auc_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    own, theirs = rng.integers(0, 9, 80) + 1.0, rng.integers(0, 9, 60) + 0.0
    found = membership(own, theirs, np.arange(80), np.arange(60), resamples=20)
    expected = roc_auc_score([1] * 80 + [0] * 60, np.concatenate([own, theirs]))
    assert found.auc == pytest.approx(expected, abs=1e-6)


def test_intervals_are_wider_where_a_patient_has_many_images():
    rng = np.random.default_rng(1)
    base, other = rng.standard_normal(30), rng.standard_normal(30)
    own, theirs = np.repeat(base + 0.5, 10), np.repeat(other, 10)
    grouped = membership(own, theirs, np.repeat(np.arange(30), 10), np.repeat(np.arange(30), 10))
    apart = membership(own, theirs, np.arange(300), np.arange(300))
    assert np.ptp(grouped.interval) > 2 * np.ptp(apart.interval)


def test_risk_is_main_beyond_control():
    bound = 0.95
    found = linkage(MEMBERS, HELD, np.concatenate([MEMBERS.codes[:300], HELD.codes[:60]]), bound)
    assert found.risk == pytest.approx((found.main - found.control) / (1 - found.control))
    assert found.main > found.control > found.baseline


def test_without_enough_images_there_is_no_copying_test():
    assert copying_test(MEMBERS.codes, HELD.codes[:3], MEMBERS.codes[:3]) == (None, None)


def test_the_copying_test_is_about_standard_normal_without_copying():
    values = [
        copying_test(MEMBERS.codes, patients(200, 100 + k, 1).codes, patients(200, 200 + k, 1).codes)[0]
        for k in range(30)
    ]
    assert abs(np.mean(values)) < 0.5
    assert np.std(values) < 1.2


def test_too_little_to_attack_is_said():
    with pytest.raises(DataError, match="found no synthetic images"):
        attack(MEMBERS, HELD, MEMBERS.codes[:0], bound=0.9)
    with pytest.raises(DataError, match="found 1 held-out patients"):
        attack(MEMBERS, Group(HELD.codes[:2], HELD.patients[:2]), MEMBERS.codes, bound=0.9)
