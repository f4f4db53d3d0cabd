"""The paper's claims, two measured generators at a time: which numbers stand apart, and how each claim fell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from synthuterus_bench.generators.measured import Measured, Value, load_measured
from synthuterus_bench.generators.trained import TrainingRecord, load_record
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.stats import difference_interval, wilson_interval

DISTANCES = ("fd-embedder", "kid-embedder", "precision-embedder", "recall-embedder", "irs-adjusted")
CONDITIONS = ("class", "field strength", "sequence")


@dataclass(frozen=True, slots=True)
class Claim:
    """That generator ``first`` is better than ``second``."""

    name: str
    first: str
    second: str


CLAIMS = (
    Claim("Class and text against class", "ddpm2d-ct-roi", "ddpm2d-class-roi"),
    Claim("Class and text against nothing told", "ddpm2d-ct-roi", "ddpm2d-uncond-roi"),
    Claim("Class against nothing told", "ddpm2d-class-roi", "ddpm2d-uncond-roi"),
    Claim("Region of interest against full view", "ddpm2d-ct-roi", "ddpm2d-ct-full"),
    Claim("Volumes against images", "ddpm3d-ct-roi", "ddpm2d-ct-roi"),
    Claim("Pixels against latents", "ddpm2d-ct-roi", "ldm2d-ct-roi"),
)


@dataclass(frozen=True)
class Model:
    """A generator that was measured, with the record of its training."""

    measured: Measured
    record: TrainingRecord


class Fall(StrEnum):
    """How a number falls between two generators."""

    FIRST = "the first is better"
    SECOND = "the second is better"
    NEITHER = "not separable"
    UNTESTED = "no interval, so not tested"
    APART = "not comparable"
    LACKING = "not there"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one generator: a value, or ``hits`` of ``trials``; ``ceiling`` is what fresh phantom images get."""

    value: Value
    ceiling: Value | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One number of both, their difference (value, low, high) and how it falls; ``why`` where that needs a word."""

    name: str
    first: Figure | None
    second: Figure | None
    fall: Fall
    difference: tuple[float, float, float] | None = None
    why: str = ""


@dataclass(frozen=True)
class Trial:
    """A claim and its rows; ``missing`` are the ids of generators that were not measured."""

    claim: Claim
    rows: list[Row] = field(default_factory=list)
    missing: tuple[str, ...] = ()

    def named(self, fall: Fall) -> list[Row]:
        """The rows that fall so."""
        return [row for row in self.rows if row.fall is fall]


def find_model(*folders: Path) -> Model | None:
    """Measurements and record of the first of ``folders`` that has them; None where none has.

    A pipeline folder has them, and so has what is kept of one that is too large to ship.
    """
    for folder in folders:
        if folder.is_dir() and (measured := load_measured(folder)):
            return Model(measured, load_record(folder))
    return None


def try_claim(claim: Claim, models: Mapping[str, Model | None]) -> Trial:
    """Put the numbers of both side by side."""
    first, second = models.get(claim.first), models.get(claim.second)
    if first is None or second is None:
        lacking = [name for name in (claim.first, claim.second) if models.get(name) is None]
        return Trial(claim, missing=tuple(lacking))
    pair = first.measured, second.measured
    rows = [
        _row("anatomy valid", pair, _valid, _same_judge),
        _row("anatomy as asked", pair, _agreement, _same_judge),
        *(_row(f"{name} found", pair, _found(name), _same_reader) for name in CONDITIONS),
        *(_row(name, pair, _measure(name), _same_sets, METRICS[name].direction == "lower") for name in DISTANCES),
        _row("rejected by the filter", pair, _rejected, _same_filter, lower=True),
    ]
    return Trial(claim, rows)


Pair = tuple[Measured, Measured]


def _row(
    name: str,
    pair: Pair,
    tell: Callable[[Measured], Figure | None],
    comparable: Callable[[Pair], str],
    lower: bool = False,
) -> Row:
    first, second = (tell(one) for one in pair)
    if first is None or second is None:
        return Row(name, first, second, Fall.LACKING)
    if why := comparable(pair):
        return Row(name, first, second, Fall.APART, why=why)
    ends = [_ends(one.value) for one in (first, second)]
    if ends[0] is None or ends[1] is None:
        return Row(name, first, second, Fall.UNTESTED)
    difference = difference_interval(ends[0], ends[1])
    return Row(name, first, second, _fall(difference, lower), difference)


def _fall(difference: tuple[float, float, float], lower: bool) -> Fall:
    _, low, high = difference
    if low <= 0 <= high:
        return Fall.NEITHER
    return Fall.FIRST if (high < 0) == lower else Fall.SECOND


def _ends(value: Value) -> tuple[float, float, float] | None:
    return None if value.low is None or value.high is None else (value.value, value.low, value.high)


def _same_judge(pair: Pair) -> str:
    return "" if pair[0].localiser_sha256 == pair[1].localiser_sha256 else "judged by different localisers"


def _same_reader(pair: Pair) -> str:
    return "" if pair[0].reader_sha256 == pair[1].reader_sha256 else "read by different readers"


def _same_filter(pair: Pair) -> str:
    one, two = ((each.embedder_sha256, each.reference_digest) for each in pair)
    return "" if one == two else "different filters, each with the training images of its cohort"


def _same_sets(pair: Pair) -> str:
    """Distances, and shares of neighbours, depend on the cohort and on the sizes of both sets."""
    one, two = pair
    if one.embedder_sha256 != two.embedder_sha256:
        return "features of different embedders"
    if one.reference_digest != two.reference_digest:
        return "against different cohorts, of other view or shape"
    if (one.samples, one.reference_images) != (two.samples, two.reference_images):
        return "sets of different sizes"
    return ""


def _valid(one: Measured) -> Figure | None:
    rows = {row.pictures: row for row in one.anatomy}
    real = rows.get("fresh phantom images")
    found = rows.get("samples")
    return _of(found.valid, found.images, real.valid if real else None) if found else None


def _agreement(one: Measured) -> Figure | None:
    rows = {row.pictures: row for row in one.anatomy}
    found, real = rows.get("samples"), rows.get("fresh phantom images")
    return _of(found.agreement, found.images, real.agreement if real else None) if found and found.agreement else None


def _found(name: str) -> Callable[[Measured], Figure | None]:
    def tell(one: Measured) -> Figure | None:
        rows = [row for row in one.conditions if row.condition == name and row.value is None]
        return _of(rows[0].share, rows[0].samples, rows[0].real) if rows else None

    return tell


def _measure(name: str) -> Callable[[Measured], Figure | None]:
    return lambda one: Figure(one.values[name]) if name in one.values else None


def _rejected(one: Measured) -> Figure | None:
    return _of(Value(value=one.rejected / one.candidates), one.candidates, None) if one.candidates else None


def _of(share: Value, trials: int, ceiling: Value | None) -> Figure:
    """A share with its Wilson interval from whole numbers, as what is stored was rounded."""
    hits = round(share.value * trials)
    low, high = wilson_interval(hits, trials)
    return Figure(Value(value=hits / trials, low=low, high=high), ceiling)
