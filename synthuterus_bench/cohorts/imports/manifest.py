"""A table of scans: ``path`` (relative to the table), ``mask``, and what else is known of each."""

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath

from synthuterus_bench.cohorts.imports.bids import LABEL_COLUMNS, Labels, ScanLabel, label_of, read_table
from synthuterus_bench.cohorts.imports.candidate import Candidate, candidates
from synthuterus_bench.cohorts.imports.finding import NiftiFile, find, root_of
from synthuterus_bench.cohorts.imports.series import Series
from synthuterus_bench.cohorts.imports.verdict import Verdict, refused
from synthuterus_bench.errors import DataError, Refusal, ScanError, UsageError
from synthuterus_bench.progress import Track, silent

SUFFIXES = (".csv", ".tsv")
COLUMNS = ("path", "mask", *LABEL_COLUMNS)


def read_manifest(table: Path, labels: Labels, track: Track) -> tuple[list[Candidate], list[Verdict]]:
    """Candidates of a table's rows, and verdicts against rows that are wrong.

    A path names a NIfTI file, or a folder that holds one DICOM series. What the row says goes before ``labels``, and
    those before what headers say.

    Raises:
        DataError: no readable table, no column ``path``, or a column that is not known.
    """
    names, rows = read_table(table)
    unknown = [name for name in names if name not in COLUMNS]
    if "path" not in names or unknown:
        raise DataError(f"{table}: found columns {', '.join(names)}, expected path and any of {', '.join(COLUMNS[1:])}")
    taken: list[Candidate] = []
    refusals: list[Verdict] = []
    for line, row in track(rows, "look", len(rows)):
        name = row.get("path") or f"{table.name} line {line}"
        try:
            taken.append(_candidate(table, row, f"{table.name} line {line}", labels))
        except DataError as error:
            refusals.append(refused(name, error))
    return taken, refusals


def _candidate(table: Path, row: Mapping[str, str], place: str, labels: Labels) -> Candidate:
    label = label_of(row, place)
    candidate = _found(table.parent / _path(row, "path", place, table.parent), row["path"], place)
    item = candidate.item
    if "mask" in row:
        mask = table.parent / _path(row, "mask", place, table.parent)
        if isinstance(item, Series):
            raise ScanError(f"{place}: found a mask beside DICOM, expected a NIfTI image with it", Refusal.ROW)
        item = replace(item, mask=mask)
    label = _merged(label, labels.of(row["path"], PurePosixPath(row["path"]).name))
    patient, session = label.patient or candidate.patient, label.session or candidate.session
    return replace(candidate, item=item, patient=patient, label=label, session=session)


def _path(row: Mapping[str, str], column: str, place: str, folder: Path) -> str:
    """A cell that names something that exists, even outside the table's folder."""
    text = row.get(column)
    if text is None:
        raise ScanError(f"{place}: found no {column}, expected a file relative to the table", Refusal.ROW)
    if "\0" in text or not os.path.exists(folder / text):
        raise ScanError(f"{place}: found no {column} {text[:200]!r}, expected a file or folder there", Refusal.ROW)
    return text


def _found(path: Path, name: str, place: str) -> Candidate:
    """The one candidate at a path, by the path's name in the table."""
    try:
        found = find(path, silent)
    except UsageError as error:
        raise ScanError(f"{place}: {error.message}", Refusal.ROW) from None
    taken = [*candidates(found, root_of(path), Labels())]
    if not taken and found.refused:
        first = found.refused[0]
        raise ScanError(f"{place}: {first.reason}", first.kind or Refusal.OTHER)
    if len(taken) != 1:
        raise ScanError(f"{place}: found {len(taken)} scans at {name}, expected one", Refusal.ROW)
    (one,) = taken
    if isinstance(one.item, NiftiFile):
        return replace(one, item=replace(one.item, name=name), scan=name, patient=_home(name))
    return replace(one, item=replace(one.item, name=name), scan=name)


def _home(name: str) -> str:
    """The folder a file lies in, or the file itself beside the table."""
    parent = PurePosixPath(name).parent
    return name if parent == PurePosixPath(".") else str(parent)


def _merged(row: ScanLabel, table: ScanLabel) -> ScanLabel:
    """The row, and what it leaves open from the labels."""
    empty, names = ScanLabel(), [one.name for one in fields(ScanLabel)]
    given = {key: getattr(row, key) for key in names if getattr(row, key) != getattr(empty, key)}
    return replace(table, **given)
