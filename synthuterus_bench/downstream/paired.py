"""Two classifiers on the same held-out patients: is the difference of their scores more than swapping answers gives?

If both answer alike, it does not matter which of them an answer came from. So the answers of whole patients are
swapped, over all seeds at once (approximate randomisation, Noreen 1989), and scores are computed anew. For AUC scores
are ranked first, within classifier and class, so that those of two classifiers can be mixed (Venkatraman & Begg 1996).

That is a test of these trained classifiers. Where there are several seeds, their spread says what another training
would give: the interval is Student's, with the paired bootstrap variance over patients plus that of the means over
seeds, and degrees of freedom by Welch and Satterthwaite. The p-value is the larger of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.downstream.auc import class_auc
from synthuterus_bench.downstream.scores import (
    Panel,
    Scores,
    confusions_of_resamples,
    f1_scores,
    recalls,
    score,
    with_mean,
)
from synthuterus_bench.metrics.exchange import two_sided

Floats = NDArray[np.float64]
BATCH = 500
SWAPPED, WITH_SEEDS = "answers swapped by patient, one training", "answers swapped by patient; spread over trainings"


@dataclass(frozen=True, slots=True)
class Duel:
    """A measure of both, (seeds, 1 + classes) and resamples as in ``Scores``, and its difference after each swap."""

    first: Scores
    second: Scores
    swapped: Floats

    @property
    def test(self) -> str:
        """What the p-value is of."""
        return WITH_SEEDS if len(self.first.seeds) > 1 else SWAPPED

    @property
    def method(self) -> str:
        """What the interval is."""
        return (
            "paired bootstrap and spread over trainings"
            if len(self.first.seeds) > 1
            else "paired expanded percentile bootstrap"
        )

    def p_value(self, column: int) -> float:
        """Two-sided, of one column."""
        difference, error, freedom = self._spread(column)
        p_value = two_sided(difference, self.swapped[:, column])
        if freedom is None or not error:
            return p_value
        from scipy.stats import t

        return max(p_value, float(2 * t.sf(abs(difference) / error, freedom)))

    def interval(self, column: int) -> tuple[float, float]:
        """95 % interval of first less second."""
        difference, error, freedom = self._spread(column)
        if freedom is None:
            return self.first.less(self.second).interval(column - 1 if column else None)
        from scipy.stats import t

        half = float(t.ppf(0.975, freedom)) * error
        return difference - half, difference + half

    def _spread(self, column: int) -> tuple[float, float, float | None]:
        """The difference, its standard error, and degrees of freedom; None with one training."""
        seeds = [side.seeds[:, column] for side in (self.first, self.second)]
        resampled = (self.first.resampled - self.second.resampled)[:, column]
        difference, patients = float(seeds[0].mean() - seeds[1].mean()), float(resampled.var(ddof=1))
        if len(seeds[0]) < 2:
            return difference, patients**0.5, None
        trainings = [float(side.var(ddof=1)) / len(side) for side in seeds]
        total, noise = patients + sum(trainings), sum(part**2 for part in trainings) / (len(seeds[0]) - 1)
        return difference, total**0.5, total**2 / noise if noise else np.inf


def duels(panel: Panel, first: Floats, second: Floats, swaps: Floats) -> dict[str, Duel]:
    """``macro-f1``, ``balanced-accuracy`` and ``auc`` of two sets of answers.

    Args:
        first: probabilities (seeds, n, classes); ``second`` of as many seeds.
        swaps: which patients change sides, (swaps, patients in the order of their number), 0 or 1.
    """
    both = (first, second)
    one, two = (score(panel, answers) for answers in both)
    doubled = _doubled(panel)
    f1, recall = _swapped_shares(doubled, np.concatenate([side.argmax(-1) for side in both], 1), swaps)
    auc = _swapped_auc(doubled, np.concatenate([ranked(side) for side in both], 1), swaps)
    found: dict[str, tuple[Scores, Scores, Floats]] = {
        "macro-f1": (one.f1, two.f1, f1),
        "balanced-accuracy": (one.recall, two.recall, recall),
        "auc": (one.auc, two.auc, auc),
    }
    return {name: Duel(*parts) for name, parts in found.items()}


def draw_swaps(panel: Panel, count: int, rng: np.random.Generator) -> Floats:
    """Swaps of a coin a patient, (count, patients)."""
    return rng.integers(0, 2, (count, len(np.unique(panel.units)))).astype(np.float64)


def ranked(answers: Floats) -> Floats:
    """Ranks of (seeds, n, classes) within seed and class, ties shared."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(answers, axis=1))


def _doubled(panel: Panel) -> Panel:
    """The panel twice, patients of the second behind those of the first."""
    units = np.unique(panel.units, return_inverse=True)[1]
    return Panel(
        np.tile(panel.truth, 2), np.concatenate([units, units.max() + 1 + units]), panel.classes, np.empty((0, 0))
    )


def _batches(swaps: Floats) -> Iterator[Floats]:
    """Weights of the doubled patients: first sides of a batch of swaps, then the second ones."""
    for start in range(0, len(swaps), BATCH):
        mine = 1 - swaps[start : start + BATCH]
        yield np.concatenate([np.hstack([mine, 1 - mine]), np.hstack([1 - mine, mine])])


def _differences(values: Floats) -> Floats:
    """First less second of (both sides of a batch, columns)."""
    first, second = np.split(values, 2)
    return first - second


def _swapped_shares(panel: Panel, predicted: NDArray[np.int64], swaps: Floats) -> tuple[Floats, Floats]:
    f1: list[Floats] = []
    recall: list[Floats] = []
    for weights in _batches(swaps):
        drawn = confusions_of_resamples(replace(panel, weights=weights), predicted)
        for found, measure in ((f1, f1_scores), (recall, recalls)):
            found.append(_differences(with_mean(measure(drawn)).mean(0)))
    return np.concatenate(f1), np.concatenate(recall)


def _swapped_auc(panel: Panel, scores: Floats, swaps: Floats) -> Floats:
    found = []
    for weights in _batches(swaps):
        every = [class_auc(panel.truth, each, panel.units, weights)[1] for each in scores]
        found.append(_differences(with_mean(np.mean(every, axis=0))))
    return np.concatenate(found)
