"""Means over pairs of images, and what they become without each patient.

Classes count alike: a mean is taken inside each pair of classes, then over those. Samples are drawn by class, so a
plain mean inside a set would hold too few pairs of one class and be biased.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.base import Rows, Scope
from synthuterus_bench.metrics.jackknife import METHOD
from synthuterus_bench.stats import jackknife_variance, normal_interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """The patients of a group: images of each, (u,), class of each, (u,), and which row is whose, (u, rows)."""

    sizes: Floats
    strata: Ints
    member: Floats
    classes: Floats

    @staticmethod
    def of(rows: Rows, scope: Scope) -> "Units":
        """The patients of some rows of a scope."""
        names, first, place = np.unique(scope.units[rows], return_index=True, return_inverse=True)
        strata = scope.strata[rows][first]
        member = (np.arange(len(names))[:, None] == place).astype(np.float64)
        return Units(member.sum(1), strata, member, (np.unique(strata)[:, None] == strata).astype(np.float64))


@dataclass(frozen=True, slots=True)
class PairMean:
    """A mean over pairs, and the same without each patient of either group."""

    mean: float
    without_left: Floats
    without_right: Floats


def between(matrix: Floats, left: Rows, right: Rows, scope: Scope, matched: bool = False) -> PairMean:
    """Pairs of a row of ``left`` and one of ``right`` of a square matrix over all images.

    Args:
        matched: pairs of one class only.
    """
    a, b = Units.of(left, scope), Units.of(right, scope)
    sums = a.member @ matrix[np.ix_(left, right)] @ b.member.T
    total, pairs = a.classes @ sums @ b.classes.T, np.outer(a.classes @ a.sizes, b.classes @ b.sizes)
    own_left = _at_class(sums @ b.classes.T, a), _at_class(np.outer(a.sizes, b.classes @ b.sizes), a)
    own_right = _at_class(sums.T @ a.classes.T, b), _at_class(np.outer(b.sizes, a.classes @ a.sizes), b)
    taken = _blocks(a, b, matched)
    with np.errstate(invalid="ignore", divide="ignore"):
        return PairMean(
            float(np.mean((total / pairs)[taken])),
            np.mean(((total - own_left[0]) / (pairs - own_left[1]))[:, taken], axis=1),
            np.mean(((total.T - own_right[0]) / (pairs.T - own_right[1]))[:, taken.T], axis=1),
        )


def within(matrix: Floats, rows: Rows, scope: Scope, matched: bool = False) -> tuple[float, Floats]:
    """Pairs of images of different patients inside ``rows``: their mean, and the same without each patient."""
    units = Units.of(rows, scope)
    sums, pairs = units.member @ matrix[np.ix_(rows, rows)] @ units.member.T, np.outer(units.sizes, units.sizes)
    np.fill_diagonal(sums, 0)
    np.fill_diagonal(pairs, 0)
    blocks = [units.classes @ kind @ units.classes.T for kind in (sums, pairs)]
    own = [_at_class(kind @ units.classes.T, units) for kind in (sums, pairs)]
    left = [block - part - part.transpose(0, 2, 1) for block, part in zip(blocks, own, strict=True)]
    taken = _blocks(units, units, matched)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.mean((blocks[0] / blocks[1])[taken])), np.mean((left[0] / left[1])[:, taken], axis=1)


def _blocks(a: Units, b: Units, matched: bool) -> NDArray[np.bool_]:
    """Which pairs of classes count: all, or those of one class with itself."""
    names = np.unique(a.strata)[:, None], np.unique(b.strata)
    return names[0] == names[1] if matched else np.ones(np.broadcast_shapes(*(part.shape for part in names)), bool)


def _at_class(rows: Floats, units: Units) -> Floats:
    """(u, classes) placed at the class of each unit: (u, classes, classes)."""
    return units.classes.T[:, :, None] * rows[:, None, :]


def jackknife_interval(value: float, left: Floats, right: Floats, scope: Scope) -> Interval | None:
    """95 % interval from the values without each synthetic and each held-out patient; None with under three a class."""
    strata = [Units.of(rows, scope).strata for rows in (scope.fake, scope.test)]
    if min(np.unique(part, return_counts=True)[1].min() for part in strata) < 3:
        return None
    variance = jackknife_variance(left, strata[0]) + jackknife_variance(right, strata[1])
    low, high = normal_interval(value, variance)
    return Interval(low=low, high=high, level=0.95, method=METHOD, unit="patient")


@dataclass(frozen=True, slots=True)
class NullMeans:
    """Means over pairs for each relabelling: inside the real group, inside the fake group, and between them, (p,)."""

    real: Floats
    fake: Floats
    between: Floats


def null_means(matrix: Floats, scope: Scope, matched: bool = False) -> NullMeans:
    """All relabellings of a scope at once, one block after the other; ``matched`` as for :func:`between`."""
    rows = np.unique(np.concatenate([part for draw in scope.null for part in (draw.real, draw.fake)]))
    fake = np.stack([np.isin(rows, draw.fake) for draw in scope.null], 1).astype(np.float64)
    real = np.stack([np.isin(rows, draw.real) for draw in scope.null], 1).astype(np.float64)
    sides = (real, real), (fake, fake), (fake, real)
    found = [[block.means(*pair) for pair in sides] for block in _cut(matrix, rows, rows, scope, matched)]
    return NullMeans(*np.mean(found, axis=0))


@dataclass(frozen=True, slots=True)
class Block:
    """Pairs of different patients of two classes: their values (0 where none), which count, and whose rows they are."""

    values: Floats
    apart: Floats
    left: Ints
    right: Ints

    def means(self, left: Floats, right: Floats) -> Floats:
        """Mean over pairs for each column of how often each row counts, (left rows, p) and (right rows, p): (p,)."""
        mine, theirs = left[self.left], right[self.right]
        return np.asarray(np.sum(mine * (self.values @ theirs), 0) / np.sum(mine * (self.apart @ theirs), 0))


def _cut(matrix: Floats, left: Rows, right: Rows, scope: Scope, matched: bool) -> Iterator[Block]:
    """Blocks of a square matrix over all images, one at a time; ``matched`` as for :func:`between`."""
    sides = [[np.flatnonzero(scope.strata[rows] == k) for k in np.unique(scope.strata[rows])] for rows in (left, right)]
    for mine, theirs in product(*sides):
        one, two = left[mine], right[theirs]
        if not matched or scope.strata[one[0]] == scope.strata[two[0]]:
            apart = (scope.units[one][:, None] != scope.units[two]).astype(np.float64)
            yield Block(matrix[np.ix_(one, two)] * apart, apart, mine, theirs)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Pairs of different patients, cut by class."""

    parts: tuple[Block, ...]

    @staticmethod
    def of(matrix: Floats, left: Rows, right: Rows, scope: Scope, matched: bool = False) -> "Blocks":
        """Of a square matrix over all images, rows ``left`` against ``right``; ``matched`` as for :func:`between`."""
        return Blocks(tuple(_cut(matrix, left, right, scope, matched)))

    def means(self, left: Floats, right: Floats) -> Floats:
        """The mean over blocks of :meth:`Block.means`: (p,)."""
        return np.asarray(np.mean([block.means(left, right) for block in self.parts], axis=0))


def counts_of(groups: Sequence[Rows], rows: Rows) -> Floats:
    """Which of some rising rows each group holds, (rows, groups)."""
    counts = np.zeros((len(rows), len(groups)))
    for place, group in enumerate(groups):
        counts[np.searchsorted(rows, group), place] = 1
    return counts
