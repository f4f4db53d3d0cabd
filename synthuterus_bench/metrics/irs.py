"""Image Retrieval Score (Dombrowski et al., CVPR 2025): how much of the training set a generator has learned.

``n`` queries retrieve their nearest training image each; ``k`` distinct ones of ``N`` are hit. If ``s`` of them can be
hit, equally likely, then ``P(k | s, n) = S2(n, k) s! / ((s - k)! s^n)``. A perfect generator stays below 1, because
some images are neighbours of many; so the score is divided by that of held-out real images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Relabelling, Rows, Scope
from synthuterus_bench.metrics.independent import one_a_unit, spread
from synthuterus_bench.stats import difference_interval

TAIL = 0.05
COMPARED = 0.025
"""Chance on each side of the bounds: of a score, and of the two scores of a comparison, whose interval is of 95 %."""


@dataclass(frozen=True, slots=True)
class Irs:
    """Shares of the training set: hit, learned by maximum likelihood, and its bounds (5 % on each side by default)."""

    alpha: float
    infinity: float
    lower: float
    upper: float


def irs_from_counts(n_train: int, n_queries: int, n_hits: int, tail: float = TAIL) -> Irs:
    """The score of ``n_hits`` distinct images among ``n_train``, hit by ``n_queries`` queries.

    Args:
        tail: chance on each side of the bounds.

    Raises:
        ValueError: the counts contradict each other.
    """
    if not 1 <= n_hits <= min(n_train, n_queries):
        raise ValueError(f"{n_hits} hits of {n_queries} queries on {n_train} images")
    learned = most_likely(n_train, n_queries, n_hits)
    few = lambda s: at_most(n_hits, s, n_queries) >= tail
    many = lambda s: 1 - at_most(n_hits - 1, s, n_queries) < tail
    upper = _last(few, n_hits, n_train)
    lower = min(_last(many, n_hits - 1, n_train) + 1, n_train)
    return Irs(n_hits / n_train, learned / n_train, lower / n_train, upper / n_train)


def most_likely(n_train: int, n_queries: int, n_hits: int) -> int:
    """The ``s`` in [k, N] of largest likelihood: the largest with ``s (1 - (1 - 1/s)^n) < k``; k = n gives N."""
    if n_hits == n_queries:
        return n_train
    expects_fewer = lambda s: s**n_queries - (s - 1) ** n_queries < n_hits * s ** (n_queries - 1)
    return _last(expects_fewer, n_hits, n_train)


def at_most(hits: int, s: int, n: int) -> float:
    """``P(K <= hits | s, n)`` by the occupancy recurrence ``p'(k) = p(k) k/s + p(k-1) (s-k+1)/s``."""
    if hits >= min(s, n):
        return 1.0
    k = np.arange(hits + 1)
    again, first = k / s, (s - k) / s
    p = np.zeros(hits + 1)
    p[0] = 1
    for _ in range(n):
        fresh = p[:-1] * first[:-1]
        p *= again
        p[1:] += fresh
    return float(p.sum())


def _last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The largest integer in (low, high] where a property that is lost only once holds, else ``low``."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def hits_of(codes: NDArray[np.floating], queries: Rows, train: Rows) -> int:
    """How many distinct rows of ``train`` the ``queries`` retrieve, both rows of unit codes (rows, e)."""
    return len(np.unique(np.argmax(codes[queries] @ codes[train].T, axis=1)))


def retrieve(codes: NDArray[np.floating], queries: Rows, train: Rows) -> Irs:
    """The score of ``queries`` on ``train``."""
    return irs_from_counts(len(train), len(queries), hits_of(codes, queries, train))


