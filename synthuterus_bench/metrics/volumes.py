"""Volumes, slice by slice in three planes, and as wholes.

Slices lie in the sagittal plane; the other two planes are cut through them and interpolated to the 1 mm of the
in-plane pixels, then set in the middle of a square, so that every extractor sees isotropic images of one size.

- slice-wise: the middle slice of one plane stands for the volume, and images are compared as in 2D
- volume-wise: its features of the three middle slices, side by side, are the features of the volume
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import NO_WHOLE, Need
from synthuterus_bench.vocab import Plane

Volumes = NDArray[np.uint16]


def middle_slices(volumes: Volumes, plane: Plane, slice_mm: float, pixel_mm: float = 1.0) -> Volumes:
    """The middle slice of each of (n, slices, rows, columns), as squares of the larger in-plane side, (n, side, side).

    Beside the volume a square is as dark as the darkest pixel of its slice.
    """
    _, slices, rows, columns = volumes.shape
    match plane:
        case Plane.SAGITTAL:
            cut = volumes[:, slices // 2]
        case Plane.CORONAL:
            cut = _stretched(volumes[:, :, :, columns // 2].transpose(0, 2, 1), slice_mm / pixel_mm)
        case Plane.AXIAL:
            cut = _stretched(volumes[:, :, rows // 2].transpose(0, 2, 1), slice_mm / pixel_mm)
    return _squared(cut, max(rows, columns))


def _stretched(cut: Volumes, factor: float) -> Volumes:
    """The last axis interpolated linearly, its places ``factor`` times as dense; ends repeat."""
    count = cut.shape[-1]
    places = (np.arange(round(count * factor)) + 0.5) / factor - 0.5
    low = np.clip(np.floor(places).astype(np.int64), 0, count - 1)
    high, share = np.minimum(low + 1, count - 1), np.clip(places - low, 0, 1)
    return np.rint(cut[..., low] * (1 - share) + cut[..., high] * share).astype(np.uint16)


def _squared(cut: Volumes, side: int) -> Volumes:
    """Each image cut or set to (side, side) about its middle."""
    for axis in (1, 2):
        surplus = max(cut.shape[axis] - side, 0)
        cut = np.take(cut, range(surplus // 2, cut.shape[axis] - (surplus - surplus // 2)), axis)
    square = np.repeat(cut.min((1, 2)), side * side).reshape(-1, side, side)
    top, left = ((side - size) // 2 for size in cut.shape[1:])
    square[:, top : top + cut.shape[1], left : left + cut.shape[2]] = cut
    return square


def join(banks: list[FeatureBank]) -> FeatureBank:
    """Features of several slices of the same volumes, side by side; unit codes stay unit codes.

    Distances between images (LPIPS) and verdicts on one image (anatomy) have no whole. What one slice lacks, all lack.
    """
    whole = FeatureBank(missing={need: why for bank in banks for need, why in bank.missing.items()})
    for need in banks[0].arrays:
        if need in NO_WHOLE or not all(need in bank.arrays for bank in banks):
            continue
        rows = np.concatenate([bank.arrays[need] for bank in banks], 1)
        rows = rows / np.sqrt(len(banks)) if need is Need.CODES else rows
        identity = banks[0].identity[need] | {"slices": "middle of three planes"}
        whole.add(need, rows, **(identity | {"dims": rows.shape[1]} if "dims" in identity else identity))
    return whole
