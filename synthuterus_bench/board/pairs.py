"""How sure the difference of two entries is: from a paired comparison of their images where there is one, else from
their intervals.

Intervals are taken as independent, as ``compare`` takes them for two entries: they share the real images, so that this
errs to the careful side.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.comparison.record import LEVEL, Comparison, Row
from synthuterus_bench.board.amounts import odd_level, too_small
from synthuterus_bench.board.entries import MAX_FAULTS, FaultyError, read_file
from synthuterus_bench.entry import Interval
from synthuterus_bench.look.text import one_line
from synthuterus_bench.repro import canonical_json

Floats = NDArray[np.float64]
ROUNDED = 2e-5
"""More than rounding to six significant digits moves a difference by, against the largest of its numbers."""


@dataclass(frozen=True)
class Measured:
    """A value with its interval, and the digest of the images it is of."""

    value: float
    interval: Interval
    manifest: str

    @property
    def width(self) -> float:
        """Of the interval, as one of 95 %."""
        return (self.interval.high - self.interval.low) / _quantile(self.interval.level) * _quantile(0.95)


@dataclass(frozen=True)
class Paired:
    """What a paired comparison found of two sets of images: first less second, and its two-sided p-value."""

    first: str
    second: str
    difference: float
    p_value: float


def load_comparisons(folder: Path) -> list[Comparison]:
    """Every record of ``compare`` in a folder, by file name.

    Raises:
        FaultyError: as for entries; or a number in one is none that is measured.
    """
    return [read_comparison(path) for path in sorted(folder.glob("*.json"))]


def read_comparison(path: Path) -> Comparison:
    """Read and validate a record of ``compare``; the file is untrusted.

    Raises:
        FaultyError: see :func:`load_comparisons`.
    """
    found = read_file(path, Comparison)
    faults = [f"{row.metric} {row.scope}: {what}" for row in found.rows for what in _odd(row)]
    if found.first.manifest_sha256 == found.second.manifest_sha256:
        faults.insert(0, "compares images with themselves")
    if faults:
        raise FaultyError(path, [one_line(fault) for fault in faults[:MAX_FAULTS]])
    return found


def _odd(row: Row) -> Iterator[str]:
    yield from odd_level(row.ci)
    if row.p_value is not None and not 0 <= row.p_value <= 1:
        yield f"p-value {row.p_value:g}, expected 0 to 1"
    for name, value in (("first", row.first), ("second", row.second), ("difference", row.difference)):
        yield from too_small(name, value)
    if row.ci is not None:
        yield from too_small("interval width", row.ci.high - row.ci.low)
    values = [0.0 if value is None else value for value in (row.first, row.second, row.difference)]
    if abs(values[0] - values[1] - values[2]) > ROUNDED * max(map(abs, values)):
        yield f"difference {values[2]:g}, expected first less second, {values[0] - values[1]:g}"


def paired_of(
    comparisons: Iterable[Comparison], digests: tuple[str, str], metric: str, params: str, scope: str
) -> list[Paired]:
    """Paired tests of one metric in one scope.

    Args:
        digests: of protocol and reference.
        params: canonical JSON of the metric's parameters.
    """
    return [
        Paired(one.first.manifest_sha256, one.second.manifest_sha256, row.difference, _p_of(row, row.difference))
        for one in comparisons
        if one.paired and (one.protocol_digest, one.reference_digest) == digests
        for row in one.rows
        if (row.metric, canonical_json(row.params), row.scope) == (metric, params, scope)
        and row.difference is not None
        and row.ci is not None
    ]


def _p_of(row: Row, difference: float) -> float:
    """By the interval of the difference, which exchanges of images are too few to replace; they can only refute it."""
    assert row.ci is not None
    mine = _tail(difference, difference - row.ci.low if difference > 0 else row.ci.high - difference, row.ci.level)
    return mine if row.p_value is None or row.p_value <= LEVEL else max(mine, row.p_value)


def _quantile(level: float) -> float:
    """Half the width of a central interval of the normal distribution, in standard deviations."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def _tail(difference: float, half: float, level: float) -> float:
    if half <= 0:
        return 1.0 if not difference else 0.0
    return math.erfc(abs(difference) / half * _quantile(level) / math.sqrt(2))


def p_values(measured: Sequence[Measured], paired: Iterable[Paired] = ()) -> Floats:
    """Two-sided p-values of all pairs: (n, n), symmetric, 1 on the diagonal.

    By intervals as ``bench/comparison/entries.py``: the half of the difference's interval towards 0 (MOVER), as that of
    a normal distribution. A paired test takes the place of that of its two entries; one that disagrees with the
    entries about the sign says that they cannot be told apart.
    """
    from scipy.special import erfc

    values = np.array([one.value for one in measured])
    quantiles = np.array([_quantile(one.interval.level) for one in measured])
    below = np.maximum(0, values - [one.interval.low for one in measured]) / quantiles
    above = np.maximum(0, [one.interval.high for one in measured] - values) / quantiles
    gap = values[None, :] - values[:, None]
    spread = np.where(gap > 0, np.hypot(above[:, None], below[None, :]), np.hypot(below[:, None], above[None, :]))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(gap == 0, 1.0, erfc(np.abs(gap) / spread / math.sqrt(2)))
    return _with_pairs(np.asarray(found, np.float64), measured, paired)


def _with_pairs(found: Floats, measured: Sequence[Measured], paired: Iterable[Paired]) -> Floats:
    homes: dict[str, list[int]] = {}
    for place, one in enumerate(measured):
        homes.setdefault(one.manifest, []).append(place)
    for test in paired:
        for i in homes.get(test.first, ()):
            for j in homes.get(test.second, ()):
                agree = test.difference * (measured[i].value - measured[j].value) > 0
                found[i, j] = found[j, i] = test.p_value if agree else 1.0
    return found
