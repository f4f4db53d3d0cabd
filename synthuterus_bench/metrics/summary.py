"""Feature sets by mean and covariance alone: Fréchet distances to them, and what they give away.

A mean and a covariance let whoever holds a patient's image guess whether it is among those summed up (Homer et al.
2008 for means): images inside lie closer to them, in the covariance's own scale, than others of the same kind.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Measurement, Rows, Scope
from synthuterus_bench.metrics.frechet import nuclear_norm
from synthuterus_bench.metrics.jackknife import leave_out
from synthuterus_bench.stats import jackknife_variance, normal_interval

Floats = NDArray[np.float64]
RIDGE = 1e-6
"""Share of the mean variance added to every direction, so that a covariance can be inverted."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Of ``n`` rows: mean (d,) and covariance (d, d), with n - 1 below."""

    n: int
    mean: Floats
    covariance: Floats


def moments_of(rows: NDArray[np.floating]) -> Moments:
    """Of rows (n, d), n at least 2."""
    centred = rows - (mean := rows.mean(0, dtype=np.float64))
    return Moments(len(rows), mean, centred.T @ centred / (len(rows) - 1))


def distance_to(rows: NDArray[np.floating], real: Moments) -> float:
    """The Fréchet distance of rows (n, d) to what ``real`` sums up."""
    centred = rows - (mean := rows.mean(0, dtype=np.float64))
    centred /= np.sqrt(len(rows) - 1)
    values, vectors = np.linalg.eigh(real.covariance)
    overlap = nuclear_norm(centred @ (vectors * np.sqrt(np.maximum(values, 0))), exact=True)
    gap = mean - real.mean
    return max(0.0, float(gap @ gap + np.vdot(centred, centred) + np.trace(real.covariance) - 2 * overlap))


def measure_distance(features: Features, scope: Scope, real: Moments) -> Measurement:
    """The distance of the synthetic rows of a scope; its interval leaves out synthetic images alone.

    Raises:
        TooFewError: under two images.
    """
    if len(scope.fake) < 2:
        raise TooFewError(f"found {len(scope.fake)} synthetic images, expected 2")
    value = distance_to(features.rows[scope.fake], real)
    return Measurement(value, real.n, len(scope.fake), np.empty(0), _interval(value, features, scope, real))


def _interval(value: float, features: Features, scope: Scope, real: Moments) -> Interval | None:
    kept: list[Rows] = leave_out(scope.fake, scope)
    if len(kept) < 3:
        return None
    values = np.array([distance_to(features.rows[rows], real) for rows in kept])
    low, high = normal_interval(value, jackknife_variance(values, np.zeros(len(values), np.int64)))
    return Interval(low=low, high=high, level=0.95, method="jackknife, the reference as it is", unit="image")


def telling(members: NDArray[np.floating], others: NDArray[np.floating], real: Moments) -> float:
    """AUC at which the Mahalanobis distance to ``real`` tells its own rows (n, d) from ``others`` (m, d).

    0.5 is chance. One simple attack of many: a better one can tell more.
    """
    from sklearn.metrics import roc_auc_score

    ridge = RIDGE * np.trace(real.covariance) / len(real.mean)
    inverse = np.linalg.inv(real.covariance + ridge * np.eye(len(real.mean)))
    rows = np.concatenate([members, others]) - real.mean
    distances = np.einsum("nd,de,ne->n", rows, inverse, rows)
    inside = np.arange(len(rows)) < len(members)
    return float(max(roc_auc_score(inside, -distances), 0.5))
