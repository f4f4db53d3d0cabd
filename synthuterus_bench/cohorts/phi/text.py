"""Text files: identifying keys of JSON, identifying columns of tables, absolute paths anywhere."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from io import TextIOWrapper
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from synthuterus_bench.cohorts.phi.ps315 import actions
from synthuterus_bench.cohorts.phi.record import Finding, Kind

EXTRA_KEYS = {"ProcedureStepDescription"}
"""What dcm2niix calls PerformedProcedureStepDescription; its other keys are DICOM keywords."""

_COLUMNS = """
    name surname firstname lastname initials mrn ssn address street city zip phone email dob birthdate birthday
    dateofbirth age sex gender weight height ethnicity acqtime scandate examdate studydate hospital institution
    physician radiologist
"""
COLUMNS = frozenset(_COLUMNS.split())
"""Columns of tables that speak of a person, place or time, without case and underscores."""

_EMPTY = {"", "n/a", "na", "nan", "none", "null", "[]", "{}"}
_PATH = re.compile(
    r"""(?:^|(?<=[\s"'=(\[,;<>`|]))(?:file://\S+|~[\w.-]*/\S+|/(?!/)(?:[^\s/"'<>|:]+/)+[^\s"'<>|]*"""
    r"""|[A-Za-z]:[\\/][^\s"'<>|]+|\\\\[\w.$-]+\\[^\s"'<>|]+)"""
)


@cache
def _keys() -> frozenset[str]:
    return frozenset(actions()) | EXTRA_KEYS


@cache
def _columns() -> frozenset[str]:
    return frozenset(plain(key) for key in _keys()) | COLUMNS


def plain(column: str) -> str:
    """A column's name without case, spaces and underscores."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def is_identifying(column: str) -> bool:
    """Whether a table's column is called like a DICOM attribute of the profile or speaks of a person."""
    return plain(column) in _columns()


def is_empty(value: Any) -> bool:
    """Whether a value says nothing."""
    return value is None or str(value).strip().lower() in _EMPTY


def find_paths(text: str, file: str, keyword: str) -> Iterator[Finding]:
    """Absolute paths in a text: POSIX with two parts or more, of a home, Windows, UNC, and file URLs."""
    for found in _PATH.finditer(text):
        yield Finding(file, Kind.PATH, keyword, found.group())


def find_text(stream: BinaryIO, file: str) -> Iterator[Finding]:
    """What a UTF-8 text file holds, by its name: JSON, JSON lines, a table, or any other text.

    Raises:
        ValueError: it is no UTF-8, or no JSON although it is called so.
    """
    lines = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    suffix = PurePosixPath(file.lower().removesuffix(".gz")).suffix
    if suffix == ".json":
        yield from find_json(json.load(lines), file)
    elif suffix == ".jsonl":
        for line in lines:
            yield from find_json(json.loads(line), file) if line.strip() else ()
    elif suffix in (".csv", ".tsv"):
        yield from _table(csv.DictReader(lines, delimiter="\t" if suffix == ".tsv" else ","), file)
    else:
        for line in lines:
            yield from find_paths(line, file, suffix or "text")


def find_json(value: Any, file: str, key: str = "") -> Iterator[Finding]:
    """Identifying keys at any depth, and absolute paths in any string."""
    if key in _keys() and not is_empty(value):
        yield Finding(file, Kind.SIDECAR, key, value if isinstance(value, str) else json.dumps(value))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from find_paths(name, file, "key")
            yield from find_json(inner, file, name)
    elif isinstance(value, list):
        for inner in value:
            yield from find_json(inner, file, key)
    elif isinstance(value, str):
        yield from find_paths(value, file, key or "text")


def _table(rows: Iterable[dict[str, Any]], file: str) -> Iterator[Finding]:
    for row in rows:
        for column, value in row.items():
            name = column or "beyond the columns"
            if is_identifying(name) and not is_empty(value):
                yield Finding(file, Kind.COLUMN, name, str(value))
            else:
                yield from find_paths(str(value), file, name)
