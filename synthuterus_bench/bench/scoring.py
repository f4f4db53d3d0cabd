"""Metrics to results: every metric of a suite in every scope, each with its floor."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from synthuterus_bench.bench.details import Null
from synthuterus_bench.entry import Floor, Interval, Result
from synthuterus_bench.metrics.bank import FeatureBank, Params
from synthuterus_bench.metrics.base import Measurement, Metric, Scope
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.stats import significant

FEWEST = 2
"""Images in a scope, below which nothing is measured."""

Status = Literal["unavailable", "failed"]


@dataclass(frozen=True, slots=True)
class ScoredMetrics:
    """Results, and for each that has a value how it lies against its relabellings."""

    results: list[Result]
    nulls: list[Null]


def score_metrics(
    names: tuple[str, ...],
    scopes: list[Scope],
    bank: FeatureBank,
    track: Track = silent,
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> ScoredMetrics:
    """Measure every metric in every scope; ``unavailable`` with the reason where the bank lacks its features.

    Args:
        left_out: metrics that mean nothing for this submission, and why.
    """
    results: list[Result] = []
    nulls: list[Null] = []
    pairs = [(METRICS[name], scope) for name in names for scope in scopes]
    for metric, scope in track(pairs, "metrics", len(pairs)):
        why = left_out.get(metric.name) or bank.missing.get(metric.need) or _too_few(scope)
        if why:
            results.append(_without_value(metric, scope, "unavailable", why))
            continue
        result, null = _measure(metric, scope, bank)
        results.append(result)
        nulls += null
    return ScoredMetrics(results, nulls)


def _too_few(scope: Scope) -> str | None:
    found = len(scope.fake)
    return None if found >= FEWEST else f"found {found} images of the class, expected at least {FEWEST}"


def _measure(metric: Metric, scope: Scope, bank: FeatureBank) -> tuple[Result, list[Null]]:
    if not scope.null:
        return _without_value(metric, scope, "failed", "too few real patients for a floor"), []
    measured = metric.measure(bank.arrays[metric.need], scope)
    if not metric.within(measured.value):
        return _without_value(metric, scope, "failed", f"value {measured.value} outside the metric's bounds"), []
    params = metric.params | bank.identity[metric.need]
    return _with_value(metric, scope, measured, params), [_null(metric, scope, measured)]


def _with_value(metric: Metric, scope: Scope, measured: Measurement, params: Params) -> Result:
    return Result(
        metric=metric.name,
        params=params,
        direction=metric.direction,
        scope=scope.name,
        n_real=measured.n_real,
        n_fake=measured.n_fake,
        status="ok",
        value=significant(measured.value),
        ci=rounded_interval(measured.interval),
        floor=rounded_floor(measured.floor),
    )


def _without_value(metric: Metric, scope: Scope, status: Status, reason: str) -> Result:
    return Result(
        metric=metric.name,
        params=metric.params,
        direction=metric.direction,
        scope=scope.name,
        n_real=len(scope.test),
        n_fake=len(scope.fake),
        status=status,
        reason=reason[:500],
    )


def _null(metric: Metric, scope: Scope, measured: Measurement) -> Null:
    return Null(
        metric=metric.name,
        scope=scope.name,
        excess=significant(measured.value - float(measured.null.mean())),
        p_value=significant(metric.p_value(measured)),
        relabellings=len(measured.null),
    )


def rounded_interval(interval: Interval | None) -> Interval | None:
    """The interval in significant digits."""
    if interval is None:
        return None
    return interval.model_copy(update={"low": significant(interval.low), "high": significant(interval.high)})


def rounded_floor(floor: Floor) -> Floor:
    """The floor in significant digits."""
    ends = {name: getattr(floor, name) for name in ("value", "low", "high")}
    return floor.model_copy(update={name: None if end is None else significant(end) for name, end in ends.items()})
