"""Rows of a data set as scans: those of our schema as they are, those with a gray ``image`` as 2D scans."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import decode_png
from synthuterus_bench.cohorts.imports.bids import LABEL_COLUMNS, label_of
from synthuterus_bench.cohorts.imports.dataset import OURS, Dataset, batches, columns_of
from synthuterus_bench.cohorts.imports.intake import Intake
from synthuterus_bench.cohorts.imports.masks import OURS as OUR_LABELS
from synthuterus_bench.cohorts.imports.masks import relabel
from synthuterus_bench.cohorts.imports.nifti import read_unscaled
from synthuterus_bench.cohorts.imports.verdict import Verdict
from synthuterus_bench.cohorts.imports.volume import MIN_PIXELS, check_values
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.rows import PIXEL_COLUMN, decode_row
from synthuterus_bench.cohorts.store import SHARD_ROWS
from synthuterus_bench.errors import DataError, Refusal, ScanError
from synthuterus_bench.progress import Track
from synthuterus_bench.repro import digest_array
from synthuterus_bench.vocab import Split

PIXEL_MM = 1.0
"""Pixel size where a table tells none; a warning says so."""

Row = dict[str, Any]


class _Reader(Protocol):
    """Reads rows of one file: a scan with the private names of its row, and the split it wants, if any."""

    def read(self, row: Row, place: str) -> tuple[Scan, Split | None]: ...

    def warnings(self, name: str) -> tuple[str, ...]: ...


def import_rows(dataset: Dataset, intake: Intake, source: str | None, otherwise: str, track: Track) -> None:
    """Take every row of a data set into a cohort: one verdict for a file's rows, one for each row refused.

    Patients, scans and sessions get new salted names. Splits are kept; where there are none, patients are dealt.

    Args:
        source: the name that goes into every row; ``None`` keeps a cohort's own, and is ``otherwise`` for others.

    Raises:
        ScanError: a row was refused and the import is strict.
    """
    for path, split in track(dataset.files, "import", len(dataset.files)):
        name = dataset.name(path)
        taken, warnings = intake.taken, tuple[str, ...]()
        with intake.judging(name):
            reader = _reader(dataset, path, split, (source, otherwise))
            warnings = reader.warnings(name)
            for number, row in _numbered(path, SHARD_ROWS[dataset.dims]):
                place = f"{name} row {number}"
                with intake.judging(place):
                    _take(reader, row, place, intake)
        if intake.taken > taken:
            intake.tell(Verdict(name, warnings=warnings, scans=intake.taken - taken))


def _numbered(path: Path, rows: int) -> Iterator[tuple[int, Row]]:
    numbers = count()
    for batch in batches(path, rows):
        for row in batch:
            yield next(numbers), row


def _take(reader: _Reader, row: Row, place: str, intake: Intake) -> None:
    scan, wanted = reader.read(row, place)
    digest = digest_array(scan.pixels)
    intake.check_new(digest, place)
    scan_id, patient, private = intake.alias("scan", scan.scan_id), None, scan.patient_id
    split, session = wanted or scan.split, None
    if private is not None:
        patient, session = intake.alias("patient", private), intake.session(private, scan.session)
        split = intake.split_of(patient, wanted, place)
    intake.add(replace(scan, scan_id=scan_id, patient_id=patient, split=split, session=session), digest, place)


def _reader(dataset: Dataset, path: Path, split: Split | None, names: tuple[str | None, str]) -> _Reader:
    features, name = columns_of(path), dataset.name(path)
    if dataset.ours is not None:
        return _Ours(dataset.ours, names[0])
    if {*features} >= OURS:
        expected = "it beside the tables: it says what the intensities mean"
        raise DataError(f"{name}: found the columns of a cohort and no cohort.json, expected {expected}")
    if "image" not in features:
        raise DataError(f"{name}: found columns {', '.join(features)}, expected one called image")
    return _Images(features, split, names[0] or names[1])


@dataclass(frozen=True)
class _Ours:
    manifest: Manifest
    source: str | None

    def warnings(self, name: str) -> tuple[str, ...]:
        return ()

    def read(self, row: Row, place: str) -> tuple[Scan, Split | None]:
        dims, column = self.manifest.dims, PIXEL_COLUMN[self.manifest.dims]
        try:
            scan = decode_row(row | {column: None, "mask": None}, dims)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            message = f"{place}: found no row of a cohort ({type(error).__name__}: {error}), expected its columns"
            raise ScanError(message, Refusal.ROW) from None
        pixels = _stored(row.get(column), dims, place)
        mask = None if row.get("mask") is None else relabel(_stored(row["mask"], dims, place), OUR_LABELS, place)
        self._check(scan, pixels, mask, place)
        return replace(scan, pixels=pixels, mask=mask, source=self.source or scan.source), scan.split

    def _check(self, scan: Scan, pixels: NDArray[Any], mask: NDArray[Any] | None, place: str) -> None:
        dims, steps = self.manifest.dims, scan.spacing_mm
        if pixels.ndim != dims or (self.manifest.intensity == "window" and pixels.dtype != np.uint16):
            found = f"{pixels.ndim}D pixels of {pixels.dtype}"
            raise ScanError(f"{place}: found {found}, expected {dims}D as cohort.json says", Refusal.ROW)
        if len(steps) != dims or not all(0 < step < np.inf for step in steps):
            raise ScanError(f"{place}: found spacing {steps}, expected {dims} lengths in mm", Refusal.GEOMETRY)
        if mask is not None and mask.shape != pixels.shape:
            raise ScanError(f"{place}: found a mask of {mask.shape}, expected {pixels.shape}", Refusal.MASK)
        if not (scan.scan_id and scan.view is self.manifest.view):
            found = f"scan {scan.scan_id!r} of view {scan.view}"
            raise ScanError(f"{place}: found {found}, expected a name and {self.manifest.view}", Refusal.ROW)


@dataclass(frozen=True)
class _Images:
    features: Mapping[str, Any]
    split: Split | None
    source: str

    def warnings(self, name: str) -> tuple[str, ...]:
        told = [f"{name}: which way is anterior is not told; look whether it is left, and superior up"]
        if "spacing_mm" not in self.features:
            told.append(f"{name}: no column spacing_mm; took pixels of {PIXEL_MM} mm")
        if not {"patient", "patient_id"} & {*self.features}:
            told.append(f"{name}: no column patient; took every row as a patient of its own")
        return tuple(told)

    def read(self, row: Row, place: str) -> tuple[Scan, Split | None]:
        label = label_of(self._cells(row), place)
        pixels = _picture(row.get("image"), place, formats=("PNG", "TIFF"))
        if min(pixels.shape) < MIN_PIXELS:
            found = f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
            raise ScanError(f"{place}: found {found}, expected at least {MIN_PIXELS} a side", Refusal.TOO_SMALL)
        check_values(pixels, place)
        mask = None if row.get("mask") is None else relabel(_picture(row["mask"], place), OUR_LABELS, place)
        if mask is not None and mask.shape != pixels.shape:
            raise ScanError(f"{place}: found a mask of {mask.shape}, expected {pixels.shape}", Refusal.MASK)
        scan = Scan(
            scan_id=place,
            pixels=pixels,
            mask=mask,
            spacing_mm=_spacing(row.get("spacing_mm"), place),
            split=Split.TRAIN,
            source=self.source,
            patient_id=label.patient or place,
            session=label.session,
            orientation=label.orientation,
            figo=label.figo,
            **asdict(label.facts),
        )
        return scan, label.split or self.split

    def _cells(self, row: Row) -> dict[str, str]:
        cells = {}
        for name, value in row.items():
            names = getattr(self.features[name], "names", None)
            if names and isinstance(value, int) and 0 <= value < len(names):
                value = names[value]
            key = "patient" if name == "patient_id" else name
            if key in LABEL_COLUMNS and value not in (None, ""):
                cells[key] = str(value)
        return cells


def _spacing(value: Any, place: str) -> tuple[float, float]:
    if value is None:
        return (PIXEL_MM, PIXEL_MM)
    steps = value if isinstance(value, list) else [value, value]
    if len(steps) != 2 or not all(isinstance(step, int | float) and 0 < step < np.inf for step in steps):
        raise ScanError(f"{place}: found spacing {value}, expected millimetres between rows and columns", Refusal.ROW)
    return (float(steps[0]), float(steps[1]))


def _stored(picture: Any, dims: int, place: str) -> NDArray[Any]:
    return _picture(picture, place) if dims == 2 else read_unscaled(_bytes(picture, place), place)


def _picture(picture: Any, place: str, formats: tuple[str, ...] = ("PNG",)) -> NDArray[Any]:
    return decode_png(_bytes(picture, place), place, formats)


def _bytes(picture: Any, place: str) -> bytes:
    data = picture.get("bytes") if isinstance(picture, dict) else picture
    if not isinstance(data, bytes):
        raise ScanError(f"{place}: found no picture in its table, expected its bytes", Refusal.ROW)
    return data
