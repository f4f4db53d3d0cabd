"""Area under the ROC curve, one class against the rest, for all patients and for any resample of them at once.

AUC is the share of pairs of a positive and a negative image in which the positive one scores higher, ties counting
half (Hanley & McNeil 1982). Summed by pairs of patients, the comparisons are a matrix A, and a resample that holds
patient u w_u times has AUC = w'Aw / (w'p w'q), with p and q the images of the class and of the rest of each patient:
one matrix product for all resamples.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
UNKNOWN = 0.5
"""AUC of a resample that lacks one of the two sides."""


def class_auc(truth: Ints, scores: Floats, units: Ints, weights: Floats) -> tuple[Floats, Floats]:
    """AUC of each class against the rest.

    Args:
        truth: class of each image, (n,).
        scores: how much each image looks like each class, (n, classes); only their order within a class matters.
        units: patient of each image, (n,).
        weights: how often each patient is drawn, (resamples, patients in the order of their number).

    Returns:
        Of the images as they are, (classes,), and of the resamples, (resamples, classes).
    """
    once = np.ones((1, weights.shape[1]))
    columns = [
        _weighted(*comparisons(truth == k, scores[:, k], units), np.concatenate([once, weights]))
        for k in range(scores.shape[1])
    ]
    every = np.stack(columns, -1)
    return every[0], every[1:]


def comparisons(positive: NDArray[np.bool_], scores: Floats, units: Ints) -> tuple[Floats, Floats, Floats]:
    """Wins of the positive images of patient u over the negative ones of patient v, (patients, patients), ties half.

    Beside it, how many positive and how many negative images each patient has, (patients,).
    """
    order = np.argsort(units, kind="stable")
    starts = np.unique(units[order], return_index=True)[1]
    positive, scores = positive[order], scores[order]
    wins = np.sign(scores[:, None] - scores) / 2 + 0.5
    wins *= positive[:, None] & ~positive
    by_patient = np.add.reduceat(np.add.reduceat(wins, starts, 0), starts, 1)
    return by_patient, np.add.reduceat(positive * 1.0, starts), np.add.reduceat(~positive * 1.0, starts)


def _weighted(wins: Floats, positives: Floats, negatives: Floats, weights: Floats) -> Floats:
    won = np.einsum("ru,ru->r", weights @ wins, weights)
    pairs = (weights @ positives) * (weights @ negatives)
    return np.where(pairs > 0, won / np.maximum(pairs, 1), UNKNOWN)


FALSE_POSITIVES = np.linspace(0, 1, 51)
"""Where ROC curves are taken."""


def roc_curve(positive: NDArray[np.bool_], scores: Floats) -> Floats:
    """Share of positives found at each of ``FALSE_POSITIVES``, (51,); tied scores are a slanted line.

    Args:
        positive: which images are of the class, (n,).
        scores: how much each looks like it, (n,).
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.append(0, np.cumsum(positive[order])[ends]) / max(1, int(positive.sum()))
    misses = np.append(0, np.cumsum(~positive[order])[ends]) / max(1, int((~positive).sum()))
    below = np.minimum(np.searchsorted(misses, FALSE_POSITIVES, "right") - 1, len(misses) - 2)
    step = np.maximum(misses[below + 1] - misses[below], 1e-12)
    part = np.clip((FALSE_POSITIVES - misses[below]) / step, 0, 1)
    curve = hits[below] + part * (hits[below + 1] - hits[below])
    return np.where(misses[-1] <= FALSE_POSITIVES, hits[-1], curve)
