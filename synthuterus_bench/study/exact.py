"""One proportion, exactly."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binomtest

CHANCE = 0.5
Floats = NDArray[np.float64]


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper and Pearson 1934): never covers less than ``level``.

    Raises:
        ValueError: no trials, or hits outside 0 to ``trials``.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} hits of {trials} trials")
    low, high = (ends[hits] for ends in every_interval(trials, level))
    return float(low), float(high)


def every_interval(trials: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper ends of :func:`clopper_pearson` for 0 to ``trials`` hits, (trials + 1,) each."""
    tail, hits = (1 - level) / 2, np.arange(trials + 1)
    low, high = np.zeros(trials + 1), np.ones(trials + 1)
    low[1:] = beta.ppf(tail, hits[1:], trials - hits[1:] + 1)
    high[:-1] = beta.ppf(1 - tail, hits[:-1] + 1, trials - hits[:-1])
    return low, high


def against_chance(hits: int, trials: int) -> float:
    """Two-sided exact binomial p-value against guessing."""
    return float(binomtest(hits, trials, CHANCE).pvalue)
