"""BIDS: sidecars, subjects and sessions; and tables that say more of scans: ``participants.tsv`` or one's own."""

import csv
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from synthuterus_bench.cohorts.imports.axes import STANDARD_COSINES, Plane, proper
from synthuterus_bench.cohorts.imports.scrub import Facts, snap_field
from synthuterus_bench.errors import DataError, Refusal, ScanError
from synthuterus_bench.vocab import Orientation, Sequence, Split, Vendor

Word = TypeVar("Word", Orientation, Sequence, Split, Vendor)

LABEL_COLUMNS = (
    "orientation",
    "patient",
    "session",
    "figo",
    "split",
    "field_strength",
    "sequence",
    "vendor",
    "contrast",
)
"""What a table may say of a scan."""

PARTICIPANT_COLUMNS = ("orientation", "figo")
"""What is read of ``participants.tsv``, whose other columns may mean anything."""

_FIGO = re.compile(r"[0-8](-[0-8])?( *[;/] *[0-8](-[0-8])?)*")
_ID_COLUMNS = ("id", "path", "participant_id")
_PLANE_WORDS = {
    Plane.SAGITTAL: {"sag", "sagittal"},
    Plane.CORONAL: {"cor", "coronal"},
    Plane.AXIAL: {"ax", "axial", "tra", "trans", "transverse", "transversal"},
}


def stem(path: Path) -> str:
    """A file's name without ``.nii`` or ``.nii.gz``."""
    return re.sub(r"\.nii(\.gz)?$", "", path.name, flags=re.IGNORECASE)


def read_sidecar(image: Path, name: str) -> dict[str, Any]:
    """The JSON beside a NIfTI file, empty if there is none.

    Raises:
        ScanError: it is there but is no JSON object.
    """
    path = image.with_name(stem(image) + ".json")
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        message = f"{name}: found a sidecar that is no JSON ({error}), expected an object"
        raise ScanError(message, Refusal.DAMAGED) from None
    if not isinstance(value, dict):
        found = f"a sidecar holding a {type(value).__name__}"
        raise ScanError(f"{name}: found {found}, expected an object", Refusal.DAMAGED)
    return value


def sidecar_cosines(sidecar: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Direction cosines a sidecar gives, as numbers or by the plane its texts name; ``None`` if neither."""
    given = sidecar.get("ImageOrientationPatientDICOM") or sidecar.get("ImageOrientationPatient")
    numbers = given if isinstance(given, list) else []
    if all(isinstance(one, float | int) and abs(one) < 2 for one in numbers) and proper(numbers):
        return tuple(float(one) for one in numbers)
    plane = plane_named(f"{sidecar.get('SeriesDescription')} {sidecar.get('ProtocolName')}")
    return None if plane is None else STANDARD_COSINES[plane]


def plane_named(text: str) -> Plane | None:
    """The one plane a description names, such as ``t2_tse_sag``."""
    words = set(re.split(r"[^a-z]+", text.lower()))
    named = [plane for plane, names in _PLANE_WORDS.items() if words & names]
    return named[0] if len(named) == 1 else None


def subject_of(relative: PurePosixPath) -> str | None:
    """The ``sub-<label>`` in a path, if there is one."""
    found = re.search(r"(?:^|[/_])(sub-[A-Za-z0-9]+)", str(relative))
    return found.group(1) if found else None


def session_of(relative: PurePosixPath) -> str | None:
    """The ``ses-<label>`` in a path, if there is one."""
    found = re.search(r"(?:^|[/_])(ses-[A-Za-z0-9]+)", str(relative))
    return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class ScanLabel:
    """What a table says of one scan or patient; it goes before what headers and folders say."""

    orientation: Orientation = Orientation.AMBIGUOUS
    patient: str | None = None
    figo: str | None = None
    session: str | None = None
    split: Split | None = None
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True)
class Labels:
    """Rows of a table by the path, name or subject they speak of; FIGO types of UMD by case number."""

    rows: dict[str, ScanLabel] = field(default_factory=dict)
    figo: Mapping[str, str] = field(default_factory=dict)

    def of(self, *keys: str | None) -> ScanLabel:
        """The row of the first key that has one."""
        return next((self.rows[key] for key in keys if key in self.rows), ScanLabel())


def read_labels(path: Path, columns: Collection[str] = LABEL_COLUMNS) -> Labels:
    """A ``.csv`` or ``.tsv``: a column ``id``, ``path`` or ``participant_id``, and any of ``columns``.

    Raises:
        DataError: the table is missing or malformed, or holds a word that its column does not know.
    """
    names, rows = read_table(path)
    keys = [name for name in _ID_COLUMNS if name in names]
    if not keys:
        raise DataError(f"{path}: found columns {names}, expected one of {[*_ID_COLUMNS]}")
    named = [(line, row) for line, row in rows if keys[0] in row]
    return Labels({row[keys[0]]: label_of(row, f"{path} line {line}", columns) for line, row in named})


def read_table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Column names of a ``.csv`` or ``.tsv``, and its rows with their line numbers; cells are stripped.

    Raises:
        DataError: the file is missing or malformed, or names a column twice.
    """
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            names = [*(reader.fieldnames or ())]
            rows = [(reader.line_num, _cells(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable table ({error})") from None
    if len({*names}) < len(names):
        raise DataError(f"{path}: found columns {names}, expected each of them once")
    return names, rows


def _cells(row: Mapping[str | None, Any]) -> dict[str, str]:
    plain = {name: (value or "").strip() for name, value in row.items() if name is not None}
    return {name: value for name, value in plain.items() if value.lower() not in ("", "n/a")}


def label_of(row: Mapping[str, str], place: str, columns: Collection[str] = LABEL_COLUMNS) -> ScanLabel:
    """What the cells of a row say; columns that are not asked for are passed over.

    Raises:
        ScanError: a word that its column does not know.
    """
    cells = {name: value for name, value in row.items() if name in columns}
    tesla = cells.get("field_strength")
    if tesla is not None and snap_field(tesla) is None:
        raise _unknown(place, "field strength", tesla, ["a number of tesla"])
    figo = cells.get("figo")
    if figo is not None and not _FIGO.fullmatch(figo):
        raise _unknown(place, "FIGO type", figo, ["0 to 8", "two of them as 2-5", "several with ; between"])
    return ScanLabel(
        _word(cells, "orientation", Orientation, place) or Orientation.AMBIGUOUS,
        cells.get("patient"),
        figo,
        cells.get("session"),
        _word(cells, "split", Split, place),
        Facts(
            snap_field(tesla),
            _word(cells, "vendor", Vendor, place),
            _word(cells, "sequence", Sequence, place),
            _flag(cells.get("contrast"), place),
        ),
    )


def _word(cells: Mapping[str, str], column: str, words: type[Word], place: str) -> Word | None:
    text = cells.get(column)
    if text is None:
        return None
    known: dict[str, Word] = {str(word).lower(): word for word in words}
    if text.lower() not in known:
        raise _unknown(place, column, text, [*known])
    return known[text.lower()]


def _flag(text: str | None, place: str) -> bool | None:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text is not None and text.lower() not in known:
        raise _unknown(place, "contrast", text, ["true", "false"])
    return None if text is None else known[text.lower()]


def _unknown(place: str, column: str, text: str, known: list[str]) -> ScanError:
    return ScanError(f"{place}: found {column} {text[:40]!r}, expected one of {', '.join(known)}", Refusal.ROW)
