"""Rows of downstream regimes: both submissions teach the same networks, which are tested on the same patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.comparison.record import Row
from synthuterus_bench.bench.suite import Regime
from synthuterus_bench.bench.task import BOTH, REAL, SUBMISSION, Answer, Task
from synthuterus_bench.bench.task_rows import BY_CLASS
from synthuterus_bench.bench.taught import AUC, BALANCED, F1, F1_ADDED
from synthuterus_bench.downstream.paired import Duel, draw_swaps, duels
from synthuterus_bench.downstream.scores import score
from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES

MEASURES = (F1, BALANCED, AUC)
"""``macro-f1-gain`` differs from ``macro-f1`` by a constant."""

OTHER_REAL = "classes were measured, so that the real images they are added to differ"
Arms = Mapping[str, Answer]
Swaps = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taught:
    """One regime of both submissions, and what each of its arms answers."""

    regime: Regime
    first: Task
    second: Task
    answers: tuple[Arms, Arms]


def teaching_rows(taught: Sequence[Taught], swaps: int) -> list[Row]:
    """One row for each measure of each regime in each scope, under the same swaps of the same patients."""
    return [row for one in taught for row in _rows(one, swaps)]


def _rows(one: Taught, swaps: int) -> list[Row]:
    reason, names = one.first.reason or one.second.reason, (*MEASURES, F1_ADDED) if one.regime.both else MEASURES
    if reason:
        return [_blank(one, name, which).without(reason) for name in names for which in BY_CLASS]
    drawn = draw_swaps(one.first.panel, swaps, stream(0, "swaps", one.regime.name))
    first, second = (arms[SUBMISSION] for arms in one.answers)
    found = duels(one.first.panel, first, second, drawn)
    rows = [_filled(_blank(one, name, which), found[name], which) for name in MEASURES for which in BY_CLASS]
    return rows + (_added(one, drawn) if one.regime.both else [])


def _added(one: Taught, drawn: Swaps) -> list[Row]:
    """What each adds to real images; the real arm is one and the same, so all but the values is of the joint arms."""
    panel, (first, second) = one.first.panel, one.answers
    blanks = [_blank(one, F1_ADDED, which) for which in BY_CLASS]
    if not np.array_equal(first[REAL], second[REAL]):
        return [blank.without(OTHER_REAL) for blank in blanks]
    joint, real = duels(panel, first[BOTH], second[BOTH], drawn)[F1], score(panel, first[REAL]).f1
    pairs = zip(blanks, BY_CLASS, strict=True)
    return [_filled(blank, joint, which, minus=real.value(which)) for blank, which in pairs]


def _blank(one: Taught, metric: str, which: int | None) -> Row:
    real, fake = (
        len(part.labels) if which is None else int(np.sum(part.labels == which))
        for part in (one.first.given.test, one.first.given.submission)
    )
    scope = POOLED if which is None else str(CLASSES[which])
    return Row(metric=metric, params=one.first.params, direction="higher", scope=scope, n=fake, n_real=real)


def _filled(blank: Row, duel: Duel, which: int | None, minus: float = 0.0) -> Row:
    column = 0 if which is None else 1 + which
    low, high = duel.interval(column)
    ci = Interval(low=low, high=high, level=0.95, method=duel.method, unit="patient")
    values = duel.first.value(which) - minus, duel.second.value(which) - minus
    return blank.filled(values, ci, duel.p_value(column), duel.test, exchanges=len(duel.swapped))
