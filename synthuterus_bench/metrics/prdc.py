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

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.independent import one_a_unit, spread

K = 5
"""As Naeem et al. take it."""

Features = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Prdc:
    """Precision, recall and coverage in [0, 1]; density from 0 up, 1 expected of equal sets."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: Features, fake: Features, k: int = K) -> Prdc:
    """All four of two feature sets (n, d) and (m, d), each of more than ``k`` rows.

    Raises:
        ValueError: a set has no k-th neighbour.
    """
    from sklearn.metrics import pairwise_distances

    if min(len(real), len(fake)) <= k:
        raise ValueError(f"{len(real)} real and {len(fake)} synthetic rows, expected more than k = {k} of each")
    apart = pairwise_distances(real.astype(np.float64), fake.astype(np.float64))
    in_real = apart <= radii(real, k)[:, None]
    in_fake = apart <= radii(fake, k)[None, :]
    return Prdc(
        precision=float(in_real.any(0).mean()),
        recall=float(in_fake.any(1).mean()),
        density=float(in_real.sum() / (k * len(fake))),
        coverage=float(in_real.any(1).mean()),
    )


def radii(rows: Features, k: int = K) -> NDArray[np.float64]:
    """Distance of every row (n, d) to its k-th nearest neighbour, itself left out."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows.astype(np.float64))
    return np.asarray(found.kneighbors()[0][:, -1], np.float64)


def measure(features: Features, scope: Scope, name: str) -> Measurement:
    """One of the four; no interval, for a resample holds rows twice, which are each other's neighbours.

    Raises:
        ValueError: too few patients for a k-th neighbour.
    """
    fake, test = one_a_unit(scope.fake, scope.units), one_a_unit(scope.test, scope.units)
    n = min(len(fake), len(test))
    value = getattr(prdc(features[spread(test, n)], features[spread(fake, n)]), name)
    null = []
    for draw in scope.null:
        real, other = (spread(one_a_unit(rows, scope.units), n) for rows in (draw.real, draw.fake))
        if min(len(real), len(other)) > K:
            null.append(getattr(prdc(features[real], features[other]), name))
    return Measurement(float(value), n, n, np.array(null))


def _metric(name: str, high: float | None) -> Metric:
    return Metric(
        f"{name}-embedder",
        Need.EMBEDDER,
        "higher",
        partial(measure, name=name),
        low=0.0,
        high=high,
        params={"k": K},
    )


PRDC = (_metric("precision", 1.0), _metric("recall", 1.0), _metric("density", None), _metric("coverage", 1.0))
