"""Volumes to results: the middle slices of every plane compared as images are, and their features side by side."""

from collections.abc import Callable, Mapping

from synthuterus_bench.bench.details import Null
from synthuterus_bench.bench.scoring import ScoredMetrics, score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import NO_WHOLE, Need, Rows, Scope
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.metrics.volumes import join
from synthuterus_bench.progress import Track
from synthuterus_bench.vocab import Plane

WHOLE = {"slices": "middle of three planes"}
Banks = dict[Plane, FeatureBank]


def plane_needs(suite: Suite) -> set[Need]:
    """What is computed of the slices of every plane; nothing in 2D."""
    return {METRICS[name].need for name in (*suite.plane_metrics, *suite.volume_metrics)}


def plane_banks(sets: Sets, suite: Suite, rows: Rows, look: Callable[..., FeatureBank]) -> Banks:
    """A bank of the middle slices of each plane but the sagittal one, filled by ``look(pixels, needs)``."""
    needs = plane_needs(suite)
    return {plane: look(sets.plane(plane)[rows], needs) for plane in suite.planes[1:]}


def score_volumes(
    suite: Suite, sagittal: ScoredMetrics, scopes: list[Scope], banks: Banks, track: Track, left_out: Mapping[str, str]
) -> ScoredMetrics:
    """All results of a suite, given those of ``sagittal`` slices; these themselves in 2D.

    Args:
        banks: of every plane, the sagittal one first.
    """
    if suite.dims == 2:
        return sagittal
    found = [_told(sagittal, {"plane": str(Plane.SAGITTAL)})]
    for plane in suite.planes[1:]:
        found.append(_told(score_metrics(suite.plane_metrics, scopes, banks[plane], track, left_out), {"plane": plane}))
    found.append(_told(score_metrics(suite.volume_metrics, scopes, whole(suite, banks), track, left_out), WHOLE))
    return ScoredMetrics([row for each in found for row in each.results], [one for each in found for one in each.nulls])


def whole(suite: Suite, banks: Banks) -> FeatureBank:
    """Features of whole volumes."""
    wanted = {METRICS[name].need for name in suite.volume_metrics} - set(NO_WHOLE)
    return join([bank.only(wanted) for bank in banks.values()])


def _told(scored: ScoredMetrics, params: dict[str, str]) -> ScoredMetrics:
    """The results with what they are of, which for nulls stands behind the metric."""
    (what,) = params.values()
    results = [row.model_copy(update={"params": row.params | params}) for row in scored.results]
    return ScoredMetrics(results, [_named(null, what) for null in scored.nulls])


def _named(null: Null, what: str) -> Null:
    return null.model_copy(update={"metric": f"{null.metric}, {what}"})
