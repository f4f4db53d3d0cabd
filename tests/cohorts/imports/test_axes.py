from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.affines import apply_affine

from synthuterus_bench.cohorts.imagefile import canonical_affine
from synthuterus_bench.cohorts.imports.axes import (
    STANDARD_COSINES,
    Plane,
    canonical,
    contradicts,
    dicom_affine,
    impose,
    plane_of,
    slice_axis,
    steps_of,
)
from tests.cohorts.imports.synthetic import SPACING, anatomy, reordered

orders = st.sampled_from([*permutations(range(3))])
flips = st.tuples(st.booleans(), st.booleans(), st.booleans())


def turn(degrees: float, axis: int) -> np.ndarray:
    first, second = (other for other in range(3) if other != axis)
    matrix, angle = np.eye(4), np.radians(degrees)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


@given(orders, flips, st.floats(-40, 40), st.sampled_from(range(3)))
def test_same_anatomy_gives_the_same_canonical_array(order, flip, tilt, axis):
    volume = anatomy()
    stored, affine = reordered(volume, SPACING, order, flip)
    pixels, spacing = canonical(stored, turn(tilt, axis) @ affine)
    np.testing.assert_array_equal(pixels, volume)
    assert spacing == pytest.approx(SPACING)


@given(orders, flips)
def test_plane_does_not_depend_on_storage(order, flip):
    _, affine = reordered(anatomy(), SPACING, order, flip)
    assert plane_of(affine) is Plane.SAGITTAL
    assert order[slice_axis(affine)] == 0


def test_slices_of_an_isotropic_volume_run_along_the_last_axis():
    assert slice_axis(np.eye(4)) == 2
    assert slice_axis(np.diag([1.0, 1.1, 1.0, 1.0])) == 2
    assert slice_axis(np.diag([1.0, 1.3, 1.0, 1.0])) == 1


def test_canonical_array_runs_right_inferior_posterior():
    affine = canonical_affine((6, 66, 70), SPACING)
    start, right, inferior, posterior = apply_affine(affine, [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    np.testing.assert_allclose(right - start, (SPACING[0], 0, 0))
    np.testing.assert_allclose(inferior - start, (0, 0, -SPACING[1]))
    np.testing.assert_allclose(posterior - start, (0, -SPACING[2], 0))


@pytest.mark.parametrize("plane", Plane)
def test_standard_cosines_lie_in_their_plane(plane):
    assert plane_of(dicom_affine(STANDARD_COSINES[plane], (0, 0, 0), (1, 1), 4)) is plane


def test_dicom_affine_places_voxels_as_the_standard_says():
    cosines = (0.0, 0.8, -0.6, 0.0, -0.6, -0.8)
    affine = dicom_affine(cosines, (10, 20, 30), (0.5, 0.7), 4)
    lps = np.array([10, 20, 30]) + 3 * 0.7 * np.array(cosines[:3]) + 2 * 0.5 * np.array(cosines[3:])
    np.testing.assert_allclose(apply_affine(affine, (3, 2, 0)), lps * [-1, -1, 1])
    np.testing.assert_allclose(steps_of(affine), (0.7, 0.5, 4))
    assert np.linalg.det(affine[:3, :3]) > 0


@given(flips)
def test_imposed_sidecar_gives_the_anatomy_whatever_the_affine_claims(flip):
    """Stored in the scanner's order (columns, rows, slices), with an affine of the right handedness that lies."""
    volume = anatomy()
    stored, truth = reordered(volume, SPACING, (2, 1, 0), (False, False, flip[2]))
    handed = 1 if np.linalg.det(truth[:3, :3]) > 0 else -1
    lie = np.diag([SPACING[2], SPACING[1], handed * SPACING[0], 1.0])
    assert plane_of(lie) is Plane.AXIAL
    assert contradicts(lie, STANDARD_COSINES[Plane.SAGITTAL])
    pixels, spacing = canonical(stored, impose(lie, STANDARD_COSINES[Plane.SAGITTAL]))
    np.testing.assert_array_equal(pixels, volume)
    assert spacing == pytest.approx(SPACING)


@given(orders, flips, st.floats(-30, 30))
def test_an_affine_in_the_same_plane_does_not_contradict(order, flip, tilt):
    _, affine = reordered(anatomy(), SPACING, order, flip)
    assert not contradicts(turn(tilt, 2) @ affine, STANDARD_COSINES[Plane.SAGITTAL])
    assert contradicts(turn(90, 2) @ affine, STANDARD_COSINES[Plane.SAGITTAL])
