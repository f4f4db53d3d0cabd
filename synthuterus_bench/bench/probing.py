"""Shortcut probes to results: what a classifier learns without the uterus, and how much of its score is anatomy."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.suite import Probes, Regime, Suite
from synthuterus_bench.bench.task import REAL, SUBMISSION, Given, Task, params_of, recipe_of
from synthuterus_bench.bench.task_rows import ALL_ONLY, BY_CLASS, PAIRED, Scopes, rows, without_values
from synthuterus_bench.bench.taught import BORDER, FIELD, GAP, MASKED
from synthuterus_bench.downstream.jobs import Job
from synthuterus_bench.downstream.probes import by_field, hide_uterus, keep_border, shared_strengths
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.scores import Panel, Scored, better_of, make_panel
from synthuterus_bench.entry import Result
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.progress import Track
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import FIELD_STRENGTHS

LEAST_STRENGTHS = 2


def probe_tasks(suite: Suite, given: Given, panel: Panel, why: str, track: Track) -> list[Task]:
    """The probes of a suite, each learned as its regime ``supervised`` learns; ``why`` says if there is no learning."""
    if suite.probes is None:
        return []
    regime = next(regime for regime in suite.regimes if regime.name == "supervised")
    hidden = _masked(suite, suite.probes, regime, given, panel, why, track)
    return [hidden, _border(suite, suite.probes, regime, given, panel, why), _field(suite, regime, given, why)]


def _masked(suite: Suite, probes: Probes, regime: Regime, given: Given, panel: Panel, why: str, track: Track) -> Task:
    params: Params = params_of(regime) | {"margin": probes.margin}
    task = Task(MASKED, params, panel, given, reason=why)
    if why:
        return task
    try:
        localiser = load_localiser()
    except WeightsError as error:
        return replace(task, reason=error.message)
    seen = _changed(given, partial(hide_uterus, localiser=localiser, margin=probes.margin, track=track))
    return replace(task, params=params | {"localiser_sha256": localiser.sha256}, arms=_arms(suite, regime, seen, panel))


def _border(suite: Suite, probes: Probes, regime: Regime, given: Given, panel: Panel, why: str) -> Task:
    task = Task(BORDER, params_of(regime) | {"frame": probes.frame}, panel, given, reason=why)
    if why:
        return task
    return replace(task, arms=_arms(suite, regime, _changed(given, partial(keep_border, frame=probes.frame)), panel))


def _field(suite: Suite, regime: Regime, given: Given, why: str) -> Task:
    sets = (given.submission, given.real, given.test)
    strengths = shared_strengths(sets, FIELD_STRENGTHS, suite.min_per_class)
    known = Given(*(by_field(part, strengths) for part in sets))
    rng = stream(0, "bootstrap", "field strength")
    truth, units = known.test.labels, known.test.units
    panel = make_panel(truth, units, len(strengths), resamples=suite.resamples, rng=rng)
    if not why and len(strengths) < LEAST_STRENGTHS:
        why = _few_strengths(given.submission, strengths)
    params: Params = params_of(regime) | {"field_strengths": ", ".join(f"{strength:g}" for strength in strengths)}
    task = Task(FIELD, params_of(regime) if why else params, panel, known, reason=why)
    return task if why else replace(task, arms=_arms(suite, regime, known, panel))


def _few_strengths(submission: Labelled, strengths: tuple[float, ...]) -> str:
    if submission.fields is None or not len(by_field(submission, FIELD_STRENGTHS).labels):
        return "the submission does not say field strengths"
    found = ", ".join(f"{strength:g} T" for strength in strengths) or "none"
    return f"field strengths that the submission and both real sets show: found {found}, expected two or more"


def _changed(given: Given, change: Callable[[NDArray[np.uint16]], NDArray[np.uint16]]) -> Given:
    return Given(*(replace(part, pixels=change(part.pixels)) for part in (given.submission, given.real, given.test)))


def _arms(suite: Suite, regime: Regime, given: Given, panel: Panel) -> dict[str, list[Job]]:
    recipe = recipe_of(regime)
    return {
        arm: [
            Job(learn.pixels, learn.labels, given.test.pixels, panel.classes, recipe, seed, regime.updates)
            for seed in suite.seeds
        ]
        for arm, learn in ((SUBMISSION, given.submission), (REAL, given.real))
    }


def probe_results(tasks: Sequence[Task], scored: Sequence[dict[str, Scored]], whole: dict[str, Scored]) -> list[Result]:
    """Macro-F1 of each probe beside chance, and the gap between whole pictures and the better of mask and border."""
    arms = {task.name: each for task, each in zip(tasks, scored, strict=True)}
    made = [row for task in tasks for row in _probe_rows(task, arms[task.name])]
    return made + (_gap(tasks, arms, whole) if tasks else [])


def _probe_rows(task: Task, arms: dict[str, Scored]) -> list[Result]:
    scopes: Scopes = ALL_ONLY if task.name == FIELD else BY_CLASS
    if task.reason:
        return without_values(task, [task.name], scopes)
    guessing: Params = {"guessing": significant(float(task.panel.guessing[0]))}
    return rows(task, task.name, arms[SUBMISSION].f1, arms[REAL].f1, params=guessing, scopes=scopes)


def _gap(tasks: Sequence[Task], arms: dict[str, dict[str, Scored]], whole: dict[str, Scored]) -> list[Result]:
    found = {task.name: task for task in tasks}
    masked, border = found[MASKED], found[BORDER]
    task = replace(masked, name=GAP, params=masked.params | border.params, reason=masked.reason or border.reason)
    if task.reason:
        return without_values(task, [GAP])
    ours, real = (
        whole[arm].f1.less(better_of(arms[MASKED][arm].f1, arms[BORDER][arm].f1)) for arm in (SUBMISSION, REAL)
    )
    return rows(task, GAP, ours, real, method=PAIRED)
