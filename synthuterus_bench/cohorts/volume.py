"""A volume as it was stored, and what makes it a scan that can be imported."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.axes import Affine, Plane, plane_of, slice_axis
from synthuterus_bench.errors import ScanError

MIN_SLICES = 5
MIN_PIXELS = 64
MIN_VALUES = 16


@dataclass(frozen=True, slots=True)
class Volume:
    """Voxels in stored order and the RAS+ affine of their indices; ``basis`` says who told it if not the header.

    ``mask`` has the shape of ``pixels`` and values of ``vocab.Label``.
    """

    pixels: NDArray[np.generic]
    affine: Affine
    basis: str = ""
    mask: NDArray[np.uint8] | None = None


def check_volume(volume: Volume, name: str) -> None:
    """Refuse what is no sagittal stack of MR slices.

    Raises:
        ScanError: not sagittal, too few slices or pixels, values that are not finite, or so few distinct values
            that it is a mask or an empty picture.
    """
    plane = plane_of(volume.affine)
    if plane is not Plane.SAGITTAL:
        raise ScanError(f"{name}: found {plane} slices{volume.basis}, expected sagittal ones")
    check_size(volume.pixels.shape, slice_axis(volume.affine), name)
    check_values(volume.pixels, name)


def check_size(shape: tuple[int, ...], across: int, name: str) -> None:
    """Refuse localizers, thumbnails and single slices.

    Raises:
        ScanError: fewer than 5 slices, or fewer than 64 pixels a side.
    """
    if shape[across] < MIN_SLICES:
        raise ScanError(f"{name}: found {shape[across]} slices, expected a stack of at least {MIN_SLICES}")
    sides = [side for axis, side in enumerate(shape) if axis != across]
    if min(sides) < MIN_PIXELS:
        raise ScanError(f"{name}: found {sides[0]} x {sides[1]} pixels, expected at least {MIN_PIXELS} a side")


def check_values(pixels: NDArray[np.generic], name: str) -> None:
    """Refuse voxels that are no MR signal.

    Raises:
        ScanError: NaN or infinite voxels, or fewer than 16 distinct values.
    """
    broken = int(np.size(pixels) - np.isfinite(pixels).sum())
    if broken:
        raise ScanError(f"{name}: found {broken} voxels that are NaN or infinite, expected finite numbers")
    values = len(np.unique(pixels))
    if values < MIN_VALUES:
        raise ScanError(f"{name}: found {values} distinct values (a mask or an empty picture), expected an MR scan")


def storable(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """The values in the smallest of int16, uint16 and int32 if they are whole and fit, else in float32."""
    for kind in (np.int16, np.uint16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= pixels.min() and pixels.max() <= limits.max and np.array_equal(pixels, np.rint(pixels)):
            return pixels.astype(kind)
    return pixels.astype(np.float32)
