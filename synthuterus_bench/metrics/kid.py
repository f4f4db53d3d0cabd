"""Kernel distance: the unbiased squared maximum mean discrepancy of KID (Binkowski et al. 2018).

Kernel ``(x . y / d + 1)^3``. As the diagonal is left out, so are pairs of images of one patient: they are no
independent draws. The interval is a two-sample jackknife over patients.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Rows, Scope
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.pairs import Blocks, between, counts_of, jackknife_interval, null_means, within
from synthuterus_bench.metrics.permutation import Draws, excess_over_null

Floats = NDArray[np.float64]
DEGREE, COEF0 = 3, 1.0


def kernel_of(gram: Gram) -> Floats:
    """``(x . y / d + 1)^3`` of all pairs of rows, (n, n)."""
    kernel = gram.raw()
    kernel /= gram.rows.shape[1]
    kernel += COEF0
    for rows in kernel:
        rows *= rows * rows
    return kernel


def squared_mmd(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Unbiased squared MMD of two feature sets (n, d) and (m, d) whose rows are all independent."""
    kernel = kernel_of(Gram.of(np.concatenate([left, right])))
    rows = np.arange(len(kernel))
    return float(_independent(kernel, [(rows[: len(left)], rows[len(left) :])])[0])


def measure_kid(features: Features, scope: Scope) -> Measurement:
    """Squared MMD of synthetic to held-out real features; it can be below zero.

    Raises:
        TooFewError: under two patients on a side.
    """
    few = min(len(np.unique(scope.units[rows])) for rows in (scope.fake, scope.test))
    if few < 2:
        raise TooFewError(f"found {few} patient on a side, expected at least 2 of each")
    kernel = kernel_of(features.gram)
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
        excess_over_null(partial(_independent, kernel), scope, scope.permutations),
    )


def _independent(kernel: Floats, draws: Draws) -> Floats:
    """Squared MMD of each draw, all of the same rows, which are independent."""
    rows = np.sort(np.concatenate(draws[0]))
    apart = kernel[np.ix_(rows, rows)]
    np.fill_diagonal(apart, 0)
    left = np.stack([np.isin(rows, fake, assume_unique=True) for fake, _ in draws], 1).astype(np.float64)
    right, n, m = 1 - left, len(draws[0][0]), len(draws[0][1])
    toward = apart @ left
    inner, cross = np.sum(left * toward, 0), np.sum(right * toward, 0)
    outer = np.sum(right * (apart.sum(1, keepdims=True) - toward), 0)
    return np.asarray(inner / (n * (n - 1)) + outer / (m * (m - 1)) - 2 * cross / (n * m))


def judge_kid(features: Features, scope: Scope) -> Judge:
    """Squared MMD of groups of synthetic rows."""
    kernel, fake = kernel_of(features.gram), np.sort(scope.fake)
    inner = Blocks.of(kernel, fake, fake, scope)

    def values(groups: Sequence[Rows], real: Rows) -> Floats:
        counts, every = counts_of(groups, fake), np.ones((len(real), 1))
        outer, cross = (Blocks.of(kernel, rows, real, scope) for rows in (real, fake))
        return inner.means(counts, counts) + outer.means(every, every) - 2 * cross.means(counts, every)

    return Judge(values)


def kid_metric(name: str, need: Need) -> Metric:
    """The kernel distance in the features of one layer of one extractor."""
    params: dict[str, str | int | float | bool] = {"kernel": "polynomial", "degree": DEGREE, "coef0": COEF0}
    return Metric(name, need, "lower", measure_kid, judge_kid, params=params, by_class=True)


KID_EMBEDDER = kid_metric("kid-embedder", Need.EMBEDDER)
KID = (
    kid_metric("kid-2048", Need.INCEPTION_2048),
    kid_metric("kid-768", Need.INCEPTION_768),
    kid_metric("kid-192", Need.INCEPTION_192),
    kid_metric("kid-64", Need.INCEPTION_64),
    kid_metric("kid-swav", Need.SWAV),
    kid_metric("kid-resnet18", Need.RESNET18),
)
