"""A submission against a reference that nobody may see: what its statistics do for, and why not for the rest."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.bundle import Bundle
from synthuterus_bench.bench.bundling import told_by_images, told_by_moments
from synthuterus_bench.bench.scoring import score_one, without_value
from synthuterus_bench.bench.sets import first_of_class
from synthuterus_bench.bench.submission import NO_CLASS, Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.task import Given, Task, params_of
from synthuterus_bench.bench.task_rows import ALL_ONLY, BY_CLASS, without_values
from synthuterus_bench.bench.taught import BORDER, F1_ADDED, FIELD, GAP, MASKED, MEASURES
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.scores import Panel
from synthuterus_bench.entry import Floor, Result
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Features, Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.kid import measure_kid
from synthuterus_bench.metrics.scopes import make_scopes
from synthuterus_bench.metrics.summary import measure_distance
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.vocab import CLASSES

IMAGES = "needs images of the reference, of which a bundle holds statistics alone"
THIRD = "needs third moments of the reference's features, which would give single patients away"
NOTE = (
    "compared with a reference bundle: results that need its images are unavailable, intervals are those of the "
    "synthetic images, and copies of its images cannot be seen"
)


def bundle_needs(suite: Suite) -> set[Need]:
    """What is computed of the submission."""
    return {METRICS[name].need for name in (*told_by_moments(suite), *told_by_images(suite))}


def score_by_bundle(
    suite: Suite, submission: Submission, bundle: Bundle, bank: FeatureBank, left_out: Mapping[str, str]
) -> list[Result]:
    """Every result of a suite; ``unavailable`` with the reason where statistics do not do."""
    scopes = _scopes(submission, bundle)
    found = list[Result]()
    for name in suite.metrics:
        metric = METRICS[name]
        features = Features(bank.arrays[metric.need]) if metric.need in bank.arrays else None
        for scope in scopes:
            result = _result(suite, metric, scope, features, bundle, bank, left_out)
            found.append(result.model_copy(update={"n_real": bundle.header.counts[scope.name].images}))
    return [*found, *_untaught(suite, submission)]


def _scopes(submission: Submission, bundle: Bundle) -> list[Scope]:
    """Of every class as many images as the floors are of, the first ones."""
    limits = {floor.scope: floor.n_fake for floor in bundle.header.floors}
    labels, kept = submission.labels, np.full(len(submission.labels), -1)
    if submission.measured:
        kept = labels.copy()
    else:
        for k, name in enumerate(CLASSES):
            kept[first_of_class(labels, k, limits.get(name, len(labels)))] = k
    none, names = np.empty(0, np.int64), [str(name) for name in CLASSES]
    told = not submission.measured
    return make_scopes(kept, none, none, np.arange(len(labels)), names, permutations=0, seed=0, told=told)


def _result(
    suite: Suite,
    metric: Metric,
    scope: Scope,
    features: Features | None,
    bundle: Bundle,
    bank: FeatureBank,
    left_out: Mapping[str, str],
) -> Result:
    measure = _measure(suite, metric, scope, bundle)
    why = left_out.get(metric.name) or (measure if isinstance(measure, str) else "") or bank.missing.get(metric.need)
    if why or isinstance(measure, str) or features is None:
        return without_value(metric, scope, "unavailable", why or "no features")
    if (strange := _strange(metric.need, bundle, bank)) is not None:
        return without_value(metric, scope, "unavailable", strange)
    return score_one(metric, scope, measure, features, bank.identity[metric.need], _floor(metric, scope, bundle))


def _measure(
    suite: Suite, metric: Metric, scope: Scope, bundle: Bundle
) -> Callable[[Features, Scope], Measurement] | str:
    """The function that measures, or why there is none."""
    if metric.name in told_by_images(suite):
        return metric.measure
    if metric.name not in told_by_moments(suite):
        return THIRD if metric.measure is measure_kid else IMAGES
    moments = bundle.moments.get((metric.need, scope.name))
    if moments is None:
        return bundle.why_not(metric.need, scope.name)
    return partial(measure_distance, real=moments)


def _strange(need: Need, bundle: Bundle, bank: FeatureBank) -> str | None:
    """Why features are not those that the bundle was made with."""
    theirs, ours = bundle.header.layers.get(need), bank.identity[need]
    if theirs is None or theirs == ours:
        return None
    odd = next(name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name))
    return f"the bundle was made with {odd} {theirs.get(odd)!s:.20}, found {ours.get(odd)!s:.20}"


def _floor(metric: Metric, scope: Scope, bundle: Bundle) -> Floor | None:
    """The floor at this number of images; one at another number is none."""
    known = [one for one in bundle.header.floors if (one.metric, one.scope) == (metric.name, scope.name)]
    return next((one.floor for one in known if one.n_fake == len(scope.fake)), None)


def _untaught(suite: Suite, submission: Submission) -> list[Result]:
    """All that is learned: nothing can be tested without the reference's images."""
    task = partial(_task, submission=submission)
    found = []
    for regime in suite.regimes:
        measures = (*MEASURES, F1_ADDED) if regime.both else MEASURES
        found += without_values(task(regime.name, params_of(regime)), measures)
    if suite.probes:
        params = params_of(next(regime for regime in suite.regimes if regime.name == "supervised"))
        for name in (MASKED, BORDER, FIELD, GAP):
            found += without_values(task(name, params), [name], ALL_ONLY if name == FIELD else BY_CLASS)
    return found


def _task(name: str, params: dict[str, str | int | float | bool], submission: Submission) -> Task:
    labels: NDArray[np.int64] = submission.labels[submission.labels < NO_CLASS]
    none = np.empty(0, np.int64)
    sets = [Labelled(np.empty((0, 0, 0), np.uint16), np.empty((0, 0)), each, each) for each in (labels, none, none)]
    panel = Panel(none, none, len(CLASSES), np.empty((0, 0)))
    return Task(name, params, panel, Given(*sets), reason=IMAGES)
