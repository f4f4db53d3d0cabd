import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.acquire import (
    BIAS_CORR_MM,
    REFERENCE_SIGNAL,
    acquire,
    bias_field,
    exp,
    ghosts,
)
from synthuterus_bench.cohorts.phantom.grid import pixel_grid
from synthuterus_bench.cohorts.phantom.noise import lattice
from synthuterus_bench.cohorts.phantom.signal import Protocol
from synthuterus_bench.vocab import Sequence, Vendor

X, Y = pixel_grid(128, (0, 0))
FLAT = np.ones_like(X)


def protocol(snr: float = 1e9, bias: float = 0, ghost: float = 0, phase_axis: int = 1) -> Protocol:
    return Protocol(3.0, Sequence.TSE, Vendor.GE, False, 4000, 100, 150, snr, bias, bias, phase_axis, ghost)


def test_noise_of_an_empty_scan_is_rayleigh():
    image = acquire(0 * FLAT, X, FLAT, protocol(snr=20), np.random.default_rng(1))
    assert image.mean() == pytest.approx(REFERENCE_SIGNAL / 20 * np.sqrt(np.pi / 2), rel=0.02)


def test_the_field_is_the_one_applied_and_is_smooth():
    field = bias_field(protocol(bias=0.2), lattice(np.random.default_rng(3), BIAS_CORR_MM), X, Y, 0.0)
    image = acquire(0.3 * FLAT, X, field, protocol(), np.random.default_rng(1))
    assert np.allclose(image, 0.3 * field, rtol=1e-4)
    assert field.std() > 0.02
    assert np.abs(np.diff(np.log(field))).max() < 0.02


def test_neighbouring_slices_have_nearly_the_same_field():
    waves = lattice(np.random.default_rng(3), BIAS_CORR_MM)
    fields = [bias_field(protocol(bias=0.3), waves, X, Y, z) for z in (0.0, 4.0, 40.0)]
    near, far = (np.abs(fields[k] - fields[0]).max() for k in (1, 2))
    assert near < 0.05
    assert near < far


def test_ghosts_follow_the_front_wall_and_only_along_its_phase():
    depth = X - X.min()
    assert not ghosts(depth, protocol(ghost=0.1, phase_axis=0)).any()
    profile = ghosts(depth, protocol(ghost=0.1))[0]
    peaks = np.flatnonzero((profile[1:-1] > profile[:-2]) & (profile[1:-1] > profile[2:])) + 1
    assert [*peaks] == [19, 38, 57, 76, 95]
    assert [*profile[peaks]] == sorted(profile[peaks], reverse=True)


def test_exp_rounds_the_double():
    values = np.linspace(-20, 5, 1001, dtype=np.float32)
    assert (exp(values) == np.exp(values.astype(np.float64)).astype(np.float32)).all()
