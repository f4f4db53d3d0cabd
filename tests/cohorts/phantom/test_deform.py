import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.deform import WARP_CORR_MM, deform_at
from synthuterus_bench.cohorts.phantom.noise import lattice, plane, sample
from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import Member
from synthuterus_bench.vocab import CLASSES, Split


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("z", [-6.0, 0.0, 38.0])
def test_the_scanner_and_the_straight_patient_are_inverse(index, z):
    deform = deform_at(draw_exam(Member(SAMPLE, index, Split.TRAIN, CLASSES[index]), 2).anatomy, z)
    points = np.random.default_rng(index).uniform(-80, 80, (50, 2))
    seen = deform.scanner(points)
    back = np.stack(deform.straight(seen[:, 0].astype(np.float32), seen[:, 1].astype(np.float32)), 1)
    assert np.abs(back - points).max() < 0.02


def test_fields_have_about_unit_variance_at_every_depth():
    x, y = np.meshgrid(*[np.linspace(-100, 100, 80, dtype=np.float32)] * 2)
    for z in (-46, -3.3, 0, 21):
        drawn = [sample(plane(lattice(np.random.default_rng(seed), 9), 9, z)[0], 9, x, y).std() for seed in range(20)]
        assert 0.85 < np.mean(drawn) < 1.15


def test_neighbouring_slices_share_the_warp():
    planes = [plane(lattice(np.random.default_rng(0), WARP_CORR_MM), WARP_CORR_MM, z)[0] for z in (0, 4, 40)]
    assert np.corrcoef(planes[0].ravel(), planes[1].ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(planes[0].ravel(), planes[2].ravel())[0, 1]) < 0.4
