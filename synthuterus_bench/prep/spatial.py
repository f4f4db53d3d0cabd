"""Space: resampling to the common grid, and crops around a centre."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.vocab import LESIONS, UTERUS

PIXEL_MM = 1.0
SLICE_MM = 4.0
SLICES = 24
SPACING_MM: dict[int, tuple[float, ...]] = {2: (PIXEL_MM, PIXEL_MM), 3: (SLICE_MM, PIXEL_MM, PIXEL_MM)}
"""Of prepared and of generated scans, by number of axes."""

_SAME = 1e-3

Value = TypeVar("Value", np.uint8, np.bool_, np.float32, np.float64)


def resample(pixels: NDArray[np.floating], spacing: Sequence[float], target: Sequence[float]) -> NDArray[np.float32]:
    """Cubic B-spline resampling about the centre, after a Gaussian against aliasing where the grid gets coarser.

    Values stay within their old range. Axes whose spacing agrees to 0.1 % keep their samples; if all do, the
    values come back as they were.

    Args:
        spacing: mm a voxel, as stored.
        target: mm a voxel, as wanted.
    """
    factors = _factors(spacing, target)
    if np.all(factors == 1):
        return pixels.astype(np.float32)
    smooth = ndimage.gaussian_filter(pixels.astype(np.float64), np.maximum(0, (factors - 1) / 2), mode="nearest")
    return np.clip(_sample(smooth, factors, order=3), pixels.min(), pixels.max()).astype(np.float32)


def resample_labels(labels: NDArray[Value], spacing: Sequence[float], target: Sequence[float]) -> NDArray[Value]:
    """Nearest-neighbour resampling onto the grid of :func:`resample`."""
    factors = _factors(spacing, target)
    return labels if np.all(factors == 1) else _sample(labels, factors, order=0)


def _factors(spacing: Sequence[float], target: Sequence[float]) -> NDArray[np.float64]:
    factors = np.asarray(target, np.float64) / np.asarray(spacing, np.float64)
    return np.where(np.abs(factors - 1) < _SAME, 1.0, factors)


def _sample(pixels: NDArray[Any], factors: NDArray[np.float64], order: Literal[0, 3]) -> NDArray[Any]:
    """A spline goes through its samples, so an axis that keeps them needs no interpolation: plane by plane is less."""
    if len(factors) == 3 and factors[0] == 1:
        return np.stack([_sample(plane, factors[1:], order) for plane in pixels])
    old = np.array(pixels.shape)
    new = np.maximum(1, np.rint(old / factors)).astype(int)
    offset = (old - 1) / 2 - factors * (new - 1) / 2
    return ndimage.affine_transform(pixels, factors, offset, tuple(new), order=order, mode="nearest")


def middle(shape: Sequence[int]) -> tuple[int, ...]:
    """Index of the middle voxel, the later one of two."""
    return tuple(side // 2 for side in shape)


def has_uterus(mask: NDArray[np.generic]) -> bool:
    """Whether a mask shows any uterus, or a lesion of one."""
    return bool(_uterus(mask).any())


def uterus_centre(mask: NDArray[np.uint8] | None) -> tuple[int, ...] | None:
    """Voxel nearest to the centroid of the uterus in a mask, lesions included; ``None`` without mask or uterus."""
    if mask is None:
        return None
    places = np.argwhere(_uterus(mask))
    return tuple(int(place) for place in np.rint(places.mean(axis=0))) if len(places) else None


def _uterus(mask: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.isin(mask, (*UTERUS, *LESIONS))


def crop(pixels: NDArray[Value], centre: Sequence[int], size: Sequence[int], fill: float) -> NDArray[Value]:
    """A box of ``size`` whose voxel ``size // 2`` is ``centre``; ``fill`` where it reaches outside."""
    result = np.full(tuple(size), fill, pixels.dtype)
    start = [middle_ - side // 2 for middle_, side in zip(centre, size, strict=True)]
    spans = [
        (max(0, begin), min(length, begin + side))
        for begin, side, length in zip(start, size, pixels.shape, strict=True)
    ]
    source = tuple(slice(*span) for span in spans)
    target = tuple(slice(low - begin, high - begin) for (low, high), begin in zip(spans, start, strict=True))
    result[target] = pixels[source]
    return result
