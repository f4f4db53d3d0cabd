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


@pytest.mark.parametrize("seed", range(4))
def test_where_nothing_leaked_nothing_is_beyond_chance_though_the_auc_is_below_a_half(seed):
    fresh, control = patients(300, 10 + seed).codes, patients(200, 20 + seed).codes
    found = attack(SEEN, HELD, fresh, bound=0.99, control=control)
    assert found.membership.interval[1] < 0.5
    assert found.chance.null < 0.48
    assert found.chance.images == 200
    assert found.chance.interval[0] < 0 < found.chance.interval[1]
    assert not found.leaks


def test_a_leak_that_hides_below_a_half_is_found():
    mixed = np.concatenate([SEEN.codes[::8], patients(125, 30).codes])
    found = attack(SEEN, HELD, mixed, bound=1.0, control=patients(200, 31).codes)
    assert found.membership.interval[0] < 0.5
    assert found.chance.interval[0] > 0
    assert found.leaks


def test_copies_are_as_far_beyond_chance_as_can_be():
    found = attack(SEEN, HELD, SEEN.codes, bound=0.99, control=patients(600, 32).codes)
    assert found.membership.auc == 1
    assert found.chance.excess == pytest.approx(1 - found.chance.null, abs=1e-5)


def test_the_control_in_the_place_of_the_release_is_exactly_at_chance():
    control = patients(200, 33).codes
    found = beyond_chance((SEEN.codes, SEEN.patients), (HELD.codes, HELD.patients), control, control, resamples=20)
    assert (found.excess, found.interval) == (0, (0, 0))


def test_without_control_patients_nothing_is_said():
    assert attack(SEEN, HELD, patients(50, 34).codes, bound=0.99).chance is None
