"""The plan of a release: what the generator is told for each scan, before the first one is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.errors import UsageError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, Conditioning, Orientation, Sequence

Shares = Mapping[tuple[float, Sequence], float]
"""Share of every (field strength, sequence) pair; need not sum to 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the release to be filled: the class and the prompt that the generator is told, None where neither.

    A class that is told is the row's class; where none is, the row's class has to be measured.
    """

    orientation: Orientation | None = None
    condition: Condition | None = None

    @property
    def prompt(self) -> str | None:
        """What the generator reads."""
        return None if self.condition is None else render(self.condition)

    @property
    def field_strength(self) -> float | None:
        """In tesla, as the prompt says."""
        return None if self.condition is None else self.condition.field_strength

    @property
    def sequence(self) -> Sequence | None:
        """As the prompt says."""
        return None if self.condition is None else self.condition.sequence


def make_plan(scans: int, conditioning: Conditioning, shares: Shares, seed: int) -> list[Place]:
    """``scans`` places for a generator that is told so much.

    Where a class or a prompt is told, the four classes come in turn; within each class the prompts have the pairs of
    ``shares`` in proportion, shuffled.

    Raises:
        UsageError: ``scans`` does not fit, see :func:`check_scans`, or prompts are told and ``shares`` is empty.
    """
    check_scans(scans, conditioning)
    if conditioning is Conditioning.UNCOND:
        return [Place()] * scans
    if not conditioning.by_text:
        return [Place(orientation) for _ in range(scans // len(CLASSES)) for orientation in CLASSES]
    if not shares:
        raise UsageError(
            "no field strength and sequence to write prompts of: found none in the training cohort",
            "give a cohort that has them with --reference",
        )
    columns = [_prompts(orientation, scans // len(CLASSES), shares, seed) for orientation in CLASSES]
    conditions = [condition for row in zip(*columns, strict=True) for condition in row]
    return [Place(one.orientation if conditioning.by_class else None, one) for one in conditions]


def _prompts(orientation: Orientation, count: int, shares: Shares, seed: int) -> list[Condition]:
    pairs = apportion(count, shares)
    order = stream(seed, "plan", orientation).permutation(count)
    return [Condition(orientation, *pairs[k]) for k in order]


def check_scans(scans: int, conditioning: Conditioning) -> None:
    """Refuse a number of scans that does not give every class as many, where classes are asked for.

    Raises:
        UsageError: it is not positive, or no multiple of the number of classes.
    """
    if conditioning is Conditioning.UNCOND:
        if scans <= 0:
            raise UsageError(f"--scans {scans}: expected a positive number")
    elif scans <= 0 or scans % len(CLASSES):
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
