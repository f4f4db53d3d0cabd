"""Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of embedder features.

``B(x)`` is the ball about ``x`` through its k-th nearest neighbour of the same set, ``x`` itself left out. Of real rows
``x_j`` and synthetic rows ``y_i``, n of each:

- precision: share of ``y_i`` inside any ``B(x_j)``: how many samples could be real
- recall: share of ``x_j`` inside any ``B(y_i)``: how much of what is real could be drawn
- density: ``1 / (k n)`` times the number of pairs with ``y_i`` inside ``B(x_j)``: precision, not swayed by one outlier
- coverage: share of ``B(x_j)`` with any ``y_i`` inside

Images of one patient are near each other and would shrink the balls, so one image of each patient counts, and as many
samples as patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.base import Rows as Group
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.independent import one_a_unit, spread
from synthuterus_bench.metrics.jackknife import grouped_interval

K = 5
"""As Naeem et al. take it."""

Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Prdc:
    """Precision, recall and coverage in [0, 1]; density from 0 up, 1 expected of equal sets."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: Rows, fake: Rows, k: int = K) -> Prdc:
    """All four of two feature sets (n, d) and (m, d), each of more than ``k`` rows.

    Raises:
        TooFewError: a set has no k-th neighbour.
    """
    gram = Gram.of(np.concatenate([real, fake]))
    return of_groups(gram, np.arange(len(real)), np.arange(len(real), len(real) + len(fake)), k)


def of_groups(gram: Gram, real: Group, fake: Group, k: int = K) -> Prdc:
    """All four of two groups of rows.

    Raises:
        TooFewError: a group has no k-th neighbour.
    """
    if min(len(real), len(fake)) <= k:
        raise TooFewError(f"{len(real)} real and {len(fake)} synthetic images, expected more than k = {k} of each")
    apart = gram.square_distances(real, fake)
    in_real = apart <= radii(gram.square_distances(real, real), k)[:, None]
    in_fake = apart <= radii(gram.square_distances(fake, fake), k)[None, :]
    return Prdc(
        precision=float(in_real.any(0).mean()),
        recall=float(in_fake.any(1).mean()),
        density=float(in_real.sum() / (k * len(fake))),
        coverage=float(in_real.any(1).mean()),
    )


def radii(apart: NDArray[np.float64], k: int = K) -> NDArray[np.float64]:
    """Distance of every row to its k-th nearest neighbour, itself left out, from all distances (n, n)."""
    others = apart + np.diag(np.full(len(apart), np.inf))
    return np.asarray(np.partition(others, k - 1, axis=1)[:, k - 1])


def measure(features: Features, scope: Scope, name: str) -> Measurement:
    """One of the four, with a jackknife interval: a bootstrap holds rows twice, which are each other's neighbours.

    Raises:
        TooFewError: too few patients for a k-th neighbour.
    """
    gram = features.gram
    fake, test = (one_a_unit(rows, scope.units) for rows in (scope.fake, scope.test))
    n = min(len(fake), len(test))
    fake, test = spread(fake, n), spread(test, n)
    statistic = lambda left, right: float(getattr(of_groups(gram, right, left), name))
    value = statistic(fake, test)
    null = []
    for draw in scope.null:
        real, other = (spread(one_a_unit(rows, scope.units), n) for rows in (draw.real, draw.fake))
        if min(len(real), len(other)) > K:
            null.append(statistic(other, real))
    interval = grouped_interval(value, statistic, fake, test, scope) if n > 2 * K else None
    return Measurement(value, n, n, np.array(null), interval)


def judge(features: Features, scope: Scope, name: str) -> Judge:
    """One of the four of groups of synthetic rows.

    Raises:
        TooFewError: too few patients for a k-th neighbour.
    """
    gram = features.gram

    def values(groups: Sequence[Group], real: Group) -> NDArray[np.float64]:
        test, found = one_a_unit(real, scope.units), []
        for group in groups:
            n = min(len(group), len(test))
            found.append(float(getattr(of_groups(gram, spread(test, n), spread(group, n)), name)))
        return np.array(found)

    return Judge(values, taken=lambda group, real: spread(group, len(one_a_unit(real, scope.units))))


def _metric(name: str, high: float | None) -> Metric:
    return Metric(
        f"{name}-embedder",
        Need.EMBEDDER,
        "higher",
        partial(measure, name=name),
        partial(judge, name=name),
        low=0.0,
        high=high,
        params={"k": K},
    )


PRDC = (_metric("precision", 1.0), _metric("recall", 1.0), _metric("density", None), _metric("coverage", 1.0))
