"""Intervals that count readers and images both as drawn from many: the mean of several readers' figures.

A figure is a sum over strata (real and synthetic images, whose numbers are fixed) of means over their images. ``parts``
holds one array a stratum, (..., R, n): what each of its n images adds to the figure of each of R readers, R at least 2.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]


def shared_variance(parts: Sequence[Floats]) -> Any:
    """Cov2: the mean covariance of two readers' figures that comes from reading the same images."""
    readers = parts[0].shape[-2]
    own = sum(part.var(-1, ddof=1).sum(-1) / part.shape[-1] for part in parts)
    return (readers**2 * image_variance(parts) - own) / (readers * (readers - 1))


def image_variance(parts: Sequence[Floats]) -> Any:
    """Variance of the mean figure of just these readers over images."""
    return sum(part.mean(-2).var(-1, ddof=1) / part.shape[-1] for part in parts)


def mean_interval(figures: Floats, parts: Sequence[Floats], level: float = 0.95) -> tuple[Any, Any, Any]:
    """Mean of the readers' figures (..., R) and its interval.

    The method of Obuchowski and Rockette 1995 for one modality, ``var = MS(R) / R + max(Cov2, 0)`` with the degrees of
    freedom of Hillis 2007, and never shorter than the interval of readers alone or of images alone: with two or three
    readers Cov2 is too uncertain, and without that bound a test of guessing at 5 % rejects it in up to 12 %.
    """
    readers, images = figures.shape[-1], sum(part.shape[-1] for part in parts)
    between, shared = figures.var(-1, ddof=1), np.maximum(shared_variance(parts), 0)
    whole = between + readers * shared
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(between > 0, whole**2 / (between**2 / (readers - 1)), np.inf)
    halves = [
        _quantile(freedom, level) * np.sqrt(whole / readers),
        _quantile(readers - 1, level) * np.sqrt(between / readers),
        _quantile(images - len(parts), level) * np.sqrt(image_variance(parts)),
    ]
    middle, half = figures.mean(-1), np.maximum.reduce(halves)
    return middle, middle - half, middle + half


def accuracy_parts(correct: NDArray[np.bool_], synthetic: NDArray[np.bool_]) -> list[Floats]:
    """The parts of the accuracy.

    Args:
        correct: (..., R, I).
        synthetic: (I,).
    """
    return [correct[..., side].astype(np.float64) * side.mean() for side in (synthetic, ~synthetic)]


def _quantile(freedom: Any, level: float) -> Any:
    return student.ppf(0.5 + level / 2, freedom)
