"""The contract of a metric: what it needs, its direction and bounds, and the one function that measures it.

A metric sees one *scope* (an orientation, or all of them pooled): rows of a feature array that are synthetic, real
training and held-out real images. Synthetic images are compared with held-out real ones; the floor is the same
number for patient-disjoint relabellings of all the real images into groups of the same two sizes. A distance between
two sets has a second yardstick, the excess over the null: see :mod:`synthuterus_bench.metrics.permutation`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Floor, Interval
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.stats import exceedance, percentile_interval

Rows = NDArray[np.int64]
Values = Callable[[Sequence[Rows], Rows], NDArray[np.float64]]
"""Of several groups of synthetic rows, each against the same held-out rows: (groups,)."""

FLOOR_METHOD = "real against real: patient-disjoint relabellings at the same sizes, 95 % of them"


class Need(StrEnum):
    """What a metric is computed from; one array of a feature bank each."""

    EMBEDDER = "embedder"
    CODES = "embedder-codes"
    INCEPTION_64 = "inception-64"
    INCEPTION_192 = "inception-192"
    INCEPTION_768 = "inception-768"
    INCEPTION_2048 = "inception-2048"
    SWAV = "swav"
    RESNET18 = "resnet18"
    LPIPS = "lpips-alex"
    ANATOMY = "anatomy"


NO_WHOLE = (Need.LPIPS, Need.ANATOMY)
"""Distances between images and verdicts on one image, which features of several slices side by side have none of."""


class Features:
    """Rows of one array of a feature bank, and what several metrics make of them once."""

    def __init__(self, rows: NDArray[np.floating]) -> None:
        self.rows = rows

    @cached_property
    def gram(self) -> Gram:
        """Inner products of all pairs of rows."""
        return Gram.of(self.rows)


@dataclass(frozen=True, slots=True)
class Relabelling:
    """Real images dealt anew by patient.

    ``real`` stands for the held-out ones; ``train`` and ``fake`` are of the other patients, as many images of those as
    there are training and synthetic ones, the same from the first on.
    """

    real: Rows
    fake: Rows
    train: Rows


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of a feature array that are compared with each other.

    ``units`` and ``strata`` have one number a row of the whole array: images of one patient share the first, those of
    one class the second. ``permutations`` of the pooled images are drawn for a test against chance; none for 0.
    ``mixed`` says that images of all classes are pooled as one stratum, as nobody asked them to have a class.
    """

    name: str
    fake: Rows
    train: Rows
    test: Rows
    units: NDArray[np.int64]
    strata: NDArray[np.int64]
    null: tuple[Relabelling, ...]
    permutations: int = 0
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Excess:
    """A distance against what chance gives: its value on one image a patient, and the mean over permutations of those.

    ``p_value`` says how often a permutation is at least as far apart.
    """

    value: float
    mean: float
    p_value: float
    permutations: int
    n_real: int
    n_fake: int

    @property
    def excess(self) -> float:
        """How much of the value chance does not explain; around 0 for a perfect generator."""
        return self.value - self.mean


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value with its interval, and its floor from the values ``null`` of the relabellings."""

    value: float
    n_real: int
    n_fake: int
    null: NDArray[np.float64]
    interval: Interval | None = None
    excess: Excess | None = None

    @property
    def floor(self) -> Floor:
        """Mean of the null and the interval that holds 95 % of it."""
        low, high = percentile_interval(self.null)
        return Floor(value=float(self.null.mean()), low=low, high=high, method=FLOOR_METHOD)


@dataclass(frozen=True, slots=True)
class Judge:
    """A metric of many groups of synthetic rows of one scope, whose ``fake`` holds the rows of all of them.

    Attributes:
        values: every image has a patient of its own.
        hits: of a share, whether each row of the feature array counts, (rows,).
        span: low and high end of one group's value, where the metric has bounds of its own, and what they are.
        taken: the rows of a group that count beside the held-out ones, where not all do.
    """

    values: Values
    hits: NDArray[np.bool_] | None = None
    span: Callable[[Rows, Rows], Interval] | None = None
    taken: Callable[[Rows, Rows], Rows] = lambda group, _: group


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``low`` and ``high`` bound every value it can take; None where there is no bound.

    ``direction`` says what is better; of a value that can be wrong on both sides, ``none``. ``measure`` raises
    ``TooFewError`` where a scope holds too few images or patients for it; so does ``judge``, which measures two
    submissions and whatever their images are exchanged to. What is ``by_class`` pairs or weighs images by their class,
    so that it is another quantity where a scope is mixed.
    """

    name: str
    need: Need
    direction: Literal["lower", "higher", "none"]
    measure: Callable[[Features, Scope], Measurement]
    judge: Callable[[Features, Scope], Judge]
    low: float | None = None
    high: float | None = None
    params: dict[str, str | int | float | bool] = field(default_factory=dict)
    by_class: bool = False

    def params_in(self, scope: Scope) -> dict[str, str | int | float | bool]:
        """What tells the quantity from others of its name."""
        return self.params | ({"strata": "one"} if self.by_class and scope.mixed else {})

    def p_value(self, measured: Measurement) -> float:
        """How often a relabelling of real images looks at least as bad; without a direction, is at least as odd."""
        if self.direction == "none":
            centre = measured.null.mean()
            return exceedance(np.abs(measured.null - centre) >= abs(measured.value - centre))
        sign = 1 if self.direction == "lower" else -1
        return exceedance(sign * measured.null >= sign * measured.value)

    def within(self, value: float) -> bool:
        """Whether ``value`` is finite and inside the bounds."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return bool(np.isfinite(value) and low <= value <= high)
