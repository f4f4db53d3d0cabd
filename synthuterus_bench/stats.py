"""The statistics that intervals, nulls and bootstraps are made of."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def wilson_interval(hits: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
    """Wilson score interval of a proportion; ``z`` is the normal quantile (1.959964 for 95 %).

    Args:
        trials: independent ones; of grouped ones :func:`effective_trials`, and ``hits`` their share of it.

    Raises:
        ValueError: no trials, or hits outside 0 to ``trials``.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} hits of {trials} trials")
    share, bend = hits / trials, z * z / trials
    centre = (share + bend / 2) / (1 + bend)
    half = z / (1 + bend) * math.sqrt(share * (1 - share) / trials + bend / (4 * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_trials(hits: NDArray[np.bool_], units: NDArray[np.integer]) -> float:
    """As how many independent trials (n,) grouped ones count for the variance of their share (Kish 1965).

    That is n over the design effect, which is at least 1; where all trials agree, as many as there are units.
    """
    share, place = float(hits.mean()), np.unique(units, return_inverse=True)[1]
    n, groups = len(hits), int(place.max()) + 1
    if groups == n or share in (0.0, 1.0) or groups == 1:
        return float(groups)
    sums = np.bincount(place, hits - share)
    effect = groups / (groups - 1) * float(sums @ sums) / (n * share * (1 - share))
    return n / max(1.0, effect)


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """First less second, each (value, low, high) and independent, with the interval that follows from theirs.

    The square-and-add rule of Zou and Donner 2008 (MOVER); with Wilson intervals of two proportions it is Newcombe's
    of 1998 (his method 10).
    """
    (one, one_low, one_high), (two, two_low, two_high) = first, second
    below, above = math.hypot(one - one_low, two_high - two), math.hypot(one_high - one, two - two_low)
    return one - two, one - two - below, one - two + above


def percentile_interval(values: Sequence[float] | Floats, level: float = 0.95) -> tuple[float, float]:
    """The central ``level`` of the values, by linear interpolation of their percentiles."""
    tail = 50 * (1 - level)
    low, high = np.percentile(np.asarray(values, np.float64), [tail, 100 - tail])
    return float(low), float(high)


def bootstrap_counts(rng: np.random.Generator, units: int, resamples: int) -> NDArray[np.int64]:
    """How often each of ``units`` is drawn in each resample with replacement: (resamples, units)."""
    return rng.multinomial(units, np.full(units, 1 / units), size=resamples)


def jackknife_variance(leave_one_out: Floats, strata: NDArray[np.integer]) -> float:
    """Delete-one variance of an estimator from its values without each unit, units drawn by stratum (Jones 1974)."""
    parts = [leave_one_out[strata == name] for name in np.unique(strata)]
    return float(sum((len(part) - 1) / len(part) * np.sum((part - part.mean()) ** 2) for part in parts))


def normal_interval(value: float, variance: float, level: float = 0.95) -> tuple[float, float]:
    """The central ``level`` of a normal distribution."""
    from statistics import NormalDist

    half = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(variance)
    return value - half, value + half


def exceedance(worse: NDArray[np.bool_]) -> float:
    """Permutation p-value from which draws of the null are at least as bad: (1 + b) / (1 + m), Phipson & Smyth 2010."""
    return float((1 + worse.sum()) / (1 + worse.size))


def significant(value: float, digits: int = 6) -> float:
    """``value`` rounded to significant digits, so that the last bits of a BLAS do not reach a result file."""
    return float(f"{value:.{digits}g}")


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of one family, corrected so that any false finding among them stays under the level (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.minimum(1, np.maximum.accumulate(np.asarray(p_values, np.float64)[order] * factors))
    return [float(value) for value in corrected[np.argsort(order, kind="stable")]]
