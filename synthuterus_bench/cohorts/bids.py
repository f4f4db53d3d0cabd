"""BIDS: sidecars, subjects, ``participants.tsv``, and a label table of one's own."""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from synthuterus_bench.cohorts.axes import STANDARD_COSINES, Plane
from synthuterus_bench.cohorts.scrub import Facts
from synthuterus_bench.cohorts.umd import case_number, figo_type
from synthuterus_bench.errors import DataError, ScanError
from synthuterus_bench.vocab import Orientation, Split

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
    except ValueError as error:
        raise ScanError(f"{name}: found a sidecar that is no JSON ({error}), expected an object") from None
    if not isinstance(value, dict):
        raise ScanError(f"{name}: found a sidecar holding a {type(value).__name__}, expected an object")
    return value


def sidecar_cosines(sidecar: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Direction cosines a sidecar gives, as numbers or by the plane its texts name; ``None`` if neither."""
    given = sidecar.get("ImageOrientationPatientDICOM") or sidecar.get("ImageOrientationPatient")
    if isinstance(given, list) and len(given) == 6 and all(isinstance(number, int | float) for number in given):
        return tuple(float(number) for number in given)
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

    def with_figo(self, label: ScanLabel, case: str | None) -> ScanLabel:
        """The label with the FIGO type of a case of UMD, where it has none of its own."""
        number = case_number(case or "")
        return replace(label, figo=self.figo.get(number)) if number and label.figo is None else label


def read_labels(path: Path) -> Labels:
    """A ``.csv`` or ``.tsv``: a column ``id``, ``path`` or ``participant_id``, and any of ``orientation``, ``patient``.

    Raises:
        DataError: the table is missing or malformed, or an orientation is not one of the known words.
    """
    delimiter = "\t" if path.suffix == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            names = [name for name in _ID_COLUMNS if name in (reader.fieldnames or ())]
            if not names:
                raise DataError(f"{path}: found columns {reader.fieldnames}, expected one of {[*_ID_COLUMNS]}")
            return Labels({row[names[0]]: _label(row, f"{path} line {reader.line_num}") for row in reader})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable table ({error})") from None


def _label(row: Mapping[str, str | None], place: str) -> ScanLabel:
    word = (row.get("orientation") or "").strip().lower()
    if word in ("", "n/a"):
        word = Orientation.AMBIGUOUS
    if word not in [*Orientation]:
        raise DataError(f"{place}: found orientation {word!r}, expected one of {', '.join(Orientation)}")
    return ScanLabel(Orientation(word), row.get("patient") or None, figo_type(row.get("figo"), place))
