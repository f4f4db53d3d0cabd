"""Membership inference against an encoder that learned from the training patients."""

import numpy as np
import pytest

from synthuterus_bench.privacy.attacks import Group, attack
from synthuterus_bench.privacy.chance import beyond_chance
from synthuterus_bench.privacy.search import unit

WIDTH = 16


def patients(count, seed, images=1, apart=0.0):
    """Patients who lie anywhere; ``apart`` is how far an encoder that saw them pushed each from all others."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(count), images)
    x = (rng.standard_normal((count, WIDTH)) * np.linspace(2, 0.3, WIDTH))[whose]
    x += 0.1 * rng.standard_normal(x.shape)
    own = unit(rng.standard_normal((count, WIDTH)))[whose] * np.linalg.norm(x, axis=1, keepdims=True)
    return Group(unit(np.concatenate([x, apart * own], 1)), whose)


SEEN, HELD = patients(300, 1, 2, apart=0.3), patients(150, 2, 2)


def chance(seed, size=200):
    """Groups, a release without a leak and a control, all drawn anew."""
    seen, held = patients(300, 1000 + seed, 2, apart=0.3), patients(150, 2000 + seed, 2)
    release, control = patients(size, 3000 + seed).codes, patients(size, 4000 + seed).codes
    return beyond_chance((seen.codes, seen.patients), (held.codes, held.patients), release, control, resamples=200)


def test_where_nothing_leaked_the_auc_is_below_a_half_and_beyond_chance_there_is_nothing():
    """The interval misses 0 in about a twentieth of the draws; the mean of 40 is within three standard errors."""
    found = [chance(seed) for seed in range(40)]
    excess = np.array([one.excess for one in found])
    assert max(one.null for one in found) < 0.48
    assert abs(excess.mean()) < 3 * excess.std() / np.sqrt(len(found))
    assert sum(not one.interval[0] <= 0 <= one.interval[1] for one in found) <= 6
    assert all(one.control == 200 for one in found)


def test_of_a_larger_control_as_many_are_drawn_as_the_release_has():
    found = attack(SEEN, HELD, patients(80, 10).codes, bound=0.99, control=patients(300, 20).codes)
    assert found.chance.control == 80
    assert found.membership.interval[1] < 0.5


def test_a_leak_that_hides_below_a_half_is_found():
    mixed = np.concatenate([SEEN.codes[::8], patients(125, 30).codes])  # 75 copies
    found = attack(SEEN, HELD, mixed, bound=1.0, control=patients(200, 31).codes)
    assert found.membership.interval[0] < 0.5
    assert found.chance.interval[0] > 0
    assert found.leaks


def test_copies_are_as_far_beyond_chance_as_can_be():
    found = attack(SEEN, HELD, SEEN.codes, bound=0.99, control=patients(40, 32).codes)
    assert found.membership.auc == 1
    assert found.chance.interval[0] > 0.4
    assert found.chance.excess == pytest.approx(1 - found.chance.null, abs=1e-5)


def test_the_control_in_the_place_of_the_release_is_exactly_at_chance():
    control = patients(200, 33).codes
    found = beyond_chance((SEEN.codes, SEEN.patients), (HELD.codes, HELD.patients), control, control, resamples=20)
    assert (found.excess, found.interval) == (0, (0, 0))


def test_a_control_smaller_than_the_release_errs_towards_no_leak():
    found = attack(SEEN, HELD, patients(800, 35).codes, bound=0.99, control=patients(50, 36).codes)
    assert found.chance.control == 50
    assert found.chance.excess < 0
    assert not found.leaks


def test_without_control_patients_nothing_is_said():
    assert attack(SEEN, HELD, patients(50, 34).codes, bound=0.99).chance is None
