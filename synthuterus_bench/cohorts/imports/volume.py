"""A volume as it was stored, and what makes it a scan that can be imported."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import Affine, Plane, plane_of, slice_axis, steps_of
from synthuterus_bench.errors import Refusal, ScanError

MIN_SLICES = 5
MAX_STEP_OFF = 0.05
"""By how much of their length steps between slices may be off."""

MIN_PIXELS = 64
MIN_VALUES = 16
MAX_VOXELS = 2**28
"""Six times the largest published pelvic stack; a header that claims more is not believed."""

MAX_VALUE = 1e9
"""No scanner's number; keeps sums and squares in float64 exact enough."""

STEP_MM = {"between pixels": (0.1, 5.0), "between slices": (0.3, 20.0)}
"""What a scanner can do; outside it, units are wrong (metres, micrometres) or the header is."""


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
    check_plane(plane_of(volume.affine), name, volume.basis)
    across = slice_axis(volume.affine)
    check_size(volume.pixels.shape, across, name)
    check_steps(steps_of(volume.affine), across, name)
    check_values(volume.pixels, name)


def check_plane(plane: Plane, name: str, basis: str = "") -> None:
    """Refuse slices of another plane.

    Raises:
        ScanError: not sagittal.
    """
    if plane is not Plane.SAGITTAL:
        kind = Refusal.AXIAL if plane is Plane.AXIAL else Refusal.CORONAL
        raise ScanError(f"{name}: found {plane} slices{basis}, expected sagittal ones", kind)


def check_count(shape: Sequence[int], name: str) -> None:
    """Refuse a shape before memory is taken for it.

    Raises:
        ScanError: more than 2^28 voxels.
    """
    if math.prod(shape) > MAX_VOXELS:
        size = " x ".join(map(str, shape))
        raise ScanError(f"{name}: found {size} voxels, expected at most {MAX_VOXELS} in all", Refusal.TOO_LARGE)


def check_steps(steps: Sequence[float], across: int, name: str) -> None:
    """Refuse a spacing that no scanner has.

    Raises:
        ScanError: pixels outside 0.1 to 5 mm, or slices outside 0.3 to 20 mm.
    """
    for axis, step in enumerate(steps):
        what = "between slices" if axis == across else "between pixels"
        low, high = STEP_MM[what]
        if not low <= step <= high:
            found = f"steps of {step:.4g} mm {what}"
            raise ScanError(f"{name}: found {found}, expected {low:g} to {high:g}", Refusal.GEOMETRY)


def gap_warning(step: float, spacing: float | None, thickness: float | None, name: str) -> tuple[str, ...]:
    """Compare the step between slices with what the header says of it.

    Args:
        step: measured, in mm.
        spacing: SpacingBetweenSlices; some scanners write the gap alone there.
        thickness: SliceThickness.

    Returns:
        a warning if more than half a slice is unseen between two slices.

    Raises:
        ScanError: the header promises smaller or larger steps: slices are missing, or the geometry is wrong.
    """
    meant = [value for value in (spacing, (spacing or 0) + (thickness or 0)) if spacing and value]
    if meant and all(abs(value - step) > MAX_STEP_OFF * step for value in meant):
        kind = Refusal.GAP if step > max(meant) else Refusal.GEOMETRY
        found = f"steps of {step:.2f} mm between slices"
        raise ScanError(f"{name}: found {found}, expected {spacing:.2f} as SpacingBetweenSlices says", kind)
    if thickness and step > 1.5 * thickness:
        return (f"{name}: gaps of {step - thickness:.1f} mm between slices of {thickness:.1f} mm",)
    return ()


def check_size(shape: tuple[int, ...], across: int, name: str) -> None:
    """Refuse localizers, thumbnails and single slices.

    Raises:
        ScanError: fewer than 5 slices, or fewer than 64 pixels a side.
    """
    if shape[across] < MIN_SLICES:
        raise ScanError(
            f"{name}: found {shape[across]} slices, expected a stack of at least {MIN_SLICES}", Refusal.TOO_SMALL
        )
    sides = [side for axis, side in enumerate(shape) if axis != across]
    if min(sides) < MIN_PIXELS:
        raise ScanError(
            f"{name}: found {sides[0]} x {sides[1]} pixels, expected at least {MIN_PIXELS} a side", Refusal.TOO_SMALL
        )


def check_values(pixels: NDArray[np.generic], name: str) -> None:
    """Refuse voxels that are no MR signal.

    Raises:
        ScanError: NaN or infinite voxels, or fewer than 16 distinct values.
    """
    broken = int(np.size(pixels) - np.isfinite(pixels).sum())
    if broken:
        found = f"{broken} voxels that are NaN or infinite"
        raise ScanError(f"{name}: found {found}, expected finite numbers", Refusal.NO_SIGNAL)
    values = len(np.unique(pixels))
    if values < MIN_VALUES:
        found = f"{values} distinct values (a mask or an empty picture)"
        raise ScanError(f"{name}: found {found}, expected an MR scan", Refusal.NO_SIGNAL)
    largest = float(np.abs([pixels.min(), pixels.max()]).max())
    if largest > MAX_VALUE:
        raise ScanError(f"{name}: found values up to {largest:.2g}, expected an MR scan", Refusal.NO_SIGNAL)


def storable(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """The values in the smallest of int16, uint16 and int32 if they are whole and fit, else in float32."""
    for kind in (np.int16, np.uint16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= pixels.min() and pixels.max() <= limits.max and np.array_equal(pixels, np.rint(pixels)):
            return pixels.astype(kind)
    return pixels.astype(np.float32)


def slice_step(volume: Volume) -> float:
    """Millimetres from slice to slice."""
    return steps_of(volume.affine)[slice_axis(volume.affine)]
