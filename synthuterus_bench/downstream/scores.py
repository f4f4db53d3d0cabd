"""Scores of a classifier on held-out patients: F1, recall and AUC by class, what guessing gets, and bootstraps.

All arms and regimes are scored under the same resamples of the patients, so that differences of them are paired.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.downstream.auc import class_auc, roc_curve
from synthuterus_bench.stats import bootstrap_counts, percentile_interval

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def confusion_matrix(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts (classes, classes): true class down, predicted class across."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def f1_scores(confusion: NDArray[np.number]) -> Floats:
    """F1 of each class, (..., classes), of confusion matrices (..., classes, classes); 0 where a class has no part."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    parts = confusion.sum(-1) + confusion.sum(-2)
    return np.where(parts > 0, 2 * hits / np.maximum(parts, 1), 0.0)


def recalls(confusion: NDArray[np.number]) -> Floats:
    """Share of each class that was recognised, (..., classes); their mean is the balanced accuracy."""
    hits, had = np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(-1)
    return np.where(had > 0, hits / np.maximum(had, 1), 0.0)


def guessing_f1(truth: Ints, classes: int) -> Floats:
    """Expected F1 of each class, (classes,), when every image is given one of the classes at random.

    With p of n images of the class, ``TP ~ Bin(p, 1/C)``, ``FP ~ Bin(n - p, 1/C)`` and F1 = 2 TP / (TP + FP + p).
    """
    from scipy.stats import binom

    expected = []
    for positives in np.bincount(truth, minlength=classes):
        tp, fp = np.arange(positives + 1), np.arange(len(truth) - positives + 1)
        score = 2 * tp[:, None] / np.maximum(tp[:, None] + fp + positives, 1)
        chance = binom.pmf(tp, positives, 1 / classes)[:, None] * binom.pmf(fp, len(truth) - positives, 1 / classes)
        expected.append(float(np.sum(score * chance)))
    return np.array(expected)


@dataclass(frozen=True, slots=True)
class Panel:
    """Held-out images to be classified.

    Attributes:
        truth: class of each, (n,).
        units: patient of each, (n,).
        classes: how many classes there are.
        weights: how often each patient is drawn in each resample, (resamples, patients in the order of their number).
    """

    truth: Ints
    units: Ints
    classes: int
    weights: Floats

    @property
    def tail(self) -> float:
        """Share of the resamples to leave out on each side for 95 %.

        Percentile intervals of few units are too narrow, by ``sqrt((n - 1) / n)`` and by the normal in place of
        Student's distribution; the expanded ones are not (Hesterberg 2015). ``n`` is the smallest class, in patients.
        """
        from scipy.stats import norm, t

        first = np.unique(self.units, return_index=True)[1]
        counts = np.bincount(self.truth[first])
        n = max(2, int(counts[counts > 0].min()))
        return float(norm.cdf(t.ppf(0.025, n - 1) * np.sqrt(n / (n - 1))))

    @property
    def guessing(self) -> Floats:
        """What guessing is expected to get, (1 + classes,): macro-F1, then the F1 of each class."""
        return with_mean(guessing_f1(self.truth, self.classes))


def make_panel(truth: Ints, units: Ints, classes: int, *, resamples: int, rng: np.random.Generator) -> Panel:
    """A panel whose patients are drawn anew within the class of their first image."""
    first = np.unique(units, return_index=True)[1]
    return Panel(truth, units, classes, _stratified_counts(truth[first], resamples, rng))


def _stratified_counts(strata: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    counts = np.zeros((resamples, len(strata)))
    for name in np.unique(strata):
        counts[:, strata == name] = bootstrap_counts(rng, int(np.sum(strata == name)), resamples)
    return counts


@dataclass(frozen=True, slots=True)
class Scores:
    """One measure: by seed (seeds, 1 + classes), and for each resample the mean over seeds (resamples, 1 + classes).

    The first column is over all classes (``which`` None), the others are the classes. ``tail`` as of the panel.
    """

    seeds: Floats
    resampled: Floats
    tail: float

    def value(self, which: int | None) -> float:
        """Mean over seeds."""
        return float(np.mean(self.seeds[:, _column(which)]))

    def per_seed(self, which: int | None) -> list[float]:
        """The same for each seed."""
        return [float(value) for value in self.seeds[:, _column(which)]]

    def interval(self, which: int | None) -> tuple[float, float]:
        """95 % expanded percentile interval over resampled patients, widened where it would not hold the value."""
        low, high = percentile_interval(self.resampled[:, _column(which)], 1 - 2 * self.tail)
        return min(low, self.value(which)), max(high, self.value(which))

    def less(self, other: "Scores | Floats") -> "Scores":
        """This minus another of the same panel, seed by seed and resample by resample, or minus (1 + classes,)."""
        if isinstance(other, Scores):
            return Scores(self.seeds - other.seeds, self.resampled - other.resampled, self.tail)
        return Scores(self.seeds - other, self.resampled - other, self.tail)


def better_of(first: Scores, second: Scores) -> Scores:
    """In each column the one with the larger mean over seeds; a resample has its own larger mean."""
    chosen = first.seeds.mean(0) >= second.seeds.mean(0)
    return Scores(
        np.where(chosen, first.seeds, second.seeds), np.maximum(first.resampled, second.resampled), first.tail
    )


def _column(which: int | None) -> int:
    return 0 if which is None else 1 + which


def with_mean(by_class: Floats) -> Floats:
    """Values (..., classes) behind their mean, (..., 1 + classes)."""
    return np.concatenate([by_class.mean(-1, keepdims=True), by_class], -1)


@dataclass(frozen=True, slots=True)
class Scored:
    """Macro-F1, balanced accuracy with the recalls it is the mean of, one-vs-rest AUC; confusions (seeds, C, C).

    ``roc`` is one class against the rest, the mean over seeds at ``auc.FALSE_POSITIVES``, (C, 51).
    """

    f1: Scores
    recall: Scores
    auc: Scores
    confusions: Ints
    roc: Floats


def score(panel: Panel, probabilities: Floats) -> Scored:
    """Score what the classifiers of several seeds say, (seeds, n, classes); the most likely class is predicted."""
    predicted = probabilities.argmax(-1)
    confusions = np.stack([confusion_matrix(panel.truth, row, panel.classes) for row in predicted])
    drawn, tail = confusions_of_resamples(panel, predicted), panel.tail
    f1, recall = (
        Scores(with_mean(measure(confusions)), with_mean(measure(drawn)).mean(0), tail)
        for measure in (f1_scores, recalls)
    )
    every = [class_auc(panel.truth, each, panel.units, panel.weights) for each in probabilities]
    seeds, resampled = (with_mean(np.stack(part)) for part in zip(*every, strict=True))
    roc = np.stack(
        [np.mean([roc_curve(panel.truth == k, each[:, k]) for each in probabilities], 0) for k in range(panel.classes)]
    )
    return Scored(f1, recall, Scores(seeds, resampled.mean(0), tail), confusions, roc)


def confusions_of_resamples(panel: Panel, predicted: Ints) -> Floats:
    """Confusion matrices (seeds, resamples, classes, classes)."""
    member = np.unique(panel.units, return_inverse=True)[1]
    cells = np.zeros((len(predicted), panel.weights.shape[1], panel.classes**2))
    for seed, row in enumerate(predicted):
        np.add.at(cells[seed], (member, panel.truth * panel.classes + row), 1)
    drawn = np.einsum("ru,suc->src", panel.weights, cells)
    return drawn.reshape(*drawn.shape[:2], panel.classes, panel.classes)
