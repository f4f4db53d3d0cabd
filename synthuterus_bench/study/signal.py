"""Signal detection: d', criterion, and the ROC of confidence ratings. The signal is a synthetic image."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
TINY = 1e-9


@dataclass(frozen=True)
class Detection:
    """``d_prime`` is 0 for guessing; a positive ``criterion`` says "real" too often, a negative one "synthetic"."""

    d_prime: float
    criterion: float


def detection(hits: int, signals: int, false_alarms: int, noises: int) -> Detection:
    """d' and criterion with the log-linear correction (Hautus 1995): 0.5 added to each count, 1 to each total.

    Args:
        hits: synthetic images called synthetic, of ``signals``.
        false_alarms: real images called synthetic, of ``noises``.
    """
    quantile = NormalDist().inv_cdf
    hit, alarm = quantile((hits + 0.5) / (signals + 1)), quantile((false_alarms + 0.5) / (noises + 1))
    return Detection(hit - alarm, -(hit + alarm) / 2)


def placements(ratings: Floats, synthetic: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How each synthetic image ranks among the real ones, (R, m), and each real one among the synthetic, (R, n).

    Args:
        ratings: (R, I) of readers and images, higher where surer of synthetic; ties count a half.
        synthetic: (I,).
    """
    signal, noise = ratings[:, synthetic], ratings[:, ~synthetic]
    gap = signal[:, :, None] - noise[:, None, :]
    wins = (gap > 0) + 0.5 * (gap == 0)
    return wins.mean(2), wins.mean(1)


def roc_points(ratings: Floats, synthetic: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(false alarms, hits) at every cut between ratings, from (0, 0) to (1, 1); ratings are (I,) or pooled."""
    cuts = np.unique(ratings)[::-1]
    points = [(np.mean(ratings[~synthetic] >= cut), np.mean(ratings[synthetic] >= cut)) for cut in cuts]
    return [(0.0, 0.0), *((float(alarm), float(hit)) for alarm, hit in points)]


def auc_interval(auc: float, signals: int, noises: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of one reader's AUC (Newcombe 2006, method 5): a score interval, sound at 0 and 1."""
    z = NormalDist().inv_cdf(0.5 + level / 2)

    def excess(theta: float) -> float:
        spread = 1 + ((signals + noises) / 2 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return float((auc - theta) ** 2 - z * z * theta * (1 - theta) * spread / (signals * noises))

    low = 0.0 if auc <= 0 else brentq(excess, 0.0, min(auc, 1 - TINY))
    high = 1.0 if auc >= 1 else brentq(excess, max(auc, TINY), 1.0)
    return float(low), float(high)
