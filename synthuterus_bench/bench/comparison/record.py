"""The record of a comparison: a row for each metric in each scope, and what decided it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.repro import canonical_json, write_atomic
from synthuterus_bench.stats import holm, significant

LEVEL = 0.05
Verdict = Literal["first", "second", "different", "not separable"]
Direction = Literal["lower", "higher", "none"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


class Side(_Frozen):
    """One submission: its name, its digest, and how many of its images of each class were compared."""

    name: str
    manifest_sha256: str
    n_per_class: dict[str, int]


class Row(_Frozen):
    """One metric in one scope.

    Attributes:
        n: images of each side; ``n_real`` held-out images.
        ci: of ``difference``, first less second, without correction.
        p_value: two-sided; ``p_corrected`` by Holm within the row's family.
        verdict: which is better; ``different`` where the metric has no direction.
        test: what the p-value is of; ``exchanges`` how many were drawn, if they were.
    """

    metric: str
    params: dict[str, str | int | float | bool] = {}
    direction: Direction
    scope: str
    n: int
    n_real: int
    status: Literal["ok", "unavailable"] = "ok"
    reason: str | None = None
    first: float | None = None
    second: float | None = None
    difference: float | None = None
    ci: Interval | None = None
    p_value: float | None = None
    p_corrected: float | None = None
    verdict: Verdict | None = None
    test: str | None = None
    exchanges: int | None = None

    @property
    def family(self) -> str:
        """Rows that are corrected together."""
        return POOLED if self.scope == POOLED else "classes"

    def without(self, reason: str) -> "Row":
        """The row of what could not be compared."""
        return self.model_copy(update={"status": "unavailable", "reason": reason[:500]})

    def filled(self, values: tuple[float, float], ci: Interval | None, p_value: float, test: str, **more: int) -> "Row":
        """The row with what was found, in significant digits, before correction."""
        ends = None if ci is None else {"low": significant(ci.low), "high": significant(ci.high)}
        found = {
            "first": significant(values[0]),
            "second": significant(values[1]),
            "difference": significant(values[0] - values[1]),
            "ci": None if ci is None else ci.model_copy(update=ends),
            "p_value": significant(p_value),
            "test": test,
        }
        return self.model_copy(update=found | more)


class Comparison(_Frozen):
    """Everything of one comparison. ``families`` holds how many tests were corrected together."""

    schema_: Literal["synthuterus-comparison/1"] = Field(default="synthuterus-comparison/1", alias="schema")
    suite: str
    version: int
    protocol_digest: str
    reference: str
    reference_digest: str
    first: Side
    second: Side
    paired: bool
    level: float = LEVEL
    families: dict[str, int]
    rows: list[Row]
    notes: list[str] = []
    environment: dict[str, str] = {}

    def save(self, path: Path) -> None:
        """Write canonical JSON, whole or not at all."""
        write_atomic(path, canonical_json(self.model_dump(mode="json", by_alias=True)) + "\n")


def judged(rows: Sequence[Row]) -> tuple[list[Row], dict[str, int]]:
    """The rows with corrected p-values and verdicts, and the size of each family."""
    sizes = Counter(row.family for row in rows if row.p_value is not None)
    corrected: dict[int, float] = {}
    for family in sizes:
        places = [place for place, row in enumerate(rows) if row.family == family and row.p_value is not None]
        corrected |= dict(zip(places, holm([rows[place].p_value or 0.0 for place in places]), strict=True))
    return [_judge(row, corrected.get(place)) for place, row in enumerate(rows)], dict(sizes)


def _judge(row: Row, corrected: float | None) -> Row:
    if corrected is None:
        return row
    return row.model_copy(update={"p_corrected": significant(corrected), "verdict": _verdict(row, corrected)})


def _verdict(row: Row, corrected: float) -> Verdict:
    """A side is better where the corrected p-value is small and the interval is on one side of 0."""
    difference, ci = row.difference or 0.0, row.ci
    if corrected > LEVEL or ci is None or ci.low <= 0 <= ci.high or not difference:
        return "not separable"
    if row.direction == "none":
        return "different"
    return "first" if (difference < 0) is (row.direction == "lower") else "second"
