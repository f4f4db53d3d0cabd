"""Results as a table to read: one column or row a metric, one cell a scope, each with interval, floor or reason.

Two results are the same metric only when their parameters (extractor, layer, weights, resize, ...) are equal too.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from synthuterus_bench.bench.digits import Digits, digits_of
from synthuterus_bench.bench.taught import AUC, BALANCED, BORDER, F1, F1_ADDED, F1_GAIN, FIELD, GAP, MASKED
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.vocab import CLASSES, Plane

POOLED = "pooled"
REGIME = "regime"
PROBE = "probe-"
CHANCE = "guessing"
REGIMES = ("supervised", "pretrained", "labels-10", "k-means")
SCOPES = (POOLED, *CLASSES)
TITLES = {
    "kid-embedder": "Embedder KID",
    "fd-embedder": "Embedder FD",
    "fid": "FID",
    "fid-64": "FID 64",
    "fid-192": "FID 192",
    "fid-768": "FID 768",
    "fid-2048": "FID 2048",
    "kid-64": "KID 64",
    "kid-192": "KID 192",
    "kid-768": "KID 768",
    "kid-2048": "KID 2048",
    "fd-swav": "SwAV FD",
    "kid-swav": "SwAV KID",
    "fd-resnet18": "ResNet-18 FD",
    "kid-resnet18": "ResNet-18 KID",
    "lpips": "LPIPS",
    "lpips-nearest": "Nearest LPIPS",
    "lpips-diversity": "LPIPS diversity",
    "irs-adjusted": "Adjusted IRS",
    "irs-infinity": "IRS",
    "precision-embedder": "Precision",
    "recall-embedder": "Recall",
    "density-embedder": "Density",
    "coverage-embedder": "Coverage",
    "authpct-embedder": "Authenticity",
    "ct-embedder": "C_T",
    "anatomy-valid": "Valid anatomy",
    "anatomy-agreement": "Orientation agreement",
    "anatomy-plausible": "Plausible uterus",
    F1: "Macro-F1",
    F1_GAIN: "Macro-F1 gain",
    F1_ADDED: "Macro-F1 added to real",
    BALANCED: "Balanced accuracy",
    AUC: "AUC",
    GAP: "Anatomy gap",
    MASKED: "Macro-F1, uterus hidden",
    BORDER: "Macro-F1, border alone",
    FIELD: "Macro-F1, field strength",
}
_ARROWS = {"lower": ("↓", "lower is better"), "higher": ("↑", "higher is better"), "none": ("", "no direction")}


@dataclass(frozen=True)
class Column:
    """A metric with its parameters; ``detail`` tells apart metrics of one name."""

    metric: str
    params: str
    direction: str
    name: str
    detail: str
    digits: Digits

    @property
    def title(self) -> str:
        """What heads the column, with the power of ten of its numbers."""
        return self.name + self.digits.label

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return _ARROWS[self.direction][0]

    @property
    def direction_words(self) -> str:
        """Which way is better, in words."""
        return _ARROWS[self.direction][1]


@dataclass(frozen=True)
class Cell:
    """One result, ready to print. ``sort`` is the bare value, None when there is none."""

    status: str
    value: str = ""
    interval: str = ""
    floor: str = ""
    reason: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class Row:
    """One metric of one entry, cell by cell in the order of the table's scopes."""

    column: Column
    cells: tuple[tuple[str, Cell | None], ...]

    @property
    def nowhere(self) -> Cell | None:
        """The one cell to print when no scope has a value and all give the same reason."""
        first = self.cells[0][1]
        same = all(cell == first for _, cell in self.cells)
        return first if same and first is not None and first.status != "ok" else None


@dataclass(frozen=True)
class Table:
    """All results of one entry."""

    scopes: tuple[str, ...]
    rows: tuple[Row, ...]


def key_of(result: Result) -> tuple[str, str]:
    """What makes two results comparable: the metric and all its parameters."""
    return result.metric, _as_text(tuple((name, type(value), value) for name, value in sorted(result.params.items())))


@lru_cache(maxsize=4096)
def _as_text(params: tuple[tuple[str, type, Any], ...]) -> str:
    """Canonical JSON of parameters; their types are given because 1, 1.0 and True are equal."""
    return canonical_json({name: value for name, _, value in params})


def columns(results: Iterable[Result]) -> list[Column]:
    """The metrics among ``results``: those with a title in their order, then the others by name.

    A result without a value does not know its extractor; it makes no column where it belongs into that of another
    result. Regimes and planes come in their order.
    """
    every = list(results)
    keyed = [(key_of(result), result) for result in every]
    known = {key: result for key, result in keyed if result.value is not None}
    lacking = {key: result for key, result in keyed if result.value is None}
    measured = [*known.values()]
    known |= {key: one for key, one in lacking.items() if not any(_covers(other, one) for other in measured)}
    alike: dict[tuple[str, str], list[Result]] = {key: [] for key in known}
    for key, result in keyed:
        alike.get(key, []).append(result)
    order = [*TITLES]
    keys = sorted(
        known,
        key=lambda key: (
            order.index(key[0]) if key[0] in TITLES else len(order),
            _regime(known[key]),
            plane_order(known[key].params),
            key,
        ),
    )
    return [
        Column(*key, known[key].direction, TITLES.get(key[0], key[0]), _detail(known, *key), digits_of(alike[key]))
        for key in keys
    ]


