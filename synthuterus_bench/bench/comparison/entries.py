"""Two entries without their images: what their intervals tell, a weaker comparison than that of the images.

The difference has the interval that follows from two independent ones (``stats.difference_interval``), and the p-value
is that of a normal distribution as wide. Both were measured on the same held-out patients, so they agree more than
that: it errs to the careful side.
"""

import math
from statistics import NormalDist

from synthuterus_bench.bench.comparison.record import Comparison, Row, Side, judged
from synthuterus_bench.bench.table import key_of
from synthuterus_bench.bench.taught import F1_GAIN
from synthuterus_bench.entry import Entry, Interval, Result
from synthuterus_bench.errors import EntryError
from synthuterus_bench.stats import difference_interval

TEST = "two intervals, unpaired"
SAME = (F1_GAIN,)
"""Differs from another metric by a constant."""


def compare_entries(first: Entry, second: Entry) -> Comparison:
    """Compare every metric that both have with equal parameters.

    Raises:
        EntryError: not of one protocol and reference, or one and the same images.
    """
    _check(first, second)
    theirs = {(key_of(result), result.scope): result for result in second.results}
    pairs = [(mine, theirs.get((key_of(mine), mine.scope))) for mine in first.results if mine.metric not in SAME]
    rows, families = judged([_row(mine, other) for mine, other in pairs])
    suite = first.suite
    return Comparison(
        suite=suite.id,
        version=suite.version,
        protocol_digest=suite.protocol_digest,
        reference=suite.reference,
        reference_digest=suite.reference_digest,
        first=_side(first),
        second=_side(second),
        paired=False,
        families=families,
        rows=rows,
        notes=["of entries only intervals are compared: hand in both folders of images for a paired test"],
    )


def _check(first: Entry, second: Entry) -> None:
    for what, one, two in (
        ("protocols", first.suite.protocol_digest, second.suite.protocol_digest),
        ("references", first.suite.reference_digest, second.suite.reference_digest),
    ):
        if one != two:
            raise EntryError(f"entries of different {what}: found {one[:12]} and {two[:12]}, expected one digest")
    if first.dataset.manifest_sha256 == second.dataset.manifest_sha256:
        raise EntryError(f"both entries are of images {first.dataset.manifest_sha256[:12]}, expected two submissions")


def _side(entry: Entry) -> Side:
    counts = entry.dataset.n_per_class
    return Side(name=entry.generator.name, manifest_sha256=entry.dataset.manifest_sha256, n_per_class=counts)


def _row(mine: Result, other: Result | None) -> Row:
    names = ("metric", "params", "direction", "scope", "n_real")
    row = Row(n=mine.n_fake, **{name: getattr(mine, name) for name in names})
    if mine.value is None:
        return row.without(f"first: {mine.status}, {mine.reason}")
    if other is None or other.value is None:
        return row.without(
            f"second: {other.status}, {other.reason}" if other else "not in the second with equal parameters"
        )
    if (mine.n_fake, mine.n_real) != (other.n_fake, other.n_real):
        counts = f"{mine.n_fake} and {other.n_fake} synthetic, {mine.n_real} and {other.n_real} real"
        return row.without(f"found {counts} images, expected as many on both sides")
    if mine.ci is None or other.ci is None or mine.ci.level != other.ci.level:
        return row.without("no interval of equal level on both sides")
    return _filled(row, mine.value, mine.ci, other.value, other.ci)


def _filled(row: Row, mine: float, ours: Interval, other: float, theirs: Interval) -> Row:
    difference, low, high = difference_interval((mine, ours.low, ours.high), (other, theirs.low, theirs.high))
    ci = Interval(low=low, high=high, level=ours.level, method=f"difference of {ours.method}", unit=ours.unit)
    return row.filled((mine, other), ci, _p_value(difference, low, high, ours.level), TEST)


def _p_value(difference: float, low: float, high: float, level: float) -> float:
    """Two-sided, from the half of the interval towards 0."""
    half = difference - low if difference > 0 else high - difference
    if not half:
        return 1.0 if not difference else 0.0
    normal = NormalDist()
    return math.erfc(abs(difference) / half * normal.inv_cdf(0.5 + level / 2) / math.sqrt(2))
