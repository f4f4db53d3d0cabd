"""The contract of a metric: what it needs, its direction and bounds, and the one function that measures it.

A metric sees one *scope* (an orientation, or all of them pooled): rows of a feature array that are synthetic, real
training and held-out real images. Synthetic images are compared with held-out real ones; the floor is the same
number for patient-disjoint relabellings of all the real images into groups of the same two sizes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Floor, Interval
from synthuterus_bench.stats import exceedance, percentile_interval

Rows = NDArray[np.int64]
FLOOR_METHOD = "real against real: patient-disjoint relabellings at the same sizes, 95 % of them"


class Need(StrEnum):
    """What a metric is computed from; one array of a feature bank each."""

    EMBEDDER = "embedder"
    CODES = "embedder-codes"
    INCEPTION_64 = "inception-64"
    INCEPTION_2048 = "inception-2048"
    LPIPS = "lpips-alex"
    ANATOMY = "anatomy"


@dataclass(frozen=True, slots=True)
class Relabelling:
    """Real images dealt anew by patient.

    ``real`` stands for the held-out ones; ``train`` is all of the other patients, and ``fake`` as many of those as
    there are synthetic images.
    """

    real: Rows
    fake: Rows
    train: Rows


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of a feature array that are compared with each other.

    ``units`` and ``strata`` have one number a row of the whole array: images of one patient share the first, those of
    one class the second.
    """

    name: str
    fake: Rows
    train: Rows
    test: Rows
    units: NDArray[np.int64]
    strata: NDArray[np.int64]
    null: tuple[Relabelling, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value with its interval, and its floor from the values ``null`` of the relabellings."""

    value: float
    n_real: int
    n_fake: int
    null: NDArray[np.float64]
    interval: Interval | None = None

    @property
    def floor(self) -> Floor:
        """Mean of the null and the interval that holds 95 % of it."""
        low, high = percentile_interval(self.null)
        return Floor(value=float(self.null.mean()), low=low, high=high, method=FLOOR_METHOD)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``low`` and ``high`` bound every value it can take; None where there is no bound."""

    name: str
    need: Need
    direction: Literal["lower", "higher"]
    measure: Callable[[NDArray[np.floating], Scope], Measurement]
    low: float | None = None
    high: float | None = None
    params: dict[str, str | int | float | bool] = field(default_factory=dict)

    def p_value(self, measured: Measurement) -> float:
        """How often a relabelling of real images looks at least as bad."""
        sign = 1 if self.direction == "lower" else -1
        return exceedance(sign * measured.null >= sign * measured.value)

    def within(self, value: float) -> bool:
        """Whether ``value`` is finite and inside the bounds."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return bool(np.isfinite(value) and low <= value <= high)
