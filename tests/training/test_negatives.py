import numpy as np
import pytest

from synthuterus_bench.training.negatives import Negative, negative, phase_scrambled

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((64, 48)).cumsum(0).astype(np.float32)


@pytest.mark.parametrize("kind", [*Negative])
def test_negatives_are_standardised_and_repeat_with_their_stream(kind):
    first, again = (negative(kind, Z, np.random.default_rng(1)) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == Z.shape
    assert np.array_equal(first, again)
    assert first.mean() == pytest.approx(0, abs=1e-5)
    assert first.std() == pytest.approx(1, abs=1e-5)
    assert abs(np.corrcoef(first.ravel(), Z.ravel())[0, 1]) < 1 - 1e-3


def test_scrambling_keeps_the_power_spectrum_and_loses_the_picture():
    z = RNG.standard_normal((64, 48)).astype(np.float32)
    scrambled = phase_scrambled(z, np.random.default_rng(2))
    assert np.allclose(np.abs(np.fft.rfft2(scrambled)), np.abs(np.fft.rfft2(z)), rtol=1e-3, atol=1e-2)
    assert abs(np.corrcoef(scrambled.ravel(), z.ravel())[0, 1]) < 0.1


def test_a_constant_picture_stays_finite():
    assert np.isfinite(negative(Negative.BLURRED, np.ones((32, 32), np.float32), RNG)).all()
