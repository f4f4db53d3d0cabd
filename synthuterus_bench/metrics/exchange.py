"""Two submissions against one reference: is the difference of a metric more than exchanging their images gives?

If both draw from one distribution, it does not matter which of them an image came from. So images change sides within
their class, as many on each as before, and the difference is computed anew; held-out patients stay as they are, the
same for both: that is the pairing. The p-value is two-sided. Of a share the distribution over all exchanges is known,
a convolution of hypergeometric ones, one a class (Fisher's exact test where there is one class).

The interval of the difference is a jackknife over the images of both and over the held-out patients, each left out of
both values at once; of a share, Newcombe's from Wilson's two; of a metric with bounds of its own, what follows of
those (``stats.difference_interval``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.base import Judge, Rows, Scope
from synthuterus_bench.metrics.jackknife import leave_out
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import (
    difference_interval,
    exceedance,
    jackknife_variance,
    normal_interval,
    wilson_interval,
)

Floats = NDArray[np.float64]
BATCH = 250
ROUNDING = 1e-12
NEWCOMBE = "Newcombe's from two Wilson scores"
EXCHANGED, EXACT = "images exchanged", "images exchanged, exact"


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows of two submissions, as many of each class in the order of the classes, no two of one patient.

    ``scope.fake`` holds both.
    """

    scope: Scope
    first: Rows
    second: Rows

    def exchanges(self, count: int) -> Iterator[tuple[Rows, Rows]]:
        """Both sides after each of ``count`` exchanges; they depend on the scope's name and the numbers only."""
        rng, classes = stream(0, "exchange", self.scope.name), self.scope.strata[self.first]
        places = [np.flatnonzero(classes == name) for name in np.unique(classes)]
        for _ in range(count):
            sides = self.first.copy(), self.second.copy()
            for place in places:
                dealt = rng.permutation(np.concatenate([self.first[place], self.second[place]]))
                sides[0][place], sides[1][place] = np.split(dealt, 2)
            yield sides


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both values, the interval of first less second, how often an exchange gives as much, and by what test."""

    first: float
    second: float
    interval: Interval | None
    p_value: float
    test: str
    exchanges: int | None = None

    @property
    def difference(self) -> float:
        """First less second."""
        return self.first - self.second


def contest(judge: Judge, pair: Pair, exchanges: int, track: Track = silent) -> Outcome:
    """Compare two submissions by one metric in one scope."""
    first, second = judge.values([pair.first, pair.second], pair.scope.test)
    if judge.hits is not None:
        hits = [judge.hits[rows] for rows in (pair.first, pair.second)]
        p_value = exact_p(hits[0], hits[1], pair.scope.strata[pair.first])
        return Outcome(first, second, _newcombe(*hits), p_value, EXACT)
    null = exchanged(judge, pair, exchanges, track)
    interval = (
        _jackknife(judge, pair, first - second) if judge.span is None else _of_spans(judge.span, pair, first, second)
    )
    return Outcome(first, second, interval, two_sided(first - second, null), EXCHANGED, exchanges)


def exchanged(judge: Judge, pair: Pair, count: int, track: Track = silent) -> Floats:
    """The difference after each exchange, (count,)."""
    draws, found = list(pair.exchanges(count)), []
    starts = range(0, count, BATCH)
    for start in track(starts, f"exchanging images, {pair.scope.name}", len(starts)):
        batch = draws[start : start + BATCH]
        values = judge.values([side for draw in batch for side in draw], pair.scope.test)
        found.append(values[::2] - values[1::2])
    return np.concatenate(found)


def two_sided(difference: float, null: Floats) -> float:
    """How often a difference under the null is at least as far from 0, ties by rounding included."""
    return exceedance(np.abs(null) >= abs(difference) * (1 - 1e-9) - ROUNDING)


def exact_p(first: NDArray[np.bool_], second: NDArray[np.bool_], classes: NDArray[np.int64]) -> float:
    """Two-sided p-value of two shares over all exchanges within classes; both sides (n,) have the same classes."""
    from scipy.stats import hypergeom

    chances = np.ones(1)
    for name in np.unique(classes):
        mine = classes == name
        n, both = int(mine.sum()), int(first[mine].sum() + second[mine].sum())
        chances = np.convolve(chances, hypergeom.pmf(np.arange(both + 1), 2 * n, both, n))
    away = np.abs(2 * np.arange(len(chances)) - (len(chances) - 1))
    return float(min(1.0, chances[away >= abs(int(first.sum()) - int(second.sum()))].sum()))


def _newcombe(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Interval:
    spans = [(float(side.mean()), *wilson_interval(int(side.sum()), len(side))) for side in (first, second)]
    _, low, high = difference_interval(*spans)
    return Interval(low=low, high=high, level=0.95, method=NEWCOMBE, unit="image")


def _of_spans(span: Callable[[Rows, Rows], Interval], pair: Pair, first: float, second: float) -> Interval:
    ends = [span(rows, pair.scope.test) for rows in (pair.first, pair.second)]
    sides = [(value, end.low, end.high) for value, end in zip((first, second), ends, strict=True)]
    _, low, high = difference_interval(*sides)
    return ends[0].model_copy(update={"low": low, "high": high, "method": f"difference of {ends[0].method}"})


def _jackknife(judge: Judge, pair: Pair, difference: float) -> Interval | None:
    """None with under three patients on a side."""
    scope = pair.scope
    sides = [judge.taken(rows, scope.test) for rows in (pair.first, pair.second)]
    kept = [leave_out(rows, scope) for rows in (*sides, scope.test)]
    if min(map(len, kept)) < 3:
        return None
    parts = [judge.values(kept[0], scope.test), judge.values(kept[1], scope.test)]
    without = [judge.values(sides, rows) for rows in kept[2]]
    parts.append(np.array([first - second for first, second in without]))
    variance = sum(jackknife_variance(part, np.zeros(len(part), np.int64)) for part in parts)
    low, high = normal_interval(difference, variance)
    return Interval(low=low, high=high, level=0.95, method="jackknife, held-out patients paired", unit="patient")
