"""Results of a control against its written bounds."""

from collections.abc import Iterable, Sequence

import numpy as np

from synthuterus_bench.bench.controls.bounds import Bound, Bounds, Ends, Rule, Where
from synthuterus_bench.bench.controls.record import Cell, Verdict
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import CLASSES

Key = tuple[str, str | None]


def judge(control: str, entry: Entry, bounds: Bounds) -> list[Cell]:
    """One cell for each metric and regime of an entry: pooled, and for metrics that compare images the mean of classes.

    Raises:
        KeyError: no bound was written for a metric.
    """
    groups: dict[Key, list[Result]] = {}
    for result in [*entry.results, *_counted(entry)]:
        groups.setdefault(_key(result), []).append(result)
    cells = []
    for (metric, regime), results in groups.items():
        by_scope = {result.scope: result for result in results}
        cells.append(_cell(control, bounds, metric, regime, "pooled", [by_scope[POOLED]]))
        if metric in METRICS:
            cells.append(_cell(control, bounds, metric, regime, "classes", [by_scope[str(name)] for name in CLASSES]))
    return cells


def _key(result: Result) -> Key:
    regime = result.params.get("regime")
    return result.metric, None if regime is None else str(regime)


def _counted(entry: Entry) -> Iterable[Result]:
    """Exact copies and repeats as results."""
    images = sum(entry.dataset.n_per_class.values())
    for name in ("copies_of_train", "copies_of_test", "repeats"):
        yield Result(
            metric=name.replace("_", "-"),
            direction="none",
            scope=POOLED,
            n_real=0,
            n_fake=images,
            status="ok",
            value=float(entry.overlap[name]),
        )


def _cell(
    control: str, bounds: Bounds, metric: str, regime: str | None, where: Where, results: Sequence[Result]
) -> Cell:
    bound = bounds.find(control, metric, where, regime)
    if bound is None:
        raise KeyError(f"bounds.yaml: no bound of {metric} ({regime or 'no regime'}, {where}) on {control}")
    facts = {"control": control, "metric": metric, "regime": regime, "where": where}
    facts |= {"rule": bound.rule, "why": bound.why}
    without = next((result for result in results if result.value is None), None)
    if without is not None:
        return Cell.model_validate(facts | {"verdict": "unavailable", "reason": f"{without.scope}: {without.reason}"})
    value = float(np.mean([result.value for result in results]))
    low, high = _mean_ends([bound.allowed(result) for result in results])
    found = {"value": significant(value), "low": _rounded(low), "high": _rounded(high)}
    values = bound.values if where == "pooled" else ()
    return Cell.model_validate(
        facts | found | {"values": values, "verdict": _verdict(bound, value, (low, high), where)}
    )


def _mean_ends(ends: Sequence[Ends]) -> Ends:
    low, high = ([end for end in side if end is not None] for side in zip(*ends, strict=True))
    return _mean(low), _mean(high)


def _mean(ends: list[float]) -> float | None:
    return float(np.mean(ends)) if ends else None


def _verdict(bound: Bound, value: float, allowed: Ends, where: Where) -> Verdict:
    if bound.rule is Rule.OPEN:
        return "no claim"
    return "holds" if bound.holds(value, allowed, where) else "fails"


def _rounded(end: float | None) -> float | None:
    return None if end is None else significant(end)
