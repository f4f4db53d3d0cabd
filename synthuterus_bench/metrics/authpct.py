"""Authenticity (Alaa et al. 2022): the share of synthetic images that are no closer to a training image than others.

A synthetic image is authentic when its nearest training image has another one, of another patient, that is nearer to
it than the synthetic image is. Memorised copies are not. What held-out real images get is the floor, here a ceiling.
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Rows, Scope
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.independent import one_a_unit
from synthuterus_bench.metrics.judging import judge_share
from synthuterus_bench.stats import wilson_interval


def authentic(gram: Gram, queries: Rows, train: Rows, units: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each query is authentic.

    Raises:
        TooFewError: training images of under two patients.
    """
    patients = len(np.unique(units[train]))
    if patients < 2:
        raise TooFewError(f"found training images of {patients} patient, expected at least 2")
    inner = gram.square_distances(train, train)
    inner[units[train][:, None] == units[train]] = np.inf
    apart = gram.square_distances(queries, train)
    closest = apart.argmin(1)
    return np.asarray(apart[np.arange(len(queries)), closest] > inner.min(1)[closest])


def measure_authpct(features: Features, scope: Scope) -> Measurement:
    """Share of authentic synthetic images, one of each synthetic patient, with a Wilson interval."""
    queries = one_a_unit(scope.fake, scope.units)
    found = authentic(features.gram, queries, scope.train, scope.units)
    null = [
        authentic(features.gram, one_a_unit(draw.real, scope.units), draw.train, scope.units).mean()
        for draw in scope.null
    ]
    low, high = wilson_interval(int(found.sum()), len(found))
    interval = Interval(low=low, high=high, level=0.95, method="Wilson score", unit="patient")
    return Measurement(float(found.mean()), len(scope.train), len(queries), np.array(null), interval)


def judge_authpct(features: Features, scope: Scope) -> Judge:
    """Share of authentic images."""
    hits = np.zeros(len(features.rows), bool)
    hits[scope.fake] = authentic(features.gram, scope.fake, scope.train, scope.units)
    return judge_share(hits)


AUTHPCT = Metric("authpct-embedder", Need.EMBEDDER, "higher", measure_authpct, judge_authpct, low=0.0, high=1.0)
