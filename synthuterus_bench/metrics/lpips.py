"""LPIPS (Zhang et al. 2018) with the AlexNet trunk: to real images, to the nearest of them, and within a set.

Pairs are of one class, as in the paper: of a pooled scope each value is the mean over its classes (where classes were
measured, all images are one stratum, which the result's parameters say). The distance is quadratic in weighted
features, so all pairs come from one Gram matrix a layer (``metrics/alexnet.py``).

- ``lpips``: mean over all pairs of a synthetic and a held-out real image
- ``lpips-nearest``: mean over synthetic images of the distance to the nearest held-out real one; copies give 0
- ``lpips-diversity``: mean over pairs of synthetic images of different units; a collapsed generator gives 0
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Rows, Scope
from synthuterus_bench.metrics.jackknife import grouped_interval
from synthuterus_bench.metrics.judging import judge_means
from synthuterus_bench.metrics.pairs import Blocks, between, counts_of, jackknife_interval, null_means, within

Floats = NDArray[np.float64]


def measure_lpips(distances: Features, scope: Scope) -> Measurement:
    """Mean over pairs of a synthetic and a held-out real image; ``distances`` are (rows, rows)."""
    square = np.asarray(distances.rows, np.float64)
    pairs = between(square, scope.fake, scope.test, scope, matched=True)
    interval = jackknife_interval(pairs.mean, pairs.without_left, pairs.without_right, scope)
    null = null_means(square, scope, matched=True).between
    return Measurement(pairs.mean, len(scope.test), len(scope.fake), null, interval)


def measure_nearest(distances: Features, scope: Scope) -> Measurement:
    """Mean distance of a synthetic image to its nearest held-out real one."""
    statistic = lambda fake, real: nearest(distances.rows, fake, real, scope)
    value = statistic(scope.fake, scope.test)
    null = np.array([statistic(draw.fake, draw.real) for draw in scope.null])
    interval = grouped_interval(value, statistic, scope.fake, scope.test, scope)
    return Measurement(value, len(scope.test), len(scope.fake), null, interval)


def nearest(distances: NDArray[np.floating], fake: Rows, real: Rows, scope: Scope) -> float:
    """Mean over ``fake`` of the smallest distance to ``real`` in the same class; classes count alike."""
    means = []
    for name in np.unique(scope.strata[fake]):
        ours, theirs = (rows[scope.strata[rows] == name] for rows in (fake, real))
        if len(theirs):
            means.append(float(distances[np.ix_(ours, theirs)].min(1).mean()))
    return float(np.mean(means))


def measure_diversity(distances: Features, scope: Scope) -> Measurement:
    """Mean over pairs of synthetic images.

    Raises:
        TooFewError: a class has no pair.
    """
    counts = np.unique(scope.strata[scope.fake], return_counts=True)[1]
    if counts.min() < 2:
        raise TooFewError(f"found {counts.min()} synthetic image of a class, expected at least 2 to make a pair")
    square = np.asarray(distances.rows, np.float64)
    value, without = within(square, scope.fake, scope, matched=True)
    interval = jackknife_interval(value, without, np.zeros(len(np.unique(scope.units[scope.test]))), scope)
    null = null_means(square, scope, matched=True).fake
    return Measurement(value, len(scope.test), len(scope.fake), null, interval)


def _judge(distances: Features, scope: Scope, to_class: Callable[[Floats], Floats]) -> Judge:
    """By the distances of an image to the held-out ones of its class, (n, m) to (n,)."""

    def scores(real: Rows) -> Floats:
        found = np.full(len(scope.strata), np.nan)
        for name in np.unique(scope.strata[scope.fake]):
            ours, theirs = (rows[scope.strata[rows] == name] for rows in (scope.fake, real))
            if len(theirs):
                found[ours] = to_class(np.asarray(distances.rows[np.ix_(ours, theirs)], np.float64))
        return found

    return judge_means(scores, scope.strata)


def judge_lpips(distances: Features, scope: Scope) -> Judge:
    """Mean distance to held-out images."""
    return _judge(distances, scope, lambda apart: apart.mean(1))


def judge_nearest(distances: Features, scope: Scope) -> Judge:
    """Distance to the nearest held-out image."""
    return _judge(distances, scope, lambda apart: apart.min(1))


def judge_diversity(distances: Features, scope: Scope) -> Judge:
    """Mean over pairs inside a group."""
    rows = np.sort(scope.fake)
    blocks = Blocks.of(np.asarray(distances.rows, np.float64), rows, rows, scope, matched=True)

    def values(groups: Sequence[Rows], _: Rows) -> Floats:
        counts = counts_of(groups, rows)
        return blocks.means(counts, counts)

    return Judge(values)


LPIPS = Metric("lpips", Need.LPIPS, "lower", measure_lpips, judge_lpips, low=0.0, by_class=True)
LPIPS_NEAREST = Metric("lpips-nearest", Need.LPIPS, "lower", measure_nearest, judge_nearest, low=0.0, by_class=True)
LPIPS_DIVERSITY = Metric(
    "lpips-diversity", Need.LPIPS, "higher", measure_diversity, judge_diversity, low=0.0, by_class=True
)
