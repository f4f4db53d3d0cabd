"""Intensity: where the body is, and z-scores inside it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.errors import ScanError

BODY_SHARE = 0.25
"""Share of Otsu's threshold at which the body begins.

A pelvis without much air around it makes Otsu's threshold part fat from muscle; muscle has about an eighth of fat's
signal and air less than a thirtieth, so that a quarter of the threshold (a tenth of fat) lies between those two.
"""

MIN_BODY = 64
"""Pixels of body that a picture must show."""

_BINS = 256


def otsu(values: NDArray[np.floating]) -> float:
    """The threshold that parts values into two classes with the largest variance between them (Otsu 1979)."""
    counts, edges = np.histogram(values, _BINS)
    weight = np.cumsum(counts, dtype=np.float64)
    total = np.cumsum(counts * (edges[1:] + edges[:-1]) / 2)
    rest = weight[-1] - weight
    between = (total[-1] * weight / weight[-1] - total) ** 2 / np.maximum(weight * rest, 1)
    return float(edges[1 + int(np.argmax(between))])


def check_finite(pixels: NDArray[np.floating], name: str) -> None:
    """Refuse NaN and infinities.

    Raises:
        ScanError: there are some.
    """
    broken = int(np.size(pixels) - np.isfinite(pixels).sum())
    if broken:
        raise ScanError(f"{name}: found {broken} voxels that are NaN or infinite, expected finite numbers")


def body_mask(pixels: NDArray[np.floating], name: str, share: float = BODY_SHARE) -> NDArray[np.bool_]:
    """The body in a volume: the largest component above ``share`` of Otsu's threshold, its holes filled by slice.

    Raises:
        ScanError: a constant volume.
    """
    low, high = float(pixels.min()), float(np.percentile(pixels, 99.5))
    if not high > low:
        raise ScanError(f"{name}: found a constant volume ({low:g}), expected an MR scan")
    threshold = low + share * (otsu(np.minimum(pixels, high)) - low)
    parts, _ = ndimage.label(pixels > threshold)
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return np.stack([ndimage.binary_fill_holes(plane) for plane in largest])


def standardise(pixels: NDArray[np.floating], body: NDArray[np.bool_], name: str) -> NDArray[np.float64]:
    """Z-scores: mean 0 and standard deviation 1 inside ``body``.

    Raises:
        ScanError: too little of the body in view, or no contrast in it.
    """
    inside = pixels[body].astype(np.float64)
    if inside.size < MIN_BODY or not inside.std() > 0:
        raise ScanError(f"{name}: found {inside.size} pixels of body without contrast in view, expected a body")
    return (pixels - inside.mean()) / inside.std()
