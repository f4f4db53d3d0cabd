"""Tiers: sets of entries whose order is proven, so that a board shows no false one.

Two entries are separable when a test of their difference says so after Holm's correction over all pairs. A cut between
two tiers stands only where every entry above it is separable from every entry below it; so the chance that any order
of two tiers is wrong stays under the level. Inside a tier nothing is claimed but the places: an entry's best place is
one more than the number surely better, its worst the number not surely worse.

An entry with a very wide interval would glue tiers together. It gets a span of tiers instead, and glues none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.stats import holm

LEVEL = 0.05
VAGUE = 4.0
"""Widths of the median interval beyond which an entry does not glue tiers."""

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Span:
    """The best and the worst that a place or a tier can be, among ``of``; 1 is best."""

    best: int
    worst: int
    of: int

    @property
    def text(self) -> str:
        """``2`` or ``2–4``."""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


def surely_better(p_values: Floats, values: Floats, level: float = LEVEL) -> Flags:
    """Which entry (row) is surely better than which (column), lower values being better.

    Args:
        p_values: (n, n) symmetric, two-sided, one test a pair; the diagonal is not read.
        values: (n,).
        level: of all pairs together (Holm 1979).
    """
    rows, columns = np.triu_indices(len(values), 1)
    told = np.zeros(p_values.shape, bool)
    told[rows, columns] = np.array(holm(p_values[rows, columns].tolist())) <= level
    return (told | told.T) & (values[:, None] < values[None, :])


def places(better: Flags) -> list[Span]:
    """The places that the proven order allows each entry."""
    count = len(better)
    return [
        Span(1 + int(above), count - int(below), count)
        for above, below in zip(better.sum(0), better.sum(1), strict=True)
    ]


def tiers(better: Flags, values: Floats, widths: Sequence[float] | Floats) -> list[Span]:
    """The tier of each entry; a span of several only for one whose interval is too wide to say.

    Args:
        better: (n, n), from :func:`surely_better`.
        values: (n,), lower is better.
        widths: (n,), of the intervals that ``better`` rests on, at one level.
    """
    if not len(values):
        return []
    sizes = np.asarray(widths, np.float64)
    vague = sizes > VAGUE * np.median(sizes)
    kept = ~vague
    for one in np.flatnonzero(vague)[np.argsort(sizes[vague], kind="stable")]:
        kept[one] = len(_touched(better, _cut(better, values, kept), one)) < 2
    numbers = _cut(better, values, kept)
    return [_span(better, numbers, one) for one in range(len(values))]


def _cut(better: Flags, values: Floats, kept: Flags) -> Ints:
    """Tier numbers from 1; 0 for entries that are not kept."""
    order = np.flatnonzero(kept)[np.argsort(values[kept], kind="stable")]
    numbers = np.zeros(len(values), np.intp)
    if len(order):
        unproven = ~better[np.ix_(order, order)]
        last = len(order) - 1 - np.argmax(unproven[:, ::-1], axis=1)
        ends = np.maximum.accumulate(last) == np.arange(len(order))
        numbers[order] = 1 + np.concatenate([[0], np.cumsum(ends)[:-1]])
    return numbers


def _touched(better: Flags, numbers: Ints, one: int) -> set[int]:
    """Tiers that have an entry from which ``one`` cannot be told."""
    near = ~(better[one] | better[:, one])
    return {int(number) for number in numbers[near] if number}


def _span(better: Flags, numbers: Ints, one: int) -> Span:
    count, mine = int(numbers.max(initial=0)), int(numbers[one])
    if mine or not count:
        return Span(mine or 1, mine or 1, max(1, count))
    names = range(1, count + 1)
    above = sum(bool(better[numbers == name, one].all()) for name in names)
    below = sum(bool(better[one, numbers == name].all()) for name in names)
    return Span(1 + above, count - below, count)
