"""Scores of a classifier: confusion matrix, F1 by class, what guessing would get, and intervals over patients."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
class Scored:
    """F1 by class, (seeds, classes), its bootstrap (resamples, classes), and the confusion matrix of each seed."""

    f1: Floats
    resampled: Floats
    confusions: Ints

    def value(self, which: int | None) -> float:
        """Mean over seeds of the F1 of a class, or of their mean (macro-F1) for None."""
        return float(np.mean(_pick(self.f1, which)))

    def per_seed(self, which: int | None) -> list[float]:
        """The same for each seed."""
        return [float(value) for value in _pick(self.f1, which)]

    def interval(self, which: int | None) -> tuple[float, float]:
        """95 % percentile interval over resampled test patients, widened where it would not hold the value."""
        low, high = percentile_interval(_pick(self.resampled, which))
        return min(low, self.value(which)), max(high, self.value(which))


def _pick(f1: Floats, which: int | None) -> Floats:
    return f1.mean(-1) if which is None else f1[..., which]


def score(
    truth: Ints, predicted: Ints, units: Ints, classes: int, *, resamples: int, rng: np.random.Generator
) -> Scored:
    """Score the predictions of several seeds.

    Args:
        truth: class of every test image, (n,).
        predicted: (seeds, n).
        units: patient of every test image, (n,); patients are resampled within the class of their first image.
    """
    names, first, member = np.unique(units, return_index=True, return_inverse=True)
    cells = np.zeros((len(predicted), len(names), classes * classes))
    for seed, row in enumerate(predicted):
        np.add.at(cells[seed], (member, truth * classes + row), 1)
    weights = _stratified_counts(truth[first], resamples, rng)
    drawn = np.einsum("ru,suc->src", weights, cells).reshape(len(predicted), resamples, classes, classes)
    confusions = np.stack([confusion_matrix(truth, row, classes) for row in predicted])
    return Scored(f1_scores(confusions), f1_scores(drawn).mean(0), confusions)


def _stratified_counts(strata: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    counts = np.zeros((resamples, len(strata)))
    for name in np.unique(strata):
        counts[:, strata == name] = bootstrap_counts(rng, int(np.sum(strata == name)), resamples)
    return counts
