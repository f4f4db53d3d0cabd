"""Two submissions in one numbering: first, second, real training, held-out real images; as many of each class."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.sets import Sets, first_of_class
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need, Rows, Scope
from synthuterus_bench.metrics.exchange import Pair
from synthuterus_bench.metrics.independent import one_a_unit, spread
from synthuterus_bench.vocab import CLASSES

Ints = NDArray[np.int64]


def equalised(first: Submission, second: Submission) -> tuple[Submission, Submission]:
    """As many images of each class on both sides, or as many in all where classes of either were measured.

    Images that were asked for lie in the order of their classes, so those in all are taken evenly spaced.
    """
    if first.measured or second.measured:
        n = min(len(first.labels), len(second.labels))
        one, two = (_taken(side, spread(np.arange(len(side.labels)), n)) for side in (first, second))
        return one, two
    sizes = [min(int(np.sum(side.labels == k)) for side in (first, second)) for k in range(len(CLASSES))]
    rows = [
        np.concatenate([first_of_class(side.labels, k, size) for k, size in enumerate(sizes)])
        for side in (first, second)
    ]
    return _taken(first, rows[0]), _taken(second, rows[1])


def _taken(side: Submission, rows: Ints) -> Submission:
    return replace(
        side,
        pixels=side.pixels[rows],
        planes={plane: slices[rows] for plane, slices in side.planes.items()},
        labels=side.labels[rows],
        units=side.units[rows],
        digests=tuple(side.digests[row] for row in rows),
        fields=None if side.fields is None else side.fields[rows],
        names=tuple(side.names[row] for row in rows) if side.names else (),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission beside its reference: rows that are compared, scopes in their numbering, their features."""

    sets: Sets
    rows: Rows
    scopes: list[Scope]
    bank: FeatureBank

    @property
    def fakes(self) -> int:
        """How many of the rows are synthetic; they come first."""
        return self.sets.parts(self.rows)[0]


@dataclass(frozen=True, slots=True)
class Joined:
    """Both submissions and the one reference."""

    first: Seen
    second: Seen

    def array(self, need: Need) -> NDArray[np.floating]:
        """Features of all rows; of distances between images, those of the two submissions to each other are 0."""
        one, two = self.first.bank.arrays[need], self.second.bank.arrays[need]
        n, m = self.first.fakes, self.second.fakes
        if need is not Need.LPIPS:
            return np.concatenate([one[:n], two[:m], one[n:]])
        places = np.delete(np.arange(len(one) + m), np.s_[n : n + m]), np.arange(n, len(two) + n)
        square = np.zeros((len(one) + m,) * 2, one.dtype)
        square[np.ix_(places[1], places[1])] = two
        square[np.ix_(places[0], places[0])] = one
        return square

    def missing(self, need: Need) -> str | None:
        """Why there are no features of a kind."""
        return self.first.bank.missing.get(need) or self.second.bank.missing.get(need)

    def pairs(self) -> list[Pair]:
        """What is compared in each scope: one image of each patient, as many of each class on both sides."""
        return [self._pair(*scopes) for scopes in zip(self.first.scopes, self.second.scopes, strict=True)]

    def _pair(self, one: Scope, two: Scope) -> Pair:
        n, m = self.first.fakes, self.second.fakes
        joined: Callable[[Ints, Ints], Ints] = lambda a, b: np.concatenate([a[:n], b[:m], a[n:]])
        units = joined(one.units, two.units + one.units.max() + 1)
        strata = joined(one.strata, two.strata)
        mixed = one.mixed or two.mixed
        if any(side.sets.submission.measured for side in (self.first, self.second)):
            strata = np.zeros_like(strata)
        sides = one_a_unit(one.fake, one.units), n + one_a_unit(two.fake, two.units)
        mine, theirs = _matched(*sides, strata)
        rows = np.concatenate([mine, theirs])
        scope = Scope(one.name, rows, one.train + m, one.test + m, units, strata, (), mixed=mixed)
        return Pair(scope, mine, theirs)


def _matched(first: Rows, second: Rows, strata: Ints) -> tuple[Rows, Rows]:
    """Rows of each class, evenly spaced, as many of both, in the order of the classes."""
    parts: tuple[list[Rows], list[Rows]] = ([], [])
    for name in np.unique(strata[first]):
        one, two = (rows[strata[rows] == name] for rows in (first, second))
        n = min(len(one), len(two))
        parts[0].append(spread(one, n))
        parts[1].append(spread(two, n))
    none = np.empty(0, np.int64)
    return np.concatenate([none, *parts[0]]), np.concatenate([none, *parts[1]])
