"""The slice of a mask to measure, on a grid of 1 mm."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import ScanError
from synthuterus_bench.vocab import LESIONS, UTERUS, Label

MARGIN_MM = 3
_WANTED = (*UTERUS, *LESIONS, Label.VAGINA)


@dataclass(frozen=True, slots=True)
class Plane:
    """A sagittal mask of 1 mm pixels, cropped to uterus and vagina with a margin of background.

    ``corner`` is the place of its first pixel's centre in mm from the upper left corner of the mask it was taken
    from, ``spacing`` the size of that mask's pixels, ``cut`` whether uterus touches the mask's edge.
    """

    labels: NDArray[np.uint8]
    corner: tuple[float, float]
    spacing: tuple[float, float]
    cut: bool

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(row, column) in mm on this grid as indices of the mask it was taken from."""
        return (points + np.asarray(self.corner)) / np.asarray(self.spacing) - 0.5


def extent(mask: NDArray[np.uint8], spacing_mm: tuple[float, ...]) -> tuple[float, float]:
    """Areas in mm2 of the endometrium and of the uterus with its lesions in a slice, (rows, columns).

    The mid-sagittal slice is the one where the first is largest, by the second where that is equal or zero.
    """
    pixel = float(np.prod(spacing_mm[-2:]))
    uterus = np.isin(mask, (*UTERUS, *LESIONS))
    return float((mask == Label.ENDOMETRIUM).sum() * pixel), float(uterus.sum() * pixel)


def mid_sagittal(mask: NDArray[np.uint8], spacing_mm: tuple[float, ...]) -> int:
    """Index of the mid-sagittal slice of a volume (slices, rows, columns); see :func:`extent`."""
    return max(range(len(mask)), key=lambda index: extent(mask[index], spacing_mm))


def check_mask(mask: NDArray[np.uint8], spacing_mm: tuple[float, ...]) -> None:
    """Refuse what is no mask.

    Raises:
        ScanError: not 2 or 3 axes, a spacing that is not positive and finite, or not one an axis.
    """
    if mask.ndim not in (2, 3) or len(spacing_mm) != mask.ndim:
        raise ScanError(
            f"mask: found {mask.ndim} axes and {len(spacing_mm)} spacings, expected 2 or 3, as many of each"
        )
    if not all(0 < step < np.inf for step in spacing_mm):
        raise ScanError(f"mask: found spacing {spacing_mm}, expected positive mm")


def take_plane(mask: NDArray[np.uint8], spacing_mm: tuple[float, float]) -> Plane | None:
    """A sagittal mask (rows, columns) on the working grid, nearest pixel; None where it shows no uterus."""
    uterus = np.isin(mask, (*UTERUS, *LESIONS))
    if not uterus.any():
        return None
    edge = bool(uterus[[0, -1]].any() or uterus[:, [0, -1]].any())
    wanted = np.isin(mask, _WANTED)
    axes = [_axis(np.any(wanted, axis=1 - axis), spacing_mm[axis]) for axis in (0, 1)]
    index = [np.floor(axis / step).astype(int) for axis, step in zip(axes, spacing_mm, strict=True)]
    there = [(i >= 0) & (i < size) for i, size in zip(index, mask.shape, strict=True)]
    safe = [np.clip(i, 0, size - 1) for i, size in zip(index, mask.shape, strict=True)]
    labels = np.where(np.outer(*there), mask[np.ix_(*safe)], Label.BACKGROUND).astype(np.uint8)
    return Plane(labels, (float(axes[0][0]), float(axes[1][0])), spacing_mm, edge)


def _axis(wanted: Any, step: float) -> NDArray[np.float64]:
    """Centres of the working pixels along an axis, in mm from the mask's edge."""
    first, last = np.flatnonzero(wanted)[[0, -1]]
    start, stop = np.floor(first * step) - MARGIN_MM, np.ceil((last + 1) * step) + MARGIN_MM
    return np.arange(start, stop) + 0.5
