from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from synthuterus_bench.cohorts.imports.axes import canonical, tilt_of
from synthuterus_bench.cohorts.imports.straight import TILT_DEG, straight_shape, straighten
from synthuterus_bench.cohorts.imports.volume import Volume
from synthuterus_bench.errors import ScanError
from tests.cohorts.imports.synthetic import SPACING, anatomy, reordered
from tests.cohorts.imports.test_axes import flips, orders, turn

SMALL = (9, 24, 20)


def smooth() -> np.ndarray:
    return np.rint(gaussian_filter(anatomy(shape=SMALL).astype(float), 2)).astype(np.int16)


def labels() -> np.ndarray:
    return (smooth() > np.median(smooth())).astype(np.uint8)


def tilted(pixels, order, flip, turned) -> Volume:
    stored, affine = reordered(pixels, SPACING, order, flip)
    mask, _ = reordered(labels(), SPACING, order, flip)
    return Volume(stored, turned @ affine, mask=mask)


angles = st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20))


@settings(max_examples=60, deadline=None)
@given(orders, flips, angles)
def test_straightening_does_not_depend_on_how_voxels_are_stored(order, flip, angle):
    turned = turn(angle[0], 0) @ turn(angle[1], 1) @ turn(angle[2], 2)
    plain = straighten(tilted(smooth(), (0, 1, 2), (False, False, False), turned), "a")
    other = straighten(tilted(smooth(), order, flip, turned), "a")
    np.testing.assert_array_equal(other.pixels, plain.pixels)
    np.testing.assert_array_equal(other.mask, plain.mask)
    assert other.spacing_mm == pytest.approx(SPACING)
    assert other.digest == plain.digest
    assert other.tilt_deg == pytest.approx(plain.tilt_deg, abs=1e-4)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_straight_scan_keeps_its_voxels(order):
    straight = straighten(tilted(smooth(), order, (True, False, True), np.eye(4)), "a")
    np.testing.assert_array_equal(straight.pixels, smooth())
    np.testing.assert_array_equal(straight.mask, labels())
    assert (straight.tilt_deg, straight.warnings) == (0, ())


@pytest.mark.parametrize(("angle", "resampled"), [(0.9 * TILT_DEG, False), (1.1 * TILT_DEG, True)])
def test_small_tilts_are_dropped(angle, resampled):
    straight = straighten(tilted(smooth(), (2, 1, 0), (False, False, False), turn(angle, 1)), "a")
    assert np.array_equal(straight.pixels, smooth()) is not resampled
    assert bool(straight.warnings) is resampled


@given(st.floats(-40, 40), st.sampled_from(range(3)))
def test_tilt_is_the_angle_of_the_turn(angle, axis):
    _, affine = reordered(smooth(), SPACING, (0, 1, 2), (False, False, False))
    assert tilt_of(turn(angle, axis) @ affine) == pytest.approx(abs(angle), abs=1e-5)


def test_warning_tells_the_angle():
    straight = straighten(tilted(smooth(), (2, 1, 0), (False, False, False), turn(12, 2)), "a")
    assert straight.warnings == ("a: oblique by 12.0 degrees; resampled to straight axes",)


@pytest.mark.parametrize("axis", range(3))
def test_values_are_those_of_the_world(axis):
    """A smooth function of place, sampled on a tilted grid, straightens to the function on the straight grid."""
    shape, affine = (20, 40, 36), np.eye(4)
    affine[:3, :3] = turn(15, axis)[:3, :3] @ np.array([[1.5, 0, 0], [0, 0, -1.2], [0, -1.0, 0]])
    indices = np.indices(shape).reshape(3, -1) - (np.array(shape)[:, None] - 1) / 2
    stored = field(affine[:3, :3] @ indices).reshape(shape).astype(np.float32)
    straight = straighten(Volume(stored, affine), "a")
    inside = (np.indices(straight.pixels.shape).T - (np.array(straight.pixels.shape) - 1) / 2).T.reshape(3, -1)
    world = np.diag([1.5, -1.2, -1.0])[:, [0, 2, 1]] @ inside
    truth = field(world).reshape(straight.pixels.shape)
    back = np.linalg.inv(affine[:3, :3]) @ world
    deep = (np.abs(back) < (np.array(shape)[:, None] - 1) / 2 - 2).all(0).reshape(truth.shape)
    assert deep.mean() > 0.3
    assert np.abs(straight.pixels - truth)[deep].max() < 2


def field(world: np.ndarray) -> np.ndarray:
    x, y, z = world
    return 500 + 100 * np.sin(x / 6) + 80 * np.cos(y / 7 + z / 9)


def test_labels_go_along_with_intensities():
    """Where the picture is bright the label is 1, before and after, but for a voxel's width at its edge."""
    volume = tilted(smooth(), (1, 2, 0), (True, True, False), turn(10, 1) @ turn(8, 2))
    straight = straighten(volume, "a")
    bright = straight.pixels > np.median(smooth())
    assert set(np.unique(straight.mask)) == {0, 1}
    assert (bright == (straight.mask == 1)).mean() > 0.93


def test_outside_is_the_minimum_and_no_label():
    pixels = smooth() + 100
    straight = straighten(tilted(pixels, (2, 1, 0), (False, False, False), turn(20, 0)), "a")
    assert straight.pixels[0, 0, 0] == pixels.min()
    assert straight.mask[0, 0, 0] == 0
    assert (straight.pixels.min(), straight.pixels.dtype) == (pixels.min(), np.int16)
    assert straight.pixels.max() <= pixels.max()


@given(st.floats(-40, 40), st.sampled_from(range(3)))
def test_the_grid_covers_the_box(angle, axis):
    _, affine = reordered(smooth(), SPACING, (0, 1, 2), (False, False, False))
    affine = turn(angle, axis) @ affine
    corners = np.array(np.meshgrid(*[(-(side - 1) / 2, (side - 1) / 2) for side in SMALL])).reshape(3, -1)
    reach = np.abs(affine[:3, :3] @ corners).max(1)[[0, 2, 1]]
    half = (np.array(straight_shape(SMALL, affine)) - 1) / 2 * SPACING
    assert (half >= reach - 0.01).all()
    assert (half <= reach + np.array(SPACING)).all()


def test_a_grid_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("synthuterus_bench.cohorts.imports.volume.MAX_VOXELS", 4000)
    with pytest.raises(ScanError, match="voxels, expected at most 4000"):
        straighten(tilted(smooth(), (2, 1, 0), (False, False, False), turn(20, 0)), "a")


def test_canonical_tells_spacing():
    stored, affine = reordered(smooth(), SPACING, (1, 0, 2), (True, False, False))
    pixels, spacing = canonical(stored, affine)
    np.testing.assert_array_equal(pixels, smooth())
    assert spacing == pytest.approx(SPACING)
