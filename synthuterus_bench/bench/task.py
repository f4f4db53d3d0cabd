"""One downstream task of an evaluation: what is learned from each arm with each seed, and how it is scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.suite import Regime
from synthuterus_bench.downstream.jobs import Job, run_jobs
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.scores import Panel, Scored, score
from synthuterus_bench.downstream.training import Recipe
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.progress import Track

SUBMISSION, REAL, BOTH = "submission", "real", "both"
Answer = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """What is learned from, and held-out real images; in the arm ``real`` as many of a class as the submission has."""

    submission: Labelled
    real: Labelled
    test: Labelled


@dataclass(frozen=True, slots=True)
class Task:
    """A regime or a probe.

    ``arms`` hold for each seed a training to be done, or its answer if there was none to do; ``reason`` says why there
    are no arms.
    """

    name: str
    params: Params
    panel: Panel
    given: Given
    arms: Mapping[str, Sequence[Job | Answer]] = field(default_factory=dict)
    reason: str = ""


def params_of(regime: Regime) -> Params:
    """What tells results of regimes apart."""
    facts = regime.model_dump(exclude_none=True, exclude={"name", "both"})
    return {"regime": regime.name, **facts}


def recipe_of(regime: Regime) -> Recipe:
    """How a regime trains its network."""
    return Recipe(regime.net or "", regime.side or 0, 1, regime.learning_rate or 0.0)


def answer_all(
    tasks: Sequence[Task], device: str, workers: int, cache: Path | None, track: Track
) -> list[dict[str, Answer]]:
    """Do every training of every task; what each arm answers, probabilities (seeds, n, classes)."""
    wanted = [one for task in tasks for arm in task.arms.values() for one in arm]
    jobs = [one for one in wanted if isinstance(one, Job)]
    made = iter(run_jobs(jobs, device=device, workers=workers, cache=cache, track=track))
    answers = iter([next(made) if isinstance(one, Job) else one for one in wanted])
    return [{name: np.stack([next(answers) for _ in arm]) for name, arm in task.arms.items()} for task in tasks]


def score_all(
    tasks: Sequence[Task], device: str, workers: int, cache: Path | None, track: Track
) -> list[dict[str, Scored]]:
    """Do every training of every task; its arms, scored."""
    answers = answer_all(tasks, device, workers, cache, track)
    return [
        {name: score(task.panel, answer) for name, answer in each.items()}
        for task, each in zip(tasks, answers, strict=True)
    ]
