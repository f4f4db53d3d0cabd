"""Rows of metrics: images of the two submissions exchanged, in each scope."""

from collections.abc import Mapping, Sequence
from functools import partial

from synthuterus_bench.bench.comparison.record import Row
from synthuterus_bench.bench.comparison.sides import Joined
from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.metrics.base import Features, Metric
from synthuterus_bench.metrics.exchange import Pair, contest
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.progress import Track

FEWEST = 3
"""Images a side, below which there is no interval."""


def metric_rows(
    names: Sequence[str], joined: Joined, exchanges: Mapping[bool, int], left_out: Mapping[str, str], track: Track
) -> list[Row]:
    """One row for each metric in each scope.

    Args:
        exchanges: how many are drawn of the pooled scope (True) and of a class (False).
        left_out: metrics that mean nothing for one of the submissions, and why.
    """
    metrics, pairs, found = [METRICS[name] for name in names], joined.pairs(), {}
    for need in dict.fromkeys(metric.need for metric in metrics):
        features = None if joined.missing(need) else Features(joined.array(need))
        for metric in metrics:
            if metric.need is need:
                why = left_out.get(metric.name) or joined.missing(need)
                blank = partial(_blank, metric, joined.first.bank.identity.get(need, {}))
                found[metric.name] = [
                    _row(metric, pair, blank(pair), features, why, exchanges, track) for pair in pairs
                ]
    return [row for name in names for row in found[name]]


def _blank(metric: Metric, identity: Params, pair: Pair) -> Row:
    return Row(
        metric=metric.name,
        params=metric.params_in(pair.scope) | identity,
        direction=metric.direction,
        scope=pair.scope.name,
        n=len(pair.first),
        n_real=len(pair.scope.test),
    )


def _row(
    metric: Metric,
    pair: Pair,
    blank: Row,
    features: Features | None,
    why: str | None,
    exchanges: Mapping[bool, int],
    track: Track,
) -> Row:
    if len(pair.first) < FEWEST:
        why = why or f"found {len(pair.first)} images a side, expected at least {FEWEST}"
    if why or features is None:
        return blank.without(why or "no features")
    try:
        count = exchanges[pair.scope.name == POOLED]
        found = contest(metric.judge(features, pair.scope), pair, count, track)
    except TooFewError as error:
        return blank.without(error.message)
    if not (metric.within(found.first) and metric.within(found.second)):
        return blank.without(f"values {found.first} and {found.second}, outside the metric's bounds")
    drawn = {} if found.exchanges is None else {"exchanges": found.exchanges}
    return blank.filled((found.first, found.second), found.interval, found.p_value, found.test, **drawn)
