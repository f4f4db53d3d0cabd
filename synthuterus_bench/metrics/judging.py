"""Judges of metrics that look at one synthetic image at a time: a share of hits, or a mean of scores by class."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Judge, Rows

Floats = NDArray[np.float64]


def judge_share(hits: NDArray[np.bool_]) -> Judge:
    """Share of hits, from those of all rows of the feature array (rows,)."""
    return Judge(lambda groups, _: np.array([hits[group].mean() for group in groups]), hits)


def judge_means(scores: Callable[[Rows], Floats], strata: NDArray[np.int64]) -> Judge:
    """Mean of scores inside each class, then over classes.

    Args:
        scores: of all rows of the feature array, (rows,), against given held-out rows; NaN where there is none.
        strata: class of each row.
    """

    def values(groups: Sequence[Rows], real: Rows) -> Floats:
        known = scores(real)
        return np.array([_by_class(known[group], strata[group]) for group in groups])

    return Judge(values)


def _by_class(scores: Floats, classes: NDArray[np.int64]) -> float:
    names, place = np.unique(classes, return_inverse=True)
    means = np.bincount(place, scores) / np.bincount(place)
    return float(np.mean(means[: len(names)]))
