"""Bounds from held-out real patients: how similar to the training images is one who is not among them?

The largest similarity of a held-out image is taken against the same, full training index that candidates meet, so
that sizes match. Its conformal quantile is exceeded by a new patient's image with probability at most ``alpha``
(Vovk 2005), as long as there are 1 / alpha - 1 images of the class; with fewer it is their largest, and ``rate`` says
what that is worth. Two depths share ``ALPHA``; a volume has a third.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.privacy.scores import Scores

ALPHA = 0.01
"""Share of unseen patients' images that may be rejected, all depths together."""

LEAST = 50
"""Held-out images without which no bound is drawn from a class, or from all."""

EVERY = "all"
"""What the bounds of images of no class, or of a class with too few held out, are called."""


class ClassBounds(BaseModel):
    """What candidates of a class may score at most: at the read-out, an intermediate layer, and as a whole volume.

    Attributes:
        count: held-out scans it is drawn from.
        rate: how often the scan of a new patient exceeds one depth's bound, at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    readout: float
    layer: float | None = None
    volume: float | None = None
    count: int
    rate: float


class Calibration(BaseModel):
    """Bounds by class, and ``all``; of how many patients, for which share of rejections."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bounds: dict[str, ClassBounds]
    patients: int
    alpha: float

    def of(self, name: str | None) -> ClassBounds:
        """The bounds of a class; those of all where it has none of its own."""
        return self.bounds.get(name or EVERY, self.bounds[EVERY])


def calibrate(scores: Scores, classes: list[str], patients: int, alpha: float = ALPHA) -> Calibration | None:
    """Bounds from the scores of held-out scans and their classes; None for fewer than ``LEAST`` scans."""
    if len(classes) < LEAST:
        return None
    names = np.array(classes)
    groups = {EVERY: np.ones(len(names), bool)} | {name: names == name for name in sorted(set(classes))}
    bounds = {name: _bounds(scores, rows, alpha) for name, rows in groups.items() if rows.sum() >= LEAST}
    return Calibration(bounds=bounds, patients=patients, alpha=alpha)


def _bounds(scores: Scores, rows: NDArray[np.bool_], alpha: float) -> ClassBounds:
    depths = {name: values[rows] for name, values in scores.depths.items()}
    share, count = alpha / len(depths), int(rows.sum())
    found = {name: quantile(values, share) for name, values in depths.items()}
    return ClassBounds(**found, count=count, rate=max(share, 1 / (count + 1)))


def quantile(values: NDArray[np.floating], alpha: float) -> float:
    """The conformal quantile: of n values the ceil((1 - alpha) (n + 1))-th, at most the largest; six decimals, up."""
    rank = min(len(values), math.ceil((1 - alpha) * (len(values) + 1)))
    return math.ceil(float(np.sort(values)[rank - 1]) * 1e6) / 1e6
