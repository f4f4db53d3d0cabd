"""Metrics to results: every metric of a suite in every scope, each with its floor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Literal

import numpy as np

from synthuterus_bench.bench.details import Null, Pooled
from synthuterus_bench.entry import Floor, Interval, Result
from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.bank import FeatureBank, Params
from synthuterus_bench.metrics.base import Excess, Features, Measurement, Metric, Scope
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
    metrics = [METRICS[name] for name in names]
    by_need = sorted(metrics, key=lambda metric: (metric.need, names.index(metric.name)))
    found = {}
    for metric, features in track(_with_features(by_need, bank), "metrics", len(metrics)):
        found[metric.name] = [_score(metric, scope, features, bank, left_out) for scope in scopes]
    scored = [pair for name in names for pair in found[name]]
    return ScoredMetrics([result for result, _ in scored], [null for _, nulls in scored for null in nulls])


def _with_features(metrics: list[Metric], bank: FeatureBank) -> Iterator[tuple[Metric, Features | None]]:
    """Metrics of one need share what is made of its rows; it is let go before the next."""
    for need, group in groupby(metrics, key=lambda metric: metric.need):
        features = Features(bank.arrays[need]) if need in bank.arrays else None
        yield from ((metric, features) for metric in group)


def _score(
    metric: Metric, scope: Scope, features: Features | None, bank: FeatureBank, left_out: Mapping[str, str]
) -> tuple[Result, list[Null]]:
    why = left_out.get(metric.name) or bank.missing.get(metric.need) or _too_few(scope)
    if why or features is None:
        return without_value(metric, scope, "unavailable", why or "no features"), []
    try:
        return _measure(metric, scope, features, bank.identity[metric.need])
    except TooFewError as error:
        return without_value(metric, scope, "unavailable", error.message), []


def _too_few(scope: Scope) -> str | None:
    found = len(scope.fake)
    return None if found >= FEWEST else f"found {found} images of the class, expected at least {FEWEST}"


def _measure(metric: Metric, scope: Scope, features: Features, identity: Params) -> tuple[Result, list[Null]]:
    if not scope.null:
        return without_value(metric, scope, "failed", "too few real patients for a floor"), []
    measured = metric.measure(features, scope)
    if not len(measured.null):
        return without_value(metric, scope, "failed", "too few real patients for a floor"), []
    if not metric.within(measured.value):
        return without_value(metric, scope, "failed", f"value {measured.value} outside the metric's bounds"), []
    if not np.isfinite(measured.null).all():
        return without_value(metric, scope, "failed", "too few real patients for a floor"), []
    params = metric.params_in(scope) | identity
    return _with_value(metric, scope, measured, params, measured.floor), [_null(metric, scope, measured)]


def score_one(
    metric: Metric,
    scope: Scope,
    measure: Callable[[Features, Scope], Measurement],
    features: Features,
    identity: Params,
    floor: Floor | None,
) -> Result:
    """The result of a metric measured in a way of its own, with a floor that is known."""
    if why := _too_few(scope):
        return without_value(metric, scope, "unavailable", why)
    try:
        measured = measure(features, scope)
    except TooFewError as error:
        return without_value(metric, scope, "unavailable", error.message)
    return _with_value(metric, scope, measured, metric.params_in(scope) | identity, floor)


def _with_value(metric: Metric, scope: Scope, measured: Measurement, params: Params, floor: Floor | None) -> Result:
    return Result(
        metric=metric.name,
        params=params,
        direction=metric.direction,
        scope=scope.name,
        n_real=measured.n_real,
        n_fake=measured.n_fake,
        status="ok",
        value=significant(measured.value),
        ci=rounded_interval(_clipped(measured.interval, metric)),
        floor=None if floor is None else rounded_floor(floor),
    )


def _clipped(interval: Interval | None, metric: Metric) -> Interval | None:
    """The part of a normal interval that the metric can take."""
    if interval is None:
        return None
    low, high = (float(np.clip(end, metric.low, metric.high)) for end in (interval.low, interval.high))
    return interval.model_copy(update={"low": low, "high": high})


def without_value(metric: Metric, scope: Scope, status: Status, reason: str) -> Result:
    """A result that is none, for a reason."""
    return Result(
        metric=metric.name,
        params=metric.params_in(scope),
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
        pooled=None if measured.excess is None else _pooled(measured.excess),
    )


def _pooled(found: Excess) -> Pooled:
    return Pooled(
        value=significant(found.value),
        mean=significant(found.mean),
        excess=significant(found.excess),
        p_value=significant(found.p_value),
        permutations=found.permutations,
        n_real=found.n_real,
        n_fake=found.n_fake,
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
