"""What controls were found to be, cell by cell: a value, what is allowed by the written bound, and the verdict."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from synthuterus_bench.bench.controls.bounds import Rule, Where
from synthuterus_bench.repro import canonical_json, write_atomic

SCHEMA: Literal["synthuterus-controls/1"] = "synthuterus-controls/1"
Verdict = Literal["holds", "fails", "no claim", "unavailable"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


class Cell(_Frozen):
    """One metric on one control, pooled or as the mean over classes.

    ``low`` and ``high`` are the ends of what is allowed, None for no end; ``values`` what alone is allowed.
    """

    control: str
    metric: str
    regime: str | None
    where: Where
    rule: Rule
    why: str
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()
    reason: str | None = None

    @property
    def row(self) -> tuple[str, str | None, Where]:
        """What it has in common with the same metric on other controls."""
        return self.metric, self.regime, self.where


class ControlReport(_Frozen):
    """All cells of one suite on one reference; ``images`` of each control."""

    schema_: Literal["synthuterus-controls/1"] = Field(default=SCHEMA, alias="schema")
    suite: str
    protocol_digest: str
    reference: str
    reference_digest: str
    bounds_version: int
    images: int
    controls: dict[str, str]
    cells: tuple[Cell, ...]
    environment: dict[str, str]

    def find(self, control: str, metric: str, where: Where = "pooled", regime: str | None = None) -> Cell:
        """One cell."""
        row = (metric, regime, where)
        return next(cell for cell in self.cells if (cell.control, cell.row) == (control, row))

    def having(self, verdict: Verdict) -> list[Cell]:
        """The cells of one verdict."""
        return [cell for cell in self.cells if cell.verdict == verdict]

    def save(self, path: Path) -> None:
        """Write canonical JSON, whole or not at all."""
        write_atomic(path, canonical_json(self.model_dump(mode="json", by_alias=True)) + "\n")
