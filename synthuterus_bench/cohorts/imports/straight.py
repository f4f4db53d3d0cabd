"""Straight axes: canonical order, and oblique scans resampled onto a grid along the world's axes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import STRAIGHT, Affine, canonical_grid, steps_of, tilt_of
from synthuterus_bench.cohorts.imports.volume import Volume, check_count, storable
from synthuterus_bench.repro import digest_array

TILT_DEG = 1.0
"""Smaller turns are dropped: at 1 degree a point 50 mm off the centre, the uterus' edge, is 0.9 mm off: less than the
1.0 mm pixel scans are prepared to, while resampling would cost sharpness everywhere."""

_IDENTITY = np.eye(3).ravel().tolist()
_HAIR = 1e-3
"""Share of a voxel by which a box may be larger without one more voxel."""


@dataclass(frozen=True, slots=True)
class Straight:
    """A canonical volume on straight axes.

    ``digest`` is that of the canonical voxels before any resampling: the same for one scan however it was stored.
    ``tilt_deg`` is the turn of the scan's own grid.
    """

    pixels: NDArray[np.generic]
    mask: NDArray[np.uint8] | None
    spacing_mm: tuple[float, ...]
    digest: str
    tilt_deg: float
    warnings: tuple[str, ...] = ()


def straighten(volume: Volume, name: str) -> Straight:
    """Bring a volume to canonical order; resample it, mask and all, if it is turned by more than ``TILT_DEG``.

    The new grid keeps the spacing and the centre and covers the scan's box. Intensities are interpolated by cubic
    B-splines within the scan's range, labels by the nearest voxel; outside the box is the scan's minimum, or label 0.

    Raises:
        ScanError: the straight grid would be too large.
    """
    pixels, affine = canonical_grid(volume.pixels, volume.affine)
    pixels = storable(pixels)
    mask = None if volume.mask is None else canonical_grid(volume.mask, volume.affine)[0].astype(np.uint8)
    digest, tilt, spacing = digest_array(pixels), tilt_of(affine), steps_of(affine)
    if tilt <= TILT_DEG:
        return Straight(pixels, mask, spacing, digest, tilt)
    shape = straight_shape(pixels.shape, affine)
    check_count(shape, name)
    straight = _intensities(pixels, affine, shape)
    if mask is not None:
        mask = _resampled(mask, affine, shape, nearest=True, outside=0).astype(np.uint8)
    warning = f"{name}: oblique by {tilt:.1f} degrees; resampled to straight axes"
    return Straight(straight, mask, spacing, digest, tilt, (warning,))


def straight_shape(shape: tuple[int, ...], affine: Affine) -> tuple[int, ...]:
    """Voxels along each canonical axis that cover the box between a grid's outer voxel centres, at its spacing."""
    steps = np.array(steps_of(affine))
    turned = np.abs(STRAIGHT.T @ affine[:3, :3])
    extent = turned @ (np.array(shape) - 1) / steps
    return tuple(int(count) + 1 for count in np.ceil(extent - _HAIR))


def _intensities(pixels: NDArray[np.generic], affine: Affine, shape: tuple[int, ...]) -> NDArray[np.generic]:
    low, high = float(pixels.min()), float(pixels.max())
    straight = np.clip(_resampled(pixels, affine, shape, nearest=False, outside=low), low, high)
    whole = np.issubdtype(pixels.dtype, np.integer)
    return (np.rint(straight) if whole else straight).astype(pixels.dtype)


def _resampled(
    pixels: NDArray[Any], affine: Affine, shape: tuple[int, ...], nearest: bool, outside: float
) -> NDArray[Any]:
    """Values at a straight grid of the same centre and spacing."""
    import SimpleITK as sitk

    steps = steps_of(affine)
    resample = sitk.ResampleImageFilter()
    resample.SetSize([*map(int, shape)])
    resample.SetOutputSpacing(steps)
    resample.SetOutputDirection(_IDENTITY)
    resample.SetOutputOrigin([-(side - 1) / 2 * step for side, step in zip(shape, steps, strict=True)])
    resample.SetInterpolator(sitk.sitkNearestNeighbor if nearest else sitk.sitkBSpline)
    resample.SetDefaultPixelValue(outside)
    resample.SetOutputPixelType(sitk.sitkUInt8 if nearest else sitk.sitkFloat32)
    return _array(resample.Execute(_image(pixels, affine, nearest)))


def _image(pixels: NDArray[Any], affine: Affine, nearest: bool) -> Any:
    """As an image whose world is the canonical axes in mm, with the origin at the scan's centre."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(pixels.T, np.uint8 if nearest else np.float32))
    turn = STRAIGHT.T @ affine[:3, :3]
    image.SetSpacing(steps_of(affine))
    image.SetDirection((turn / np.array(steps_of(affine))).ravel().tolist())
    image.SetOrigin((-turn @ ((np.array(pixels.shape) - 1) / 2)).tolist())
    return image


def _array(image: Any) -> NDArray[Any]:
    import SimpleITK as sitk

    return np.ascontiguousarray(sitk.GetArrayFromImage(image).T)
