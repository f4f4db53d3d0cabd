"""Downstream results that follow from others of the same entry, within what rounding can do."""

from collections.abc import Iterator

from synthuterus_bench.bench.table import CHANCE, POOLED, REGIME
from synthuterus_bench.bench.taught import BORDER, F1, F1_ADDED, F1_GAIN, GAP, MASKED, MEASURES
from synthuterus_bench.entry import Result
from synthuterus_bench.vocab import CLASSES

ROUNDING = 1e-5
MACRO = (*MEASURES, F1_ADDED, MASKED, BORDER)
"""Measures that pooled are the mean over the classes."""

Key = tuple[str, str, str]


def wrong_arithmetic(results: list[Result]) -> Iterator[str]:
    """Means over classes that are none, gains that are not F1 over guessing, gaps that are not F1 over a probe."""
    found: dict[Key, Result] = {
        (result.metric, str(result.params.get(REGIME, "")), result.scope): result
        for result in results
        if result.value is not None
    }
    values = {key: result.value or 0.0 for key, result in found.items()}
    for key, value in values.items():
        yield from _differs(key, value, _mean(values, key), "the mean over the classes")
        yield from _differs(key, value, _over_guessing(values, found[key], key), "macro-f1 over guessing")
        yield from _differs(key, value, _over_probes(values, key), "macro-f1 over the better probe")


def _mean(values: dict[Key, float], key: Key) -> float | None:
    metric, regime, scope = key
    classes = [values.get((metric, regime, name)) for name in CLASSES]
    known = [value for value in classes if value is not None]
    if metric not in MACRO or scope != POOLED or len(known) < len(CLASSES):
        return None
    return sum(known) / len(known)


def _over_guessing(values: dict[Key, float], gain: Result, key: Key) -> float | None:
    metric, regime, scope = key
    f1, chance = values.get((F1, regime, scope)), gain.params.get(CHANCE)
    if metric != F1_GAIN or scope != POOLED or f1 is None or not isinstance(chance, float):
        return None
    return f1 - chance


def _over_probes(values: dict[Key, float], key: Key) -> float | None:
    metric, regime, scope = key
    f1, *probes = (values.get((name, regime, scope)) for name in (F1, MASKED, BORDER))
    known = [probe for probe in probes if probe is not None]
    if metric != GAP or f1 is None or len(known) < len(probes):
        return None
    return f1 - max(known)


def _differs(key: Key, value: float, expected: float | None, what: str) -> Iterator[str]:
    if expected is not None and abs(value - expected) > ROUNDING:
        metric, regime, scope = key
        yield f"{metric} {regime} {scope}: {value:g}, but {what} is {expected:g}"
