"""Downstream regimes to results: scores on real held-out patients, and what the submission adds to real images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.bench.details import Confusion, Roc
from synthuterus_bench.bench.probing import probe_results, probe_tasks
from synthuterus_bench.bench.suite import Regime, Suite
from synthuterus_bench.bench.task import BOTH, REAL, SUBMISSION, Answer, Given, Task, params_of, recipe_of, score_all
from synthuterus_bench.bench.task_rows import PAIRED, rows, without_values
from synthuterus_bench.bench.taught import AUC, BALANCED, F1, F1_ADDED, F1_GAIN, MEASURES
from synthuterus_bench.downstream.auc import FALSE_POSITIVES
from synthuterus_bench.downstream.jobs import Job
from synthuterus_bench.downstream.labels import few_labels
from synthuterus_bench.downstream.regimes import Labelled, clustered, joined
from synthuterus_bench.downstream.scores import Panel, Scored, make_panel
from synthuterus_bench.entry import Result
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import CLASSES
from synthuterus_bench.weights import RESNET18, load_pretrained


@dataclass(frozen=True, slots=True)
class Start:
    """Published weights that a network begins with, and the digest of their file; none to begin from scratch."""

    state: dict[str, Any] | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredTasks:
    """Results, confusion matrices and ROC curves by name."""

    results: list[Result]
    confusions: dict[str, Confusion]
    rocs: dict[str, Roc]


def score_tasks(
    suite: Suite,
    submission: Labelled,
    real: Labelled,
    test: Labelled,
    *,
    device: str,
    weights_dir: Path | None = None,
    workers: int = 1,
    cache: Path | None = None,
    track: Track = silent,
) -> ScoredTasks:
    """Run every regime and probe of a suite: learn from the submission, from real images as the arm to beat, from both.

    ``unavailable`` where the submission has too few images of a class, which happens when classes were measured, and
    for a regime whose pretrained weights are not at hand.

    Args:
        workers: processes that train on the CPU; they change no number.
        cache: folder that keeps what classifiers answered.
    """
    given = Given(submission, real, test)
    rng = stream(0, "bootstrap", "downstream")
    panel = make_panel(test.labels, test.units, len(CLASSES), resamples=suite.resamples, rng=rng)
    why = _too_few(submission, suite)
    regimes = regime_tasks(suite, given, panel, weights_dir)
    probes = probe_tasks(suite, given, panel, why, track)
    scored = score_all([*regimes, *probes], device, workers, cache, track)
    arms = scored[: len(regimes)]
    results = [
        row
        for regime, task, each in zip(suite.regimes, regimes, arms, strict=True)
        for row in _results(regime, task, each)
    ]
    whole = next((each for task, each in zip(regimes, arms, strict=True) if task.name == "supervised"), {})
    results += probe_results(probes, scored[len(regimes) :], whole)
    found = list(zip(regimes, arms, strict=True))
    confusions = {name: one for task, each in found for name, one in _confusions(suite, task, each)}
    rocs = {f"{task.name}, {arm}": _roc(one) for task, each in found for arm, one in each.items()}
    return ScoredTasks(results, confusions, rocs)


def regime_tasks(suite: Suite, given: Given, panel: Panel, weights_dir: Path | None) -> list[Task]:
    """A task for every regime of a suite; without arms where it cannot be learned."""
    why = _too_few(given.submission, suite)
    return [_task(suite, regime, given, panel, weights_dir, why) for regime in suite.regimes]


def _too_few(learn: Labelled, suite: Suite) -> str:
    counts = np.bincount(learn.labels, minlength=len(CLASSES))
    if counts.min() >= suite.min_per_class:
        return ""
    found = ", ".join(f"{count} of {name}" for name, count in zip(CLASSES, counts, strict=True))
    return f"found {found}, expected at least {suite.min_per_class} images of each class to learn from"


def _task(suite: Suite, regime: Regime, given: Given, panel: Panel, weights_dir: Path | None, why: str) -> Task:
    params, start = params_of(regime), Start()
    if regime.name == "pretrained" and not why:
        try:
            loaded = load_pretrained(RESNET18, weights_dir)
        except WeightsError as error:
            why = error.message
        else:
            params, start = params | {"weights_sha256": loaded.sha256}, Start(loaded.state, loaded.sha256)
    if why:
        return Task(regime.name, params, panel, given, reason=why)
    return Task(regime.name, params, panel, given, _arms(suite, regime, given, start))


def _arms(suite: Suite, regime: Regime, given: Given, start: Start) -> dict[str, list[Job | Answer]]:
    whole = _parts(regime, given.submission, given.real)
    made: dict[str, list[Job | Answer]] = {arm: [] for arm in whole}
    for number, seed in enumerate(suite.seeds):
        parts = whole if regime.share is None else _few(regime, given, regime.share, number)
        for arm, learn in parts.items():
            if regime.name == "k-means":
                made[arm].append(clustered(learn, given.test, len(CLASSES), seed=seed))
            else:
                made[arm].append(_job(regime, learn, given.test, seed, start))
    return made


def _parts(regime: Regime, submission: Labelled, real: Labelled) -> dict[str, Labelled]:
    parts = {SUBMISSION: submission, REAL: real}
    return parts | {BOTH: joined(real, submission)} if regime.both else parts


def _few(regime: Regime, given: Given, share: float, number: int) -> dict[str, Labelled]:
    ours, real = (
        part.take(few_labels(part.labels, part.units, share, number)) for part in (given.submission, given.real)
    )
    return _parts(regime, ours, real)


def _job(regime: Regime, learn: Labelled, test: Labelled, seed: int, start: Start) -> Job:
    recipe, classes = recipe_of(regime), len(CLASSES)
    return Job(
        learn.pixels, learn.labels, test.pixels, classes, recipe, seed, regime.updates, start.state, start.sha256
    )


def _results(regime: Regime, task: Task, arms: dict[str, Scored]) -> list[Result]:
    if task.reason:
        return without_values(task, (*MEASURES, F1_ADDED) if regime.both else MEASURES)
    ours, real, chance = arms[SUBMISSION], arms[REAL], task.panel.guessing
    guessing: Params = {"guessing": significant(float(chance[0]))}
    made = [
        *rows(task, F1, ours.f1, real.f1),
        *rows(task, F1_GAIN, ours.f1.less(chance), real.f1.less(chance), params=guessing),
        *rows(task, BALANCED, ours.recall, real.recall),
        *rows(task, AUC, ours.auc, real.auc),
    ]
    if BOTH in arms:
        made += rows(task, F1_ADDED, arms[BOTH].f1.less(real.f1), None, method=PAIRED)
    return made


def _roc(scored: Scored) -> Roc:
    return Roc(
        labels=tuple(str(name) for name in CLASSES),
        false_positives=tuple(FALSE_POSITIVES.round(4).tolist()),
        true_positives=tuple(map(tuple, scored.roc.round(4).tolist())),
    )


def _confusions(suite: Suite, task: Task, arms: dict[str, Scored]) -> list[tuple[str, Confusion]]:
    labels = tuple(str(name) for name in CLASSES)
    return [
        (
            f"{task.name}, {arm}, seed {seed}",
            Confusion(labels=labels, counts=tuple(map(tuple, counts.tolist()))),
        )
        for arm, scored in arms.items()
        for seed, counts in zip(suite.seeds, scored.confusions, strict=True)
    ]
