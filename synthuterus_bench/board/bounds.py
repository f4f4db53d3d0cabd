"""What a metric's values can be: from the table of metrics, or for results that are none of those by their name."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from synthuterus_bench.metrics.table import METRICS

LARGEST = 1e9
"""No metric, count or setting of an entry is larger; beyond it lies only nonsense."""


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value, and the direction when it is known."""

    low: float
    high: float
    direction: str | None = None


_BY_NAME = (
    ("*-gain", Bounds(-1, 1, "higher")),
    ("*-added", Bounds(-1, 1, "higher")),
    ("anatomy-gap", Bounds(-1, 1, "higher")),
    ("probe-*", Bounds(0, 1, "none")),
    ("macro-f1*", Bounds(0, 1, "higher")),
    ("anatomy-*", Bounds(0, 1, "higher")),
    ("*accuracy*", Bounds(0, 1, "higher")),
    ("auc", Bounds(0, 1, "higher")),
    ("*auc*", Bounds(0, 1)),
    ("fid*", Bounds(0, LARGEST, "lower")),
    ("fd-*", Bounds(0, LARGEST, "lower")),
    ("kid*", Bounds(-LARGEST, LARGEST, "lower")),
    ("lpips*", Bounds(0, LARGEST)),
    ("irs-adjusted*", Bounds(0, LARGEST, "higher")),
    ("irs*", Bounds(0, 1, "higher")),
    ("precision", Bounds(0, 1, "higher")),
    ("recall", Bounds(0, 1, "higher")),
    ("coverage", Bounds(0, 1, "higher")),
)


def bounds_of(metric: str) -> Bounds:
    """The bounds of a metric by its name; unknown names are bound by size alone."""
    known = METRICS.get(metric)
    if known is not None:
        low = -LARGEST if known.low is None else known.low
        return Bounds(low, LARGEST if known.high is None else known.high, known.direction)
    return next((bounds for pattern, bounds in _BY_NAME if fnmatchcase(metric, pattern)), Bounds(-LARGEST, LARGEST))
