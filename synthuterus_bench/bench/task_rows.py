"""Scores of downstream tasks as results: over all classes and for each, with floor, interval and seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthuterus_bench.bench.scoring import rounded_floor, rounded_interval
from synthuterus_bench.bench.task import Task
from synthuterus_bench.bench.taught import PROBES
from synthuterus_bench.downstream.scores import Scores
from synthuterus_bench.entry import Floor, Interval, Result
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import CLASSES

BY_CLASS = (None, *range(len(CLASSES)))
ALL_ONLY = (None,)
FLOOR_METHOD = "the same regime on at most as many real training images of each class; 95 % over test patients"
METHOD, PAIRED = "expanded percentile bootstrap", "paired expanded percentile bootstrap"
UNDIRECTED = PROBES
"""A probe tells how much is there, for better or worse: compare it with its floor. All else is better higher."""

Scopes = Sequence[int | None]


def rows(
    task: Task,
    metric: str,
    scores: Scores,
    floor: Scores | None,
    *,
    params: Params | None = None,
    scopes: Scopes = BY_CLASS,
    method: str = METHOD,
) -> list[Result]:
    """One result a scope; ``floor`` is the same measure of the real arm."""
    return [
        _row(
            task,
            metric,
            which,
            params=task.params | (params or {}),
            status="ok",
            value=significant(scores.value(which)),
            ci=_interval(scores, which, method),
            per_seed=[significant(value) for value in scores.per_seed(which)],
            floor=None if floor is None else _floor(floor, which),
        )
        for which in scopes
    ]


def without_values(task: Task, metrics: Sequence[str], scopes: Scopes = BY_CLASS) -> list[Result]:
    """``unavailable`` for the reason that the task gives, in every scope."""
    facts = {"params": task.params, "status": "unavailable", "reason": task.reason[:500]}
    return [_row(task, metric, which, **facts) for metric in metrics for which in scopes]


def _row(task: Task, metric: str, which: int | None, **found: Any) -> Result:
    real, fake = (
        len(part.labels) if which is None else int(np.sum(part.labels == which))
        for part in (task.given.test, task.given.submission)
    )
    return Result(
        metric=metric,
        direction="none" if metric in UNDIRECTED else "higher",
        scope=POOLED if which is None else str(CLASSES[which]),
        n_real=real,
        n_fake=fake,
        **found,
    )


def _interval(scores: Scores, which: int | None, method: str) -> Interval | None:
    low, high = scores.interval(which)
    return rounded_interval(Interval(low=low, high=high, level=0.95, method=method, unit="patient"))


def _floor(scores: Scores, which: int | None) -> Floor:
    low, high = scores.interval(which)
    return rounded_floor(Floor(value=scores.value(which), low=low, high=high, method=FLOOR_METHOD))
