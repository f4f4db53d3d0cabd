"""Numbers that papers report and nobody here measured: shown apart, never ranked with measured ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.bench.table import TITLES
from synthuterus_bench.errors import DataError
from synthuterus_bench.look.text import number
from synthuterus_bench.resources import resource


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ReportedRow(_Model):
    """The reported values of one generator in one scope."""

    generator: str = Field(max_length=100)
    dims: Literal[2, 3]
    conditioning: str = Field(max_length=100)
    view: Literal["full", "roi"]
    scope: str = Field(max_length=20)
    values: dict[str, float]


class ReportedNumber(_Model):
    """A number outside the table; with ``metric``, ``regime`` and ``arm`` where one of our results is its like.

    ``readers`` marks the accuracy of a group of readers of a blinded study.
    """

    what: str = Field(max_length=300)
    value: float
    unit: Literal["", "%"] = ""
    metric: str | None = Field(default=None, max_length=60)
    regime: str | None = Field(default=None, max_length=20)
    arm: Literal["real", "submission"] | None = None
    readers: Literal["ai-researcher", "junior-radiologist", "senior-radiologist"] | None = None

    @property
    def plain(self) -> float:
        """The value as a number of our own scale: percentage points as shares."""
        return self.value / 100 if self.unit == "%" else self.value


class Reported(_Model):
    """One paper."""

    schema_: Literal["synthuterus-reported/1"] = Field(alias="schema")
    title: str = Field(max_length=300)
    authors: str = Field(max_length=300)
    link: str = Field(pattern=r"^https://[!-~]+$", max_length=300)
    reference: str = Field(max_length=300)
    notes: list[str] = []
    rows: list[ReportedRow]
    others: list[ReportedNumber] = []


@dataclass(frozen=True)
class ReportedLine:
    """One generator: for each scope the values as (metric, text) pairs."""

    first: ReportedRow
    cells: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class ReportedTable:
    """One paper, ready to print: generators down, scopes across."""

    paper: Reported
    scopes: tuple[str, ...]
    metrics: tuple[str, ...]
    lines: tuple[ReportedLine, ...]


def reported_table(paper: Reported) -> ReportedTable:
    """The rows of a paper by generator, in their order."""
    scopes = tuple(dict.fromkeys(row.scope for row in paper.rows))
    metrics = tuple(dict.fromkeys(TITLES.get(name, name) for row in paper.rows for name in row.values))
    names = dict.fromkeys(row.generator for row in paper.rows)
    return ReportedTable(paper, scopes, metrics, tuple(_line(paper, name, scopes) for name in names))


def _line(paper: Reported, name: str, scopes: tuple[str, ...]) -> ReportedLine:
    rows = {row.scope: row for row in paper.rows if row.generator == name}
    cells = ((scope, _values(rows[scope]) if scope in rows else ()) for scope in scopes)
    return ReportedLine(next(iter(rows.values())), tuple(cells))


def _values(row: ReportedRow) -> tuple[tuple[str, str], ...]:
    return tuple((TITLES.get(name, name), number(value, 2)) for name, value in row.values.items())


def load_reported(folder: Path | None = None) -> list[Reported]:
    """Every paper of a folder, by file name; without one those of the package.

    Raises:
        DataError: a file breaks the schema.
    """
    return [read_reported(path) for path in sorted((folder or resource("leaderboard/reported")).glob("*.json"))]


def read_reported(path: Path) -> Reported:
    """One paper.

    Raises:
        DataError: see :func:`load_reported`.
    """
    try:
        return Reported.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
