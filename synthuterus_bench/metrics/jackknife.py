"""The two-sample jackknife of a statistic that has to be computed anew without each group of patients."""

from collections.abc import Callable

import numpy as np

from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.base import Rows, Scope
from synthuterus_bench.stats import jackknife_variance, normal_interval

GROUPS = 20
METHOD = "two-sample jackknife"


def grouped_interval(
    value: float, statistic: Callable[[Rows, Rows], float], fake: Rows, real: Rows, scope: Scope
) -> Interval | None:
    """95 % interval from leaving out a twentieth of the patients of either side at a time (each patient if fewer).

    Groups take patients of every class in turn. By Efron & Stein (1981) the variance errs to the large side. None
    with under three patients on a side.
    """
    sides = [leave_out(rows, scope) for rows in (fake, real)]
    if min(map(len, sides)) < 3:
        return None
    left = np.array([statistic(kept, real) for kept in sides[0]])
    right = np.array([statistic(fake, kept) for kept in sides[1]])
    variance = sum(jackknife_variance(part, np.zeros(len(part), np.int64)) for part in (left, right))
    low, high = normal_interval(value, variance)
    return Interval(low=low, high=high, level=0.95, method=METHOD, unit="patient")


def leave_out(rows: Rows, scope: Scope) -> list[Rows]:
    """The rows without each group of patients."""
    names, first, place = np.unique(scope.units[rows], return_index=True, return_inverse=True)
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(scope.strata[rows][first], kind="stable")] = np.arange(len(names))
    group = rank[place] % min(GROUPS, len(names))
    return [rows[group != which] for which in range(min(GROUPS, len(names)))]
