"""N4 bias correction (Tustison et al. 2010) on the scan's own grid, through SimpleITK; images and volumes alike.

The scanner's receive field multiplies the signal, so it is estimated on the signal as acquired, before anything is
resampled: interpolation overshoots at edges and mixes fat with muscle, both of which read as field in the logarithm.
The estimate is a smooth spline and costs nothing to evaluate on any grid, so it is fitted on a coarse copy.

N4 needs a zero of signal. Scanners have one; z-scores and rescaled exports have lost it. The least value of a scan is
taken as zero, which in magnitude images is air or gas, so that gain and offset of what is stored do not matter.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import ScanError

MIN_SAMPLES = 64
"""Samples of body that a spline is fitted to at least."""

MIN_SIDE = 4
"""Samples along an axis that shrinking leaves, if it has as many: what one cubic piece takes."""


@dataclass(frozen=True, slots=True)
class N4Settings:
    """How N4 looks for the field. Chosen on full-view phantoms of other seeds than those it is scored on.

    ``working_mm``: spacing of the coarse copy. Each axis is averaged over the whole number of voxels nearest to it;
    averaging rather than dropping voxels, because it takes noise away that the sharpening would mistake for tissue.
    A volume has samples enough at 6 mm; a single image has not, and takes 4.
    ``knots_mm``: least spacing of the spline's knots at the first level, halved at each further one. A pelvis of
    200 to 400 mm begins with one cubic piece, as coils at its surface make one bowl of brightness, and ends with
    pieces of 50 to 100 mm.
    ``levels``: of 3 T images of 256 mm, the median correlation with the true field is 0.89 after two levels, 0.98 after
    three and 0.97 after four, when pieces of 32 mm follow the organs and the worst image falls from 0.94 to 0.65.
    ``finest_mm``: there are fewer levels where knots would come closer than this in plane, so that a full bladder
    cannot be taken for field. Of views narrower than 200 mm no setting finds the field well: fat, which tells it
    best, is hardly in them (at 180 mm the median correlation is 0.94, and single images have none).
    ``iterations``: at most, a level; ``convergence`` (variation of the change in field) mostly ends it before.
    ``fwhm``, ``wiener``, ``bins``: the blur in log signal that is undone, the noise it is undone with, and the
    histogram's bins: the values of the paper.
    """

    working_mm: float = 6.0
    knots_mm: float = 200.0
    levels: int = 3
    finest_mm: float = 50.0
    iterations: int = 50
    convergence: float = 1e-3
    fwhm: float = 0.15
    wiener: float = 0.01
    bins: int = 200


IMAGE = N4Settings(working_mm=4.0)
"""For a single image."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """``pixels`` without their field, least value 0, and ``log_field``, the natural logarithm of what was taken away.

    Both float32 of the scan's shape. The field has mean 0 inside the body; outside, where nothing tells, it is kept
    within its range inside.
    """

    pixels: NDArray[np.float32]
    log_field: NDArray[np.float32]


def correct(
    pixels: NDArray[np.floating],
    spacing_mm: Sequence[float],
    body: NDArray[np.bool_],
    settings: N4Settings,
    name: str,
) -> Corrected:
    """Divide a scan by its estimated field.

    Args:
        pixels: (rows, columns) or (slices, rows, columns), of any gain and offset.
        spacing_mm: mm a voxel along each axis.
        body: where there is signal to estimate from.

    Raises:
        ScanError: too little body, or no finite field found.
    """
    signal = (pixels - pixels.min()).astype(np.float32)
    inside = body & (signal > 0)
    field = log_field(signal, spacing_mm, inside, settings, name)
    centred = field - np.float32(field[inside].mean(dtype=np.float64))
    kept = np.clip(centred, centred[inside].min(), centred[inside].max())
    return Corrected(signal * np.exp(-kept), kept)


def log_field(
    signal: NDArray[np.float32],
    spacing_mm: Sequence[float],
    inside: NDArray[np.bool_],
    settings: N4Settings,
    name: str,
) -> NDArray[np.float32]:
    """N4's spline at every voxel of ``signal``, which is positive ``inside``.

    Raises:
        ScanError: see :func:`correct`.
    """
    import SimpleITK as sitk

    shrink = shrink_factors(signal.shape, spacing_mm, settings.working_mm)
    whole, coarse, mask = _images(signal, inside, shrink)
    samples = int(sitk.GetArrayViewFromImage(mask).sum())
    if samples < MIN_SAMPLES:
        raise ScanError(f"{name}: found {samples} samples of body for N4, expected at least {MIN_SAMPLES}")
    n4 = _filter(signal.shape, spacing_mm, settings)
    with _one_thread():
        try:
            n4.Execute(coarse, mask)
            field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(whole)).astype(np.float32)
        except RuntimeError as error:
            raise ScanError(f"{name}: N4 found no field ({' '.join(str(error).split())[-160:]})") from None
    if not np.isfinite(field).all():
        raise ScanError(f"{name}: N4 found a field that is not finite, expected a scan with contrast")
    return field


def shrink_factors(shape: Sequence[int], spacing_mm: Sequence[float], working_mm: float) -> list[int]:
    """Voxels averaged into one along each axis."""
    wanted = [max(1, round(working_mm / step)) for step in spacing_mm]
    return [min(factor, max(1, side // MIN_SIDE)) for factor, side in zip(wanted, shape, strict=True)]


def control_points(shape: Sequence[int], spacing_mm: Sequence[float], knots_mm: float) -> list[int]:
    """Control points of a cubic spline along each axis at the first level: its pieces, and three."""
    extents = [side * step for side, step in zip(shape, spacing_mm, strict=True)]
    return [max(1, int(extent / knots_mm)) + 3 for extent in extents]


def fitting_levels(shape: Sequence[int], spacing_mm: Sequence[float], settings: N4Settings) -> int:
    """Levels whose knots keep ``finest_mm`` in plane, the last two axes; at least one."""
    pieces = [points - 3 for points in control_points(shape, spacing_mm, settings.knots_mm)]
    spans = [side * step / count for side, step, count in zip(shape, spacing_mm, pieces, strict=True)]
    first = min(spans[-2:])
    return max(1, min(settings.levels, 1 + int(math.log2(max(1.0, first / settings.finest_mm)))))


def _images(signal: NDArray[np.float32], inside: NDArray[np.bool_], shrink: list[int]) -> tuple[Any, Any, Any]:
    """The whole image, its coarse copy, and the coarse voxels that lie wholly inside; spacing 1, axes reversed."""
    import SimpleITK as sitk

    whole = sitk.GetImageFromArray(signal)
    share = sitk.BinShrink(sitk.GetImageFromArray(inside.astype(np.float32)), shrink[::-1])
    return whole, sitk.BinShrink(whole, shrink[::-1]), sitk.Cast(share > 0.999, sitk.sitkUInt8)


def _filter(shape: Sequence[int], spacing_mm: Sequence[float], settings: N4Settings) -> Any:
    import SimpleITK as sitk

    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetNumberOfControlPoints(control_points(shape, spacing_mm, settings.knots_mm)[::-1])
    n4.SetMaximumNumberOfIterations([settings.iterations] * fitting_levels(shape, spacing_mm, settings))
    n4.SetConvergenceThreshold(settings.convergence)
    n4.SetBiasFieldFullWidthAtHalfMaximum(settings.fwhm)
    n4.SetWienerFilterNoise(settings.wiener)
    n4.SetNumberOfHistogramBins(settings.bins)
    return n4


@contextmanager
def _one_thread() -> Iterator[None]:
    """ITK sums in an order that depends on its threads; one of them gives the same bits anywhere."""
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
