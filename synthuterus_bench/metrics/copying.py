"""C_T (Meehan et al. 2020): whether synthetic images lie nearer to the training images than held-out real ones do.

The z-score of a Mann-Whitney test of the distances to the nearest training image, ``U`` the number of pairs in which
the synthetic image is the farther one: far below 0 is copying, far above is missing the mark. Cells are the classes;
a pooled value is the mean of theirs, weighted by held-out images. One image of each patient counts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Rows, Scope
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.independent import one_a_unit
from synthuterus_bench.metrics.jackknife import grouped_interval

Floats = NDArray[np.float64]


def z_score(fake: Floats, test: Floats) -> float:
    """Of distances (n,) and (m,): ``(U - nm / 2) / sqrt(nm (n + m + 1) / 12)``, ties counted half."""
    n, m = len(fake), len(test)
    u = np.sum(fake[:, None] > test) + np.sum(fake[:, None] == test) / 2
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def copying(gram: Gram, fake: Rows, test: Rows, train: Rows, strata: NDArray[np.int64]) -> float:
    """C_T over the classes that all three groups hold.

    Raises:
        TooFewError: there is none.
    """
    scores, weights = [], []
    for name in np.unique(strata[test]):
        ours, held_out, known = (rows[strata[rows] == name] for rows in (fake, test, train))
        if min(len(ours), len(held_out), len(known)):
            scores.append(z_score(*(gram.square_distances(rows, known).min(1) for rows in (ours, held_out))))
            weights.append(len(held_out))
    if not scores:
        raise TooFewError("found no class with synthetic, training and held-out images")
    return float(np.average(scores, weights=weights))


def measure_copying(features: Features, scope: Scope) -> Measurement:
    """C_T of the synthetic images; in the null both sides are held-out real images, every other patient on one."""
    gram = features.gram
    fake, test = (one_a_unit(rows, scope.units) for rows in (scope.fake, scope.test))
    statistic = lambda left, right: copying(gram, left, right, scope.train, scope.strata)
    value = statistic(fake, test)
    null = [copying(gram, *_halves(draw.real, scope), draw.train, scope.strata) for draw in scope.null]
    interval = grouped_interval(value, statistic, fake, test, scope)
    return Measurement(value, len(test), len(fake), np.array(null), interval)


def _halves(rows: Rows, scope: Scope) -> tuple[Rows, Rows]:
    alone = one_a_unit(rows, scope.units)
    alone = alone[np.argsort(scope.strata[alone], kind="stable")]
    return alone[::2], alone[1::2]


def judge_copying(features: Features, scope: Scope) -> Judge:
    """C_T of groups of synthetic rows."""
    gram = features.gram

    def values(groups: Sequence[Rows], real: Rows) -> Floats:
        test = one_a_unit(real, scope.units)
        return np.array([copying(gram, group, test, scope.train, scope.strata) for group in groups])

    return Judge(values)


CT = Metric("ct-embedder", Need.EMBEDDER, "none", measure_copying, judge_copying, by_class=True)
