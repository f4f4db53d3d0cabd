"""Intervals that count readers and images both as drawn from many: the mean of several readers' figures.

Obuchowski and Rockette 1995 for one modality, with the degrees of freedom of Hillis 2007:
``var = MS(R) / R + max(Cov2, 0)``, where MS(R) is the variance of the readers' figures and Cov2 the covariance that any
two readers share because they read the same images.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]


def shared_variance(parts: Sequence[Floats]) -> Any:
    """Cov2: the mean covariance of two readers' figures over the images.

    Args:
        parts: one array a stratum, (..., R, n): what each image adds to each reader's figure, which is the sum over
            strata of the means over their images. R is at least 2.
    """
    readers = parts[0].shape[-2]
    total, own = 0.0, 0.0
    for part in parts:
        n = part.shape[-1]
        total = total + readers**2 * part.mean(-2).var(-1, ddof=1) / n
        own = own + part.var(-1, ddof=1).sum(-1) / n
    return (total - own) / (readers * (readers - 1))


def mean_interval(figures: Floats, shared: Any, level: float = 0.95) -> tuple[Any, Any, Any]:
    """Mean of the readers' figures and its interval.

    Args:
        figures: (..., R), R at least 2.
        shared: (...), as :func:`shared_variance` gives it.
    """
    readers = figures.shape[-1]
    between = figures.var(-1, ddof=1)
    whole = between + readers * np.maximum(shared, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(between > 0, whole**2 / (between**2 / (readers - 1)), np.inf)
    half = student.ppf(0.5 + level / 2, freedom) * np.sqrt(whole / readers)
    middle = figures.mean(-1)
    return middle, middle - half, middle + half


def accuracy_parts(correct: NDArray[np.bool_], synthetic: NDArray[np.bool_]) -> list[Floats]:
    """Parts of the accuracy for :func:`shared_variance`: real and synthetic images apart, because their numbers are
    fixed.

    Args:
        correct: (..., R, I).
        synthetic: (I,).
    """
    return [correct[..., side].astype(np.float64) * side.mean() for side in (synthetic, ~synthetic)]
