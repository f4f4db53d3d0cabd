"""The written bounds of controls: what a metric must say of images whose fault is known.

They lie in ``bounds.yaml``, with the reason for each, and were written before any control was evaluated.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from synthuterus_bench.bench.taught import AUC, F1_GAIN
from synthuterus_bench.entry import Result
from synthuterus_bench.vocab import CLASSES

SLICES = 2
"""Held-out images of one patient are no independent guesses; the phantom has two of each."""

Ends = tuple[float | None, float | None]
Where = Literal["pooled", "classes"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(StrEnum):
    """What is allowed; the head of ``bounds.yaml`` explains each."""

    LIKE_REAL = "like-real"
    ABOVE_REAL = "above-real"
    BELOW_REAL = "below-real"
    AT_LEAST_REAL = "at-least-real"
    AT_MOST_REAL = "at-most-real"
    CHANCE = "chance"
    ZERO = "zero"
    NOT_ABOVE_ZERO = "not-above-zero"
    NOT_BELOW_ZERO = "not-below-zero"
    RANGE = "range"
    ONE_OF = "one-of"
    OPEN = "open"


class Bound(_Frozen):
    """One line of the file: metrics or groups of them, what is allowed, and why."""

    of: tuple[str, ...]
    rule: Rule
    why: str
    low: float | None = None
    high: float | None = None
    times: Literal["floor", "one-in-n", "images"] | None = None
    values: tuple[float, ...] = ()
    scope: Where | None = None
    regime: str | None = None

    def allowed(self, result: Result) -> Ends:
        """Lower and upper end of what is allowed to a result with a value; None for no end."""
        return _RULES[self.rule](self, result)

    def holds(self, value: float, allowed: Ends, where: Where = "pooled") -> bool:
        """Whether a value lies where it must, to a millionth, for results are rounded."""
        slack = 1e-6 * max(1.0, abs(value))
        if self.values and where == "pooled":
            return any(abs(value - one) <= slack for one in self.values)
        low, high = allowed
        return (low is None or value >= low - slack) and (high is None or value <= high + slack)


class Control(_Frozen):
    """What a control is, and its bounds; a later one goes before an earlier one."""

    what: str
    bounds: tuple[Bound, ...]


class Bounds(_Frozen):
    """The whole file."""

    version: int
    groups: dict[str, tuple[str, ...]]
    controls: dict[str, Control]

    def find(self, control: str, metric: str, where: Where, regime: str | None = None) -> Bound | None:
        """The bound of a metric on a control; None if none was written."""
        found = None
        for bound in self.controls[control].bounds:
            names = {name for word in bound.of for name in self.groups.get(word, (word,))}
            if metric in names and bound.scope in (None, where) and bound.regime in (None, regime):
                found = bound
        return found


@cache
def load_bounds() -> Bounds:
    """The bounds that ship."""
    import yaml

    text = (files("synthuterus_bench.bench.controls") / "bounds.yaml").read_text(encoding="utf-8")
    return Bounds.model_validate(yaml.safe_load(text))


def _real(result: Result) -> tuple[float, float]:
    """The floor's interval, twice as wide."""
    floor = result.floor
    if floor is None or floor.low is None or floor.high is None:
        raise ValueError(f"{result.metric}: no floor to compare with")
    return 2 * floor.low - floor.value, 2 * floor.high - floor.value


def _zero(result: Result) -> tuple[float, float]:
    """Values whose own interval, twice as wide, holds 0."""
    if result.value is None or result.ci is None:
        raise ValueError(f"{result.metric}: no interval")
    return 2 * (result.value - result.ci.high), 2 * (result.value - result.ci.low)


def _chance(_: Bound, result: Result) -> Ends:
    """Guessing one of the classes at random, plus three standard deviations for the number of patients."""
    classes, patients = len(CLASSES), result.n_real / SLICES
    share = 1 / classes
    if result.metric == AUC:
        mine = patients * share
        return None, 0.5 + 3 * math.sqrt((patients + 1) / (12 * mine * (patients - mine)))
    lucky = 3 * math.sqrt(share * (1 - share) / patients)
    return None, lucky if result.metric == F1_GAIN else share + lucky


def _range(bound: Bound, result: Result) -> Ends:
    unit = {
        None: 1.0,
        "floor": result.floor.value if result.floor else 1.0,
        "one-in-n": 1 / max(result.n_real, 1),
        "images": float(result.n_fake),
    }[bound.times]
    low, high = (None if end is None else end * unit for end in (bound.low, bound.high))
    return low, high


_RULES: dict[Rule, Callable[[Bound, Result], Ends]] = {
    Rule.LIKE_REAL: lambda _, result: _real(result),
    Rule.ABOVE_REAL: lambda _, result: (_real(result)[1], None),
    Rule.BELOW_REAL: lambda _, result: (None, _real(result)[0]),
    Rule.AT_LEAST_REAL: lambda _, result: (_real(result)[0], None),
    Rule.AT_MOST_REAL: lambda _, result: (None, _real(result)[1]),
    Rule.CHANCE: _chance,
    Rule.ZERO: lambda _, result: _zero(result),
    Rule.NOT_ABOVE_ZERO: lambda _, result: (None, _zero(result)[1]),
    Rule.NOT_BELOW_ZERO: lambda _, result: (_zero(result)[0], None),
    Rule.RANGE: _range,
    Rule.ONE_OF: lambda bound, _: (min(bound.values), max(bound.values)),
    Rule.OPEN: lambda *_: (None, None),
}
