"""Whether results that were made again are those of an entry, within tolerances that are written down."""

from collections.abc import Iterable, Iterator
from typing import Any

from synthuterus_bench.bench.table import REGIME, key_of
from synthuterus_bench.board.levels import Outcome
from synthuterus_bench.board.verification import Compared, Tolerances
from synthuterus_bench.entry import Result

NOT_LEARNED = "learned from images, which was not done again"


def compare_results(
    entry: Iterable[Result], again: Iterable[Result], tolerances: Tolerances, absent: str = NOT_LEARNED
) -> Iterator[Compared]:
    """Every result of an entry that has a value, beside what came of it again.

    Args:
        absent: why there is no second result where there is none.
    """
    found = [*again]
    by_key = {(*key_of(result), result.scope): result for result in found}
    others = {(result.metric, result.scope): result for result in found}
    for result in entry:
        if result.value is None:
            continue
        same = by_key.get((*key_of(result), result.scope))
        if same is not None and same.value is not None:
            yield _compared(result, result.value, same.value, tolerances)
        else:
            reason = _why_not(result, same or others.get((result.metric, result.scope)), absent)
            yield _unchecked(result, result.value, reason)


def allowed(result: Result, tolerances: Tolerances) -> float:
    """How far a second value of a result may be: a share of the value, or of how uncertain it is anyway."""
    share = tolerances.trained if REGIME in result.params else tolerances.of_interval
    return max(tolerances.relative * abs(result.value or 0.0), share * _width(result))


def _width(result: Result) -> float:
    if result.ci is not None:
        return result.ci.high - result.ci.low
    floor = result.floor
    if floor is None or floor.low is None or floor.high is None:
        return 0.0
    return floor.high - floor.low


def _compared(result: Result, value: float, again: float, tolerances: Tolerances) -> Compared:
    most = allowed(result, tolerances)
    return Compared(
        metric=result.metric,
        params=result.params,
        scope=result.scope,
        value=value,
        recomputed=again,
        allowed=most,
        outcome=Outcome.AGREES if abs(value - again) <= most else Outcome.DIFFERS,
    )


def _why_not(result: Result, again: Result | None, absent: str) -> str:
    if again is None:
        return absent
    if again.value is None:
        return again.reason or "no reason given"
    names = sorted({*result.params, *again.params})
    odd = next(name for name in names if _typed(result, name) != _typed(again, name))
    return f"measured by another {odd} here"


def _typed(result: Result, name: str) -> tuple[type, Any]:
    """A parameter with its type, because 1, 1.0 and True are equal."""
    value = result.params.get(name)
    return type(value), value


def _unchecked(result: Result, value: float, reason: str) -> Compared:
    return Compared(
        metric=result.metric,
        params=result.params,
        scope=result.scope,
        value=value,
        outcome=Outcome.UNCHECKED,
        reason=reason[:500],
    )
