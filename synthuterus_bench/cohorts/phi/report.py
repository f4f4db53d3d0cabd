"""Findings counted by field, as a table for people and as JSON; values masked unless told otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from synthuterus_bench.cohorts.phi.record import Finding, Kind

MOST = 96
"""Characters of a revealed value in the table; JSON has all."""


@dataclass(frozen=True, slots=True)
class Line:
    """All traces in one field: in how many files, and the first of them that shows content."""

    kind: Kind
    keyword: str
    files: int
    first: Finding


def lines_of(found: Iterable[Finding]) -> list[Line]:
    """One line a field, by kind and name."""
    groups: dict[tuple[Kind, str], list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.kind, finding.keyword), []).append(finding)
    order = [*Kind]
    return [
        Line(kind, keyword, len({one.file for one in members}), _telling(members))
        for (kind, keyword), members in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    ]


def _telling(members: list[Finding]) -> Finding:
    return next((one for one in members if one.content), members[0])


def as_text(found: list[Finding], reveal: bool = False) -> str:
    """A table of fields with the number of files and a sample, and a last line with the sum."""
    lines = lines_of(found)
    if not lines:
        return "no traces found"
    head = ("where", "field", "files", "sample" if reveal else "sample (masked)")
    rows = [head, *((line.kind, line.keyword, str(line.files), _sample(line, reveal)) for line in lines)]
    wide = [max(len(row[place]) for row in rows) for place in range(3)]
    table = [f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]}" for row in rows]
    files = len({finding.file for finding in found})
    return "\n".join([*table, "", f"{len(lines)} fields carry traces, in {files} files"])


def as_json(found: list[Finding], reveal: bool = False) -> dict[str, Any]:
    """The same for a program; with ``reveal`` every single value and its file."""
    fields = [
        {"where": line.kind, "field": line.keyword, "files": line.files, "sample": _sample(line, reveal)}
        for line in lines_of(found)
    ]
    every = [{"file": one.file, "where": one.kind, "field": one.keyword, "value": one.value} for one in found]
    return {"fields": fields, "files": len({one.file for one in found})} | ({"findings": every} if reveal else {})


def _sample(line: Line, reveal: bool) -> str:
    if not reveal:
        return line.first.shown
    value = line.first.value
    return f"{value if len(value) <= MOST else value[:MOST] + ' ...'} [{line.first.file}]"
