"""Downstream regimes to results: macro-F1 on real held-out patients, and its gain over guessing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.details import Confusion
from synthuterus_bench.bench.scoring import rounded_floor, rounded_interval
from synthuterus_bench.bench.suite import Regime, Suite
from synthuterus_bench.downstream.regimes import Labelled, clustered, supervised
from synthuterus_bench.downstream.scores import Scored, guessing_f1, score
from synthuterus_bench.downstream.training import Recipe
from synthuterus_bench.entry import Floor, Interval, Result
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import CLASSES

SUBMISSION, REAL = "submission", "real"
FLOOR_METHOD = "the same regime on as many real training images; 95 % over test patients"
Predict = Callable[[Labelled, int], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class ScoredTasks:
    """Results and confusion matrices by name."""

    results: list[Result]
    confusions: dict[str, Confusion]


def score_tasks(
    suite: Suite, submission: Labelled, real: Labelled, test: Labelled, *, device: str, track: Track = silent
) -> ScoredTasks:
    """Run every regime of a suite: learn from the submission, and from real images as the arm to beat.

    ``unavailable`` where the submission has too few images of a class, which happens when classes were measured.
    """
    results: list[Result] = []
    confusions: dict[str, Confusion] = {}
    why = _too_few(submission, suite)
    for regime in suite.regimes:
        if why:
            results += _without_values(regime, submission, test, why)
            continue
        predict = _predictor(regime, test, device, track)
        arms = {
            arm: _score_arm(suite, regime, predict, learn, test)
            for arm, learn in ((SUBMISSION, submission), (REAL, real))
        }
        results += _results(regime, arms, submission, test)
        confusions |= _confusions(suite, regime, arms)
    return ScoredTasks(results, confusions)


def _predictor(regime: Regime, test: Labelled, device: str, track: Track) -> Predict:
    if regime.name == "k-means":
        return lambda learn, seed: clustered(learn, test, len(CLASSES), seed=seed)
    recipe = Recipe(regime.net or "", regime.side or 0, regime.epochs or 0, regime.learning_rate or 0.0)
    return lambda learn, seed: supervised(learn, test, len(CLASSES), recipe, seed=seed, device=device, track=track)


def _score_arm(suite: Suite, regime: Regime, predict: Predict, learn: Labelled, test: Labelled) -> Scored:
    predicted = np.stack([predict(learn, seed) for seed in suite.seeds])
    rng = stream(0, "bootstrap", regime.name)
    return score(test.labels, predicted, test.units, len(CLASSES), resamples=suite.resamples, rng=rng)


def _too_few(learn: Labelled, suite: Suite) -> str | None:
    counts = np.bincount(learn.labels, minlength=len(CLASSES))
    if counts.min() >= suite.min_per_class:
        return None
    found = ", ".join(f"{count} of {name}" for name, count in zip(CLASSES, counts, strict=True))
    return f"found {found}, expected at least {suite.min_per_class} images of each class to learn from"


def _params(regime: Regime) -> Params:
    facts = {key: value for key, value in regime.model_dump(exclude_none=True).items() if key != "name"}
    return {"regime": regime.name, **facts}


def _without_values(regime: Regime, learn: Labelled, test: Labelled, why: str) -> list[Result]:
    return [
        Result(
            metric=metric,
            params=_params(regime),
            direction="higher",
            scope=POOLED if which is None else str(CLASSES[which]),
            n_real=len(test.labels),
            n_fake=len(learn.labels) if which is None else int(np.sum(learn.labels == which)),
            status="unavailable",
            reason=why,
        )
        for which in (None, *range(len(CLASSES)))
        for metric in ("macro-f1", "macro-f1-gain")
    ]


def _results(regime: Regime, arms: dict[str, Scored], learn: Labelled, test: Labelled) -> list[Result]:
    guess = guessing_f1(test.labels, len(CLASSES))
    params = _params(regime)
    made = []
    for which in (None, *range(len(CLASSES))):
        chance = float(guess.mean() if which is None else guess[which])
        made.append(_result("macro-f1", params, which, arms, (test, learn), 0.0))
        made.append(
            _result(
                "macro-f1-gain",
                params | {"guessing": significant(float(guess.mean()))},
                which,
                arms,
                (test, learn),
                chance,
            )
        )
    return made


def _result(
    metric: str,
    params: Params,
    which: int | None,
    arms: dict[str, Scored],
    sets: tuple[Labelled, Labelled],
    chance: float,
) -> Result:
    """The F1 of class ``which``, or macro-F1 for None, less ``chance``."""
    ours, real = arms[SUBMISSION], arms[REAL]
    low, high = (end - chance for end in ours.interval(which))
    floor_low, floor_high = (end - chance for end in real.interval(which))
    floor = Floor(value=real.value(which) - chance, low=floor_low, high=floor_high, method=FLOOR_METHOD)
    n_real, n_fake = (len(part.labels) if which is None else int(np.sum(part.labels == which)) for part in sets)
    return Result(
        metric=metric,
        params=params,
        direction="higher",
        scope=POOLED if which is None else str(CLASSES[which]),
        n_real=n_real,
        n_fake=n_fake,
        status="ok",
        value=significant(ours.value(which) - chance),
        ci=rounded_interval(Interval(low=low, high=high, level=0.95, method="percentile bootstrap", unit="patient")),
        per_seed=[significant(value - chance) for value in ours.per_seed(which)],
        floor=rounded_floor(floor),
    )


def _confusions(suite: Suite, regime: Regime, arms: dict[str, Scored]) -> dict[str, Confusion]:
    labels = tuple(str(name) for name in CLASSES)
    return {
        f"{regime.name}, {arm}, seed {seed}": Confusion(labels=labels, counts=tuple(map(tuple, counts.tolist())))
        for arm, scored in arms.items()
        for seed, counts in zip(suite.seeds, scored.confusions, strict=True)
    }
