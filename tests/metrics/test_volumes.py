import numpy as np
import pytest

from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.volumes import join, middle_slices
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.vocab import Plane


@pytest.fixture
def volumes():
    return np.random.default_rng(0).integers(10_000, 40_000, (3, 6, 32, 32)).astype(np.uint16)


def test_sagittal_is_the_middle_slice(volumes):
    np.testing.assert_array_equal(middle_slices(volumes, Plane.SAGITTAL, 4.0), volumes[:, 3])


def test_other_planes_are_isotropic_and_in_the_middle():
    volume = np.full((1, 6, 32, 32), 100, np.uint16)
    volume[0, 2:4] = 900
    coronal = middle_slices(volume, Plane.CORONAL, 4.0)[0]
    assert coronal.shape == (32, 32)
    bright = np.flatnonzero(coronal[16] > 500)
    assert (bright.min(), bright.max()) == (12, 19)
    assert (coronal == coronal[:1]).all()


@pytest.mark.parametrize(("plane", "axis"), [(Plane.CORONAL, 3), (Plane.AXIAL, 2)])
def test_a_plane_sees_its_own_middle_and_nothing_else(volumes, plane, axis):
    changed = volumes.copy()
    index = [slice(None)] * 4
    index[axis] = 16
    before = middle_slices(volumes, plane, 4.0)
    changed[tuple(index)] = 20_000
    assert (middle_slices(changed, plane, 4.0) != before).any()
    others = volumes.copy()
    index[axis] = [place for place in range(32) if place != 16]
    others[tuple(index)] = 0
    np.testing.assert_array_equal(middle_slices(others, plane, 4.0), before)


def test_thick_stacks_are_cut_to_the_square():
    wide = np.arange(20, dtype=np.uint16).repeat(16 * 16).reshape(1, 20, 16, 16)
    assert middle_slices(wide, Plane.AXIAL, 4.0)[0, 0].min() >= 7


def test_a_volume_is_its_three_middle_slices_side_by_side(volumes):
    needs = [Need.EMBEDDER, Need.CODES]
    banks = {plane: extract(middle_slices(volumes, plane, 4.0), needs, load_embedder()) for plane in Plane}
    whole = join([*banks.values()])
    np.testing.assert_array_equal(
        whole.arrays[Need.EMBEDDER], np.concatenate([banks[plane].arrays[Need.EMBEDDER] for plane in Plane], 1)
    )
    np.testing.assert_allclose(np.linalg.norm(whole.arrays[Need.CODES], axis=1), 1, atol=1e-5)
    assert whole.identity[Need.EMBEDDER]["slices"] == "middle of three planes"
    assert whole.identity[Need.EMBEDDER]["dims"] == whole.arrays[Need.EMBEDDER].shape[1]