def _covers(measured: Result, other: Result) -> bool:
    return measured.metric == other.metric and other.params.items() <= measured.params.items()


def _regime(result: Result) -> int:
    regime = result.params.get(REGIME)
    return REGIMES.index(str(regime)) if regime in REGIMES else len(REGIMES)


def plane_order(params: Mapping[str, Any]) -> int:
    """Volumes by all planes together come first, then by one plane, the sagittal one before others."""
    planes = [*Plane]
    return 1 + planes.index(params["plane"]) if params.get("plane") in planes else 0


def _detail(known: dict[tuple[str, str], Result], metric: str, params: str) -> str:
    """What tells a metric from others of its name, and for a probe what guessing would get."""
    mine = known[metric, params].params
    parts = [_difference(known, metric, params)]
    if metric.startswith(PROBE) and CHANCE in mine:
        parts.append(f"chance {digits_of([]).text(float(mine[CHANCE]))}")
    return ", ".join(part for part in parts if part)


def _difference(known: dict[tuple[str, str], Result], metric: str, params: str) -> str:
    """One parameter if one is enough, else all that differ."""
    mine = known[metric, params].params
    rivals = [result.params for key, result in known.items() if key[0] == metric and key[1] != params]
    if not rivals:
        return ""
    differing = [name for name in sorted(mine, key=_plainest) if any(rival.get(name) != mine[name] for rival in rivals)]
    alone = [name for name in differing if all(rival.get(name) != mine[name] for rival in rivals)]
    if alone:
        return _brief(alone[0], mine[alone[0]])
    return ", ".join(_brief(name, mine[name]) for name in differing) or "no parameters"


def _plainest(name: str) -> tuple[bool, str]:
    return name not in (REGIME, "plane", "slices"), name


def _brief(name: str, value: Any) -> str:
    text = str(value)
    text = text[:12] if len(text) == 64 else text
    return (text if name in (REGIME, "slices") else f"{name.removesuffix('_sha256')} {text}")[:40]


def cell(result: Result | None, digits: Digits) -> Cell | None:
    """A result as text, or None when it was never measured."""
    if result is None:
        return None
    if result.value is None:
        return Cell(result.status, reason=result.reason or "no reason given")
    interval = digits.span(result.ci.low, result.ci.high) if result.ci else ""
    return Cell("ok", digits.text(result.value), interval, _floor(result, digits), sort=result.value)


def _floor(result: Result, digits: Digits) -> str:
    floor = result.floor
    if floor is None:
        return ""
    if floor.low is None or floor.high is None:
        return digits.text(floor.value)
    return digits.span(floor.low, floor.high)


def by_column(results: Iterable[Result], column: Column) -> list[Result]:
    """The results of one column: of equal parameters, or without a value and of no other parameters."""
    return [result for result in results if _belongs(result, column)]


def _belongs(result: Result, column: Column) -> bool:
    if result.metric != column.metric:
        return False
    if result.value is not None:
        return key_of(result)[1] == column.params
    return result.params.items() <= json.loads(column.params).items()


def by_scope(results: Iterable[Result], column: Column) -> dict[str, Result]:
    """The results of one column of one entry, by scope; one with a value goes before one without."""
    found = sorted(by_column(results, column), key=lambda result: result.value is not None)
    return {result.scope: result for result in found}


def placed(results: Iterable[Result], wanted: Iterable[Column]) -> list[dict[str, Result]]:
    """The results of one entry by scope, for each of the columns."""
    by_metric: dict[str, list[Result]] = {}
    for result in results:
        by_metric.setdefault(result.metric, []).append(result)
    return [by_scope(by_metric.get(column.metric, ()), column) for column in wanted]


def entry_table(entry: Entry) -> Table:
    """Every result of an entry: metrics down, pooled and orientations across."""
    found = columns(entry.results)
    return table_of(entry, found, placed(entry.results, found))


def table_of(entry: Entry, found: Sequence[Column], places: Sequence[dict[str, Result]]) -> Table:
    """:func:`entry_table` of an entry whose columns and whose results in them are known."""
    present = {result.scope for result in entry.results}
    scopes = (*(scope for scope in SCOPES if scope in present), *sorted(present - set(SCOPES)))
    return Table(scopes, tuple(_row(*pair, scopes) for pair in zip(found, places, strict=True)))


def _row(column: Column, found: dict[str, Result], scopes: tuple[str, ...]) -> Row:
    return Row(column, tuple((scope, cell(found.get(scope), column.digits)) for scope in scopes))
