"""Canonical axes: slices left to right, rows superior to inferior, columns anterior to posterior.

Affines map stored voxel indices to millimetres in the RAS+ world of NIfTI; direction cosines are DICOM's, in LPS+.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.vocab import Plane

Affine = NDArray[np.float64]

CANONICAL = ("R", "I", "P")
"""Where each axis of a canonical volume points."""

STRAIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]])
"""World directions (rows: R, A, S) of the canonical axes, one a column."""

LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])
MAX_SHEAR = float(np.sin(np.radians(1.0)))
"""Cosine by which two axes may miss a right angle: one degree."""

COARSER = 1.2
"""How much coarser than the next an axis must be to be the slice axis wherever it is stored."""


STANDARD_COSINES = {
    Plane.SAGITTAL: (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    Plane.CORONAL: (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    Plane.AXIAL: (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
}
"""Row and column cosines of an unrotated slice, as scanners write them."""


def steps_of(affine: Affine) -> tuple[float, ...]:
    """Millimetres a voxel along each stored axis."""
    return tuple(float(step) for step in np.linalg.norm(affine[:3, :3], axis=0))


def slice_axis(affine: Affine) -> int:
    """The stored axis across slices: the one clearly coarser than both others, else the last."""
    steps = steps_of(affine)
    second, first = np.argsort(steps)[-2:]
    return int(first) if steps[first] >= COARSER * steps[second] else 2


def plane_along(normal: NDArray[np.float64]) -> Plane:
    """The plane whose normal is nearest to a direction (sign does not matter)."""
    return (*Plane,)[int(np.argmax(np.abs(normal)))]


def plane_of(affine: Affine) -> Plane:
    """The plane of a volume's slices."""
    return plane_along(affine[:3, slice_axis(affine)])


def right_angled(affine: Affine) -> bool:
    """Whether the three axes stand at right angles to each other, to within a degree."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() <= MAX_SHEAR)


def proper(cosines: Sequence[float]) -> bool:
    """Whether six numbers are direction cosines: two unit vectors at a right angle."""
    if len(cosines) != 6 or not np.isfinite(cosines).all():
        return False
    row, column = np.reshape(np.asarray(cosines, np.float64), (2, 3))
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    return bool(np.abs(lengths - 1).max() <= 0.01 and abs(row @ column) <= MAX_SHEAR)


def normal_of(cosines: Sequence[float]) -> NDArray[np.float64]:
    """Unit normal of a slice from its six direction cosines, in LPS+."""
    row, column = np.reshape(np.asarray(cosines, np.float64), (2, 3))
    normal = np.cross(row, column)
    return normal / np.linalg.norm(normal)


def dicom_affine(
    cosines: Sequence[float], position: Sequence[float], pixel_mm: Sequence[float], step_mm: float
) -> Affine:
    """Affine of slices stacked along their normal, stored as (column index, row index, slice).

    Args:
        cosines: ImageOrientationPatient.
        position: ImagePositionPatient of the first slice.
        pixel_mm: PixelSpacing (between rows, between columns).
        step_mm: distance from slice to slice.
    """
    row, column = np.reshape(np.asarray(cosines, np.float64), (2, 3))
    axes = np.stack([row * pixel_mm[1], column * pixel_mm[0], normal_of(cosines) * step_mm], axis=1)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * LPS_TO_RAS[:, None], np.asarray(position) * LPS_TO_RAS
    return affine


def contradicts(affine: Affine, cosines: Sequence[float]) -> bool:
    """Whether an affine's slice normal lies more than 45 degrees from the one of the cosines."""
    across = affine[:3, slice_axis(affine)]
    cosine = across @ (normal_of(cosines) * LPS_TO_RAS) / np.linalg.norm(across)
    return bool(abs(cosine) < np.sqrt(0.5))


def impose(affine: Affine, cosines: Sequence[float]) -> Affine:
    """An affine with the steps and the handedness of ``affine`` and the directions of the cosines.

    Rows and columns are taken to be stored in the scanner's order, along the cosines; the handedness then tells
    in which direction slices follow each other.
    """
    steps, across = steps_of(affine), slice_axis(affine)
    first, second = (axis for axis in range(3) if axis != across)
    row, column = np.reshape(np.asarray(cosines, np.float64), (2, 3)) * LPS_TO_RAS
    result = np.eye(4)
    result[:3, first], result[:3, second] = row * steps[first], column * steps[second]
    result[:3, across] = normal_of(cosines) * LPS_TO_RAS * steps[across]
    if np.linalg.det(result[:3, :3]) * np.linalg.det(affine[:3, :3]) < 0:
        result[:3, across] *= -1
    return result


def canonical(pixels: NDArray[np.generic], affine: Affine) -> tuple[NDArray[np.generic], tuple[float, ...]]:
    """The same voxels in canonical order, and the spacing of (slices, rows, columns) in mm."""
    moved, turned = canonical_grid(pixels, affine)
    return moved, steps_of(turned)


def canonical_grid(pixels: NDArray[np.generic], affine: Affine) -> tuple[NDArray[np.generic], Affine]:
    """The same voxels in canonical order, and their affine.

    Axes are only permuted and flipped: an oblique scan keeps its own grid, and the affine its tilt.
    """
    from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform

    move = ornt_transform(io_orientation(affine), axcodes2ornt(CANONICAL))
    moved = apply_orientation(pixels, move)
    return np.ascontiguousarray(moved), affine @ inv_ornt_aff(move, pixels.shape)


def tilt_of(affine: Affine) -> float:
    """Angle in degrees of the one rotation that takes the axes of a canonical affine to the world's."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    cosine = (np.trace(STRAIGHT.T @ axes) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
