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
    rows, rng = len(members.values), stream(seed, "membership", "bootstrap")
    places = _places(scores)
    weights = [patient_weights(rng, group.patients, RESAMPLES) for group in (members, others)]
    draws = [curve(places, rows, *pair) for pair in zip(*weights, strict=True)]
    found = curve(places, rows, *(np.ones(len(group.values)) for group in (members, others)))
    return (
        _measured(found[0], [one for one, _ in draws]),
        _measured(found[1], [one for _, one in draws]),
        [significant(auc(members.values[:, k], others.values[:, k]), 4) for k in range(both.shape[1])],
    )


def _measured(value: float, draws: list[float]) -> Measured:
    low, high = percentile_interval(draws)
    return Measured(value=significant(value, 4), low=significant(low, 4), high=significant(high, 4))


def patient_weights(rng: np.random.Generator, patients: NDArray[np.integer], resamples: int) -> NDArray[np.int64]:
    """Weights (resamples, n) of images when their patients are drawn with replacement."""
    numbers = np.unique(patients, return_inverse=True)[1]
    return bootstrap_counts(rng, int(numbers.max()) + 1, resamples)[:, numbers]


def curve(places: NDArray[np.int64], own: int, ones: NDArray, twos: NDArray) -> tuple[float, float]:
    """AUC (ties count half) and true positive rate at 1 % false positives, of weighted images.

    Args:
        places: of all scores in ascending order, equal ones sharing theirs; those of the ``own`` members first.
        ones, twos: weights of members and of others.
    """
    size = int(places.max()) + 1
    hits, false = np.bincount(places[:own], ones, size), np.bincount(places[own:], twos, size)
    below = np.cumsum(false) - false
    area = (hits * (below + false / 2)).sum() / (hits.sum() * false.sum())
    fpr, tpr = np.cumsum(false[::-1]) / false.sum(), np.cumsum(hits[::-1]) / hits.sum()
    allowed = fpr <= FALSE_POSITIVES
    return float(area), float(tpr[allowed][-1]) if allowed.any() else 0.0


def auc(low: Floats, high: Floats, low_weights: Floats | None = None, high_weights: Floats | None = None) -> float:
    """Probability that a draw of ``low`` (n,) is below one of ``high`` (m,), ties half; draws by weight."""
    return _both(low, high, low_weights, high_weights)[0]


def true_positives(
    low: Floats, high: Floats, low_weights: Floats | None = None, high_weights: Floats | None = None
) -> float:
    """Share of ``low`` below the largest bound under which at most 1 % of ``high`` lies; both by weight."""
    return _both(low, high, low_weights, high_weights)[1]


def _both(low: Floats, high: Floats, ours: Floats | None, theirs: Floats | None) -> tuple[float, float]:
    ours = np.ones(len(low)) if ours is None else ours
    return curve(_places(np.concatenate([low, high])), len(low), ours, np.ones(len(high)) if theirs is None else theirs)


def _places(losses: Floats) -> NDArray[np.int64]:
    """The smaller the loss, the later the place: members have the smaller ones."""
    return np.unique(-losses, return_inverse=True)[1]


def check_groups(members: Losses, others: Losses, where: str) -> None:
    """Whether both groups have patients enough for an interval.

    Raises:
        CohortError: they have not.
    """
    for name, group in (("training", members), ("held-out", others)):
        found = len(np.unique(group.patients))
        if found < LEAST_PATIENTS:
            raise CohortError(f"{where}: found {found} {name} patients, expected at least {LEAST_PATIENTS}")
