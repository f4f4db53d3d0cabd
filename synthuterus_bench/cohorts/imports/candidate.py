"""One candidate for import: whose scan it is said to be, and reading it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from synthuterus_bench.cohorts.imports.bids import (
    PARTICIPANT_COLUMNS,
    Labels,
    ScanLabel,
    read_labels,
    read_sidecar,
    session_of,
    sidecar_cosines,
    stem,
    subject_of,
)
from synthuterus_bench.cohorts.imports.dicom import read_slice
from synthuterus_bench.cohorts.imports.finding import Found, NiftiFile
from synthuterus_bench.cohorts.imports.geometry import orient
from synthuterus_bench.cohorts.imports.masks import read_mask
from synthuterus_bench.cohorts.imports.nifti import read_nifti
from synthuterus_bench.cohorts.imports.scrub import Facts, check_t2, read_facts
from synthuterus_bench.cohorts.imports.series import Series, check_localizer, number_of, read_series
from synthuterus_bench.cohorts.imports.umd import keys_of, with_figo
from synthuterus_bench.cohorts.imports.volume import Volume, check_values, check_volume, gap_warning, slice_step
from synthuterus_bench.errors import Refusal, ScanError


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or series with the private names of its scan, patient and session, and what tables say of it.

    The names leave this machine only as hashes.
    """

    item: NiftiFile | Series
    scan: str
    patient: str
    label: ScanLabel = field(default_factory=ScanLabel)
    session: str | None = None

    @property
    def rank(self) -> int:
        """Of two candidates with the same voxels the lower stays: masks first, then DICOM, sidecars, bare NIfTI."""
        if isinstance(self.item, Series):
            return 1
        if self.item.mask is not None:
            return 0
        return 2 if self.item.path.with_name(stem(self.item.path) + ".json").is_file() else 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a candidate, and what to warn of."""

    volume: Volume
    facts: Facts
    warnings: tuple[str, ...] = ()


def candidates(found: Found, root: Path, labels: Labels) -> Iterator[Candidate]:
    """Candidates with what tables say of them.

    The patient is, in this order: the ``patient`` of ``labels``, the BIDS subject, the DICOM PatientID, the folder
    the file lies in, or the file alone if it lies in ``root``. Two patients in one folder thus count as one, which
    keeps splits disjoint. The session is that of ``labels``, the BIDS session, or the DICOM study.

    Raises:
        DataError: ``participants.tsv`` is malformed.
    """
    tables: dict[Path, Labels] = {}
    for item in found.nifti:
        relative = PurePosixPath(item.name)
        subject = subject_of(relative)
        label = labels.of(item.name, relative.name, stem(item.path), subject, *keys_of(item.case))
        if label == ScanLabel() and subject:
            label = _participants(item.path.parent, root, tables).of(subject)
        label = with_figo(label, labels.figo, item.case)
        patient = label.patient or subject or _folder(relative) or item.name
        yield Candidate(item, item.name, patient, label, label.session or session_of(relative))
    for series in found.series:
        first = series.slices[0]
        relative, patient_id = PurePosixPath(first.name), first.header["PatientID"]
        label = labels.of(series.name, relative.parent.name, patient_id)
        patient = label.patient or patient_id or _folder(relative) or first.series
        session = label.session or first.header["StudyInstanceUID"] or first.header["StudyDate"] or None
        yield Candidate(series, f"{relative.parent}/{first.series}", patient, label, session)


def read_candidate(candidate: Candidate) -> Reading:
    """Read and check one candidate.

    Raises:
        ScanError: it is no sagittal T2 stack.
    """
    item = candidate.item
    reading = _read_series(item) if isinstance(item, Series) else _read_nifti(item)
    return replace(reading, facts=merge_facts(candidate.label.facts, reading.facts))


def merge_facts(told: Facts, found: Facts) -> Facts:
    """What a table tells, and where it tells nothing what was found."""
    return replace(found, **{name: value for name, value in asdict(told).items() if value is not None})


def _read_series(series: Series) -> Reading:
    volume, warnings = read_series(series)
    check_values(volume.pixels, series.name)
    return Reading(volume, read_facts(series.header), warnings)


def _read_nifti(item: NiftiFile) -> Reading:
    sidecar = read_sidecar(item.path, item.name)
    if sidecar.get("Modality", "MR") != "MR":
        found = f"modality {str(sidecar['Modality'])[:40]} in its sidecar"
        raise ScanError(f"{item.name}: found {found}, expected MR", Refusal.NOT_MR)
    check_localizer(str(sidecar.get("ImageType")), sidecar, item.name)
    stored, oriented = read_nifti(item.path, item.name)
    volume, warnings = orient(stored, oriented, sidecar_cosines(sidecar), item.name)
    check_volume(volume, item.name)
    seconds = _number(sidecar.get("EchoTime"))
    check_t2(None if seconds is None else seconds * 1000, item.name)
    spacing, thickness = (_number(sidecar.get(key)) for key in ("SpacingBetweenSlices", "SliceThickness"))
    warnings += gap_warning(slice_step(volume), spacing, thickness, item.name)
    if item.mask is not None:
        mask, doubts = read_mask(item.mask, stored, item.mask_labels, item.name)
        volume, warnings = replace(volume, mask=mask), warnings + doubts
    if item.case is None:
        return Reading(volume, read_facts(sidecar), warnings)
    facts, more = _beside(item)
    return Reading(volume, facts, warnings + more)


def _beside(item: NiftiFile) -> tuple[Facts, tuple[str, ...]]:
    """What the DICOM copy of a UMD case tells, and what to warn of."""
    warnings = () if item.mask else (f"{item.name}: found no mask beside it, expected one called _seg or _seq",)
    try:
        one = read_slice(item.header, item.name) if item.header else None
    except ScanError as error:
        return Facts(), (*warnings, f"{error.message}; field strength and sequence stay unknown")
    if one is None:
        return Facts(), warnings
    check_t2(one.header["EchoTime"], item.name)
    return read_facts(one.header), warnings


def _number(value: Any) -> float | None:
    return number_of(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _folder(relative: PurePosixPath) -> str | None:
    return None if relative.parent == PurePosixPath(".") else str(relative.parent)


def _participants(folder: Path, root: Path, tables: dict[Path, Labels]) -> Labels:
    while not (folder / "participants.tsv").is_file():
        if folder in (root, folder.parent):
            return Labels()
        folder = folder.parent
    if folder not in tables:
        tables[folder] = read_labels(folder / "participants.tsv", PARTICIPANT_COLUMNS)
    return tables[folder]
