"""How well losses rank training images before held-out ones: AUC, and true positives at 1 % false positives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import Floats, bootstrap_counts, percentile_interval, significant

FALSE_POSITIVES = 0.01
RESAMPLES = 1000
LEAST_PATIENTS = 2


class Measured(BaseModel):
    """A value with its 95 % interval over patients."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Losses:
    """Losses (N, times) of images, and the patient of each as a number."""

    values: Floats
    patients: NDArray[np.int64]


def judge(members: Losses, others: Losses, seed: int) -> tuple[Measured, Measured, list[float]]:
    """AUC, true positive rate at 1 % false positives, and the AUC of every time alone.

    An image's score is the mean over times of its loss, standardised at every time over all images, so that no time
    counts for more because its losses are larger. Intervals: patients of both groups drawn with replacement.
    """
    both = np.concatenate([members.values, others.values])
    scores = ((both - both.mean(0)) / np.maximum(both.std(0), 1e-12)).mean(1)
    rows = len(members.values)
    alone = [auc(members.values[:, k], others.values[:, k]) for k in range(both.shape[1])]
    low, high = scores[:rows], scores[rows:]
    draws = [
        (auc(low, high, *weights), true_positives(low, high, *weights))
        for weights in _resampled(members.patients, others.patients, seed)
    ]
    return (
        _measured(auc(low, high), [one for one, _ in draws]),
        _measured(true_positives(low, high), [one for _, one in draws]),
        [significant(one, 4) for one in alone],
    )


def _measured(value: float, draws: list[float]) -> Measured:
    low, high = percentile_interval(draws)
    return Measured(value=significant(value, 4), low=significant(low, 4), high=significant(high, 4))


def _resampled(first: NDArray[np.int64], second: NDArray[np.int64], seed: int) -> list[tuple[Floats, Floats]]:
    """Weights of images when patients are drawn with replacement, each group by itself."""
    rng = stream(seed, "membership", "bootstrap")
    parts = []
    for patients in (first, second):
        numbers = np.unique(patients, return_inverse=True)[1]
        parts.append(bootstrap_counts(rng, int(numbers.max()) + 1, RESAMPLES)[:, numbers].astype(np.float64))
    return list(zip(*parts, strict=True))


def auc(low: Floats, high: Floats, low_weights: Floats | None = None, high_weights: Floats | None = None) -> float:
    """Probability that a draw of ``low`` (n,) is below one of ``high`` (m,), ties half; draws by weight."""
    ours = np.ones(len(low)) if low_weights is None else low_weights
    theirs = np.ones(len(high)) if high_weights is None else high_weights
    order = np.argsort(high, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(theirs[order])])
    ordered = high[order]
    above = total[-1] - total[np.searchsorted(ordered, low, "right")]
    equal = total[np.searchsorted(ordered, low, "right")] - total[np.searchsorted(ordered, low, "left")]
    return float((ours * (above + equal / 2)).sum() / (ours.sum() * total[-1]))


def true_positives(
    low: Floats, high: Floats, low_weights: Floats | None = None, high_weights: Floats | None = None
) -> float:
    """Share of ``low`` below the largest bound under which at most 1 % of ``high`` lies; both by weight."""
    ours = np.ones(len(low)) if low_weights is None else low_weights
    theirs = np.ones(len(high)) if high_weights is None else high_weights
    order = np.argsort(high, kind="stable")
    passed = np.cumsum(theirs[order]) > FALSE_POSITIVES * theirs.sum() + 1e-9
    bound = high[order][np.argmax(passed)]
    return float((ours * (low < bound)).sum() / ours.sum())


def check_groups(members: Losses, others: Losses, where: str) -> None:
    """Whether both groups have patients enough for an interval.

    Raises:
        CohortError: they have not.
    """
    for name, group in (("training", members), ("held-out", others)):
        found = len(np.unique(group.patients))
        if found < LEAST_PATIENTS:
            raise CohortError(f"{where}: found {found} {name} patients, expected at least {LEAST_PATIENTS}")
