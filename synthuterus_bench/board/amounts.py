"""Numbers that nobody measures: too small to be told from 0, too sure or too unsure, and a chance that is none."""

from collections.abc import Iterator

from synthuterus_bench.bench.table import CHANCE
from synthuterus_bench.entry import Interval, Result

SMALLEST = 1e-30
"""No value, end or width is smaller but 0; below it lies only what breaks a scale."""

LEAST_SURE, MOST_SURE = 0.5, 0.999
"""Between them is the level of any interval."""

HEX = frozenset("0123456789abcdef")
_DIGEST, _DIGITS = "_sha256", 64


def odd_amounts(result: Result) -> Iterator[str]:
    """One line for each such number of a result, and for each digest among its parameters that is none."""
    yield from odd_level(result.ci)
    floor = result.floor
    if floor and floor.low is not None and floor.high is not None and floor.low > floor.high:
        yield f"floor: low {floor.low:g} is above high {floor.high:g}"
    for name, value in _numbers(result):
        yield from too_small(name, value)
    chance = result.params.get(CHANCE, 0.0)
    if not isinstance(chance, float) or not 0 <= chance <= 1:
        yield f"{CHANCE} {chance!r}, expected a number from 0.0 to 1.0"
    for name, said in result.params.items():
        if name.endswith(_DIGEST) and not is_digest(said):
            yield f"{name} {str(said)[:80]!r}, expected {_DIGITS} hexadecimal digits"


def odd_level(interval: Interval | None) -> Iterator[str]:
    """Whether an interval is of a level that its width can be compared at."""
    if interval is not None and not LEAST_SURE <= interval.level <= MOST_SURE:
        yield f"interval of level {interval.level!r}, expected {LEAST_SURE} to {MOST_SURE}"


def too_small(name: str, value: float | None) -> Iterator[str]:
    """Whether a number is closer to 0 than anything measured, and not 0."""
    if value and abs(value) < SMALLEST:
        yield f"{name} {value:g}, expected 0 or at least {SMALLEST:g} in size"


def _numbers(result: Result) -> Iterator[tuple[str, float | None]]:
    yield "value", result.value
    for name, span in (("interval", result.ci), ("floor", result.floor)):
        if span is not None:
            yield from ((f"{name} {end}", getattr(span, end)) for end in ("low", "high"))
            yield f"{name} width", span.high - span.low if span.low is not None and span.high is not None else None
    if result.floor:
        yield "floor", result.floor.value
    yield from ((f"seed {place}", value) for place, value in enumerate(result.per_seed or ()))


def is_digest(value: object) -> bool:
    """Whether something is a SHA-256 in hexadecimal digits."""
    return isinstance(value, str) and len(value) == _DIGITS and set(value) <= HEX