def measure_irs(features: Features, scope: Scope) -> Measurement:
    """Score of the synthetic images over that of as many held-out real ones, on the same training images.

    One image of each patient is a query: the model takes queries as independent.

    Raises:
        TooFewError: no training images or no queries.
    """
    codes, queries = features.rows, _queries(scope)
    n = min(map(len, queries))
    ours, held_out = (retrieve(codes, spread(rows, n), scope.train) for rows in queries)
    null = [_null_irs(codes, draw, scope, n) / held_out.infinity for draw in scope.null]
    interval = _ratio_bounds(ours, held_out)
    return Measurement(ours.infinity / held_out.infinity, len(scope.train), n, np.array(null), interval)


def measure_infinity(features: Features, scope: Scope) -> Measurement:
    """Score of as many synthetic images as there are held-out patients, as it is: hubs keep real images below 1 too."""
    n = min(map(len, _queries(scope)))
    ours = retrieve(features.rows, spread(_queries(scope)[0], n), scope.train)
    null = np.array([_null_irs(features.rows, draw, scope, n) for draw in scope.null])
    return Measurement(ours.infinity, len(scope.train), n, null, _bounds(ours, 1.0))


def _queries(scope: Scope) -> list[Rows]:
    queries = [one_a_unit(rows, scope.units) for rows in (scope.fake, scope.test)]
    if not min(len(scope.train), *map(len, queries)):
        raise TooFewError(f"found {len(scope.train)} training images, expected some, and queries")
    return queries


def _bounds(score: Irs, divisor: float, tail: float = TAIL) -> Interval:
    low, high = score.lower / divisor, score.upper / divisor
    return Interval(low=low, high=high, level=1 - 2 * tail, method="occupancy bounds", unit="patient")


def _ratio_bounds(ours: Irs, held_out: Irs) -> Interval:
    """Of the ratio of two scores, from the bounds of both by the rule for a difference, of logarithms."""
    sides = [np.log([score.infinity, score.lower, score.upper]).tolist() for score in (ours, held_out)]
    _, low, high = np.exp(difference_interval(sides[0], sides[1]))
    method = "ratio of occupancy bounds"
    return Interval(low=float(low), high=float(high), level=1 - 2 * TAIL, method=method, unit="patient")


def _null_irs(codes: NDArray[np.floating], draw: Relabelling, scope: Scope, n: int) -> float:
    queries = spread(one_a_unit(draw.real, scope.units), n)
    hits = hits_of(codes, queries, draw.train)
    return most_likely(len(draw.train), len(queries), hits) / len(draw.train)


def judge_irs(features: Features, scope: Scope, adjusted: bool) -> Judge:
    """Score of groups of synthetic rows, each image of which always retrieves the same training image."""
    codes, train = features.rows, scope.train
    nearest = np.zeros(len(codes), np.int64)
    nearest[scope.fake] = np.argmax(codes[scope.fake] @ codes[train].T, axis=1)

    def held_out(n: int, real: Rows) -> float:
        return retrieve(codes, spread(one_a_unit(real, scope.units), n), train).infinity if adjusted else 1.0

    def queries(group: Rows, real: Rows) -> Rows:
        return spread(group, len(one_a_unit(real, scope.units)))

    def values(groups: Sequence[Rows], real: Rows) -> NDArray[np.float64]:
        score, divisor = cache(partial(most_likely, len(train))), cache(partial(held_out, real=real))
        asked = [nearest[queries(group, real)] for group in groups]
        found = [score(len(each), len(np.unique(each))) / len(train) / divisor(len(each)) for each in asked]
        return np.array(found)

    def span(group: Rows, real: Rows) -> Interval:
        asked = nearest[queries(group, real)]
        counts = len(train), len(asked), len(np.unique(asked))
        return _bounds(irs_from_counts(*counts, COMPARED), held_out(len(asked), real), COMPARED)

    return Judge(values, span=span)


IRS = Metric("irs-adjusted", Need.CODES, "higher", measure_irs, partial(judge_irs, adjusted=True), low=0.0)
IRS_INFINITY = Metric(
    "irs-infinity", Need.CODES, "higher", measure_infinity, partial(judge_irs, adjusted=False), low=0.0, high=1.0
)
