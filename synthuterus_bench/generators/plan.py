"""The plan of a release: which scans it will hold, before the first one is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.errors import UsageError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, Orientation, Sequence

Shares = Mapping[tuple[float, Sequence], float]
"""Share of every (field strength, sequence) pair; need not sum to 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the release to be filled."""

    condition: Condition

    @property
    def orientation(self) -> Orientation:
        """The class of this place."""
        return self.condition.orientation

    @property
    def prompt(self) -> str:
        """What the generator is told."""
        return render(self.condition)


def make_plan(scans: int, shares: Shares, seed: int) -> list[Place]:
    """``scans`` places, classes in turn; within each class the pairs of ``shares`` in proportion, shuffled.

    Raises:
        UsageError: ``scans`` is not a positive multiple of the number of classes.
    """
    check_scans(scans)
    each = scans // len(CLASSES)
    columns = []
    for orientation in CLASSES:
        pairs = apportion(each, shares)
        order = stream(seed, "plan", orientation).permutation(each)
        columns.append([Place(Condition(orientation, *pairs[k])) for k in order])
    return [place for row in zip(*columns, strict=True) for place in row]


def check_scans(scans: int) -> None:
    """Refuse a number of scans that does not give every class as many.

    Raises:
        UsageError: it is not a positive multiple of the number of classes.
    """
    if scans <= 0 or scans % len(CLASSES):
        raise UsageError(f"--scans {scans}: expected a positive multiple of {len(CLASSES)}, the number of classes")


def apportion(count: int, shares: Shares) -> list[tuple[float, Sequence]]:
    """``count`` pairs in proportion to ``shares``, by largest remainder."""
    pairs = sorted(shares)
    weights = np.array([shares[pair] for pair in pairs], float)
    exact = count * weights / weights.sum()
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: count - whole.sum()]:
        whole[index] += 1
    return [pair for pair, times in zip(pairs, whole, strict=True) for _ in range(times)]
