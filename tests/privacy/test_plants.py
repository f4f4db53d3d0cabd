import numpy as np
import pytest

from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.privacy.plants import AMOUNTS, Strength, Transform, plant
from synthuterus_bench.vocab import Split

KINDS = [kind for kind in Transform if kind is not Transform.VAE]


@pytest.fixture(scope="module")
def z(cohort):
    return from_window(next(cohort.scans(Split.TRAIN)).pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plant_is_changed_is_the_same_again_and_differs_by_number(z, kind):
    made = plant(z, kind, Strength.CLEAR, 0, 7)
    assert made.dtype == np.uint16
    assert made.shape == z.shape
    assert not np.array_equal(made, to_window(z))
    assert np.array_equal(made, plant(z, kind, Strength.CLEAR, 0, 7))
    if kind not in (Transform.REENCODING, Transform.BLUR):
        others = [plant(z, kind, Strength.CLEAR, 0, number) for number in range(8, 14)]
        assert any(not np.array_equal(made, other) for other in others)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Transform.FLIP])
def test_stronger_is_farther_on_average(z, kind):
    far = [
        np.mean([np.abs(from_window(plant(z, kind, strength, 0, k)) - z).mean() for k in range(12)])
        for strength in Strength
    ]
    assert far == sorted(far)
    assert far[0] > 0


def test_a_mild_flip_is_the_mirror_image(z):
    assert np.array_equal(plant(z, Transform.FLIP, Strength.MILD, 0, 0), to_window(z[:, ::-1]))


def test_a_shift_moves_by_its_amount():
    z = np.zeros((64, 64), np.float32)
    z[32, 32] = 10
    made = from_window(plant(z, Transform.SHIFT, Strength.STRONG, 0, 3))
    made[made < 0.1] = 0
    rows, columns = np.indices(made.shape)
    at = [(made * axis).sum() / made.sum() for axis in (rows, columns)]
    assert np.hypot(at[0] - 32, at[1] - 32) == pytest.approx(AMOUNTS[Transform.SHIFT][2], abs=0.2)


def test_tone_keeps_mean_and_deviation(z):
    for kind in (Transform.GAMMA, Transform.BIAS):
        made = from_window(plant(z, kind, Strength.MILD, 0, 0))
        assert made.mean() == pytest.approx(z.mean(), abs=1e-2)
        assert made.std() == pytest.approx(z.std(), abs=2e-2)


def test_png_is_nearer_than_jpeg(z):
    clipped = np.clip(z, -1.8, 3.2)
    png, _, jpeg = (from_window(plant(z, Transform.REENCODING, strength, 0, 0)) for strength in Strength)
    assert np.abs(png - clipped).max() <= 5 / 255
    assert np.abs(jpeg - clipped).mean() > np.abs(png - clipped).mean()
