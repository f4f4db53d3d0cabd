"""Fleiss' kappa: how far readers agree beyond what their habits alone would give."""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.stats import jackknife_variance, normal_interval


def fleiss_kappa(counts: NDArray[np.integer]) -> float | None:
    """Kappa of (images, categories) counts with equally many readers a row (Fleiss 1971).

    None where it is undefined: fewer than two readers, or every answer the same.
    """
    readers = int(counts[0].sum())
    shares = counts.sum(0) / counts.sum()
    expected = float(np.sum(shares**2))
    if readers < 2 or expected == 1:
        return None
    observed = float(np.mean((np.sum(counts**2, 1) - readers) / (readers * (readers - 1))))
    return (observed - expected) / (1 - expected)


def kappa_interval(counts: NDArray[np.integer], strata: NDArray[np.integer]) -> tuple[float, float] | None:
    """Its interval, images drawn by stratum: delete-one jackknife. None where a part of it is undefined."""
    whole = fleiss_kappa(counts)
    without = [fleiss_kappa(np.delete(counts, k, 0)) for k in range(len(counts))]
    known = [value for value in without if value is not None]
    if whole is None or len(known) < len(without) or len(known) < 4:
        return None
    low, high = normal_interval(whole, jackknife_variance(np.array(known), strata))
    return max(low, -1.0), min(high, 1.0)
