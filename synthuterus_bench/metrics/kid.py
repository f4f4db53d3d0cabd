"""Kernel distance: the unbiased squared maximum mean discrepancy of KID (Binkowski et al. 2018).

Kernel ``(x . y / d + 1)^3``. As the diagonal is left out, so are pairs of images of one patient: they are no
independent draws. The interval is a two-sample jackknife over patients.
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.pairs import between, jackknife_interval, null_means, within

Floats = NDArray[np.float64]
DEGREE, COEF0 = 3, 1.0


def polynomial_kernel(left: NDArray[np.floating], right: NDArray[np.floating]) -> Floats:
    """``(x . y / d + 1)^3`` of all pairs of rows, (n, m)."""
    product = left.astype(np.float64) @ right.astype(np.float64).T
    return (product / left.shape[1] + COEF0) ** DEGREE


def squared_mmd(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Unbiased squared MMD of two feature sets (n, d) and (m, d) whose rows are all independent."""
    inner = [polynomial_kernel(rows, rows) for rows in (left, right)]
    means = [(kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)) for kernel in inner]
    return float(sum(means) - 2 * polynomial_kernel(left, right).mean())


def measure_kid(features: NDArray[np.floating], scope: Scope) -> Measurement:
    """Squared MMD of synthetic to held-out real features; it can be below zero. Needs two patients on each side."""
    kernel = polynomial_kernel(features, features)
    (fake, without_fake), (real, without_real) = (within(kernel, rows, scope) for rows in (scope.fake, scope.test))
    cross = between(kernel, scope.fake, scope.test, scope)
    value, null = fake + real - 2 * cross.mean, null_means(kernel, scope)
    left = without_fake + real - 2 * cross.without_left
    right = fake + without_real - 2 * cross.without_right
    return Measurement(
        value,
        len(scope.test),
        len(scope.fake),
        null.fake + null.real - 2 * null.between,
        jackknife_interval(value, left, right, scope),
    )


KID_EMBEDDER = Metric(
    "kid-embedder",
    Need.EMBEDDER,
    "lower",
    measure_kid,
    params={"kernel": "polynomial", "degree": DEGREE, "coef0": COEF0},
)
