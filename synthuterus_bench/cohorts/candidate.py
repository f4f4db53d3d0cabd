"""One candidate for import: whose scan it is said to be, and reading it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from synthuterus_bench.cohorts.bids import (
    Labels,
    ScanLabel,
    read_labels,
    read_sidecar,
    sidecar_cosines,
    stem,
    subject_of,
)
from synthuterus_bench.cohorts.dicom import read_slice
from synthuterus_bench.cohorts.finding import Found, NiftiFile
from synthuterus_bench.cohorts.masks import read_mask
from synthuterus_bench.cohorts.nifti import orient, read_nifti
from synthuterus_bench.cohorts.scrub import Facts, check_t2, read_facts
from synthuterus_bench.cohorts.series import Series, read_series
from synthuterus_bench.cohorts.umd import keys_of
from synthuterus_bench.cohorts.volume import Volume, check_values, check_volume
from synthuterus_bench.errors import ScanError


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or series with the private names of its scan and patient. They leave this machine only as hashes."""

    item: NiftiFile | Series
    scan: str
    patient: str
    label: ScanLabel


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
    keeps splits disjoint.
    """
    for item in found.nifti:
        relative = PurePosixPath(item.name)
        subject = subject_of(relative)
        label = labels.of(item.name, relative.name, stem(item.path), subject, *keys_of(item.case))
        if label == ScanLabel() and subject:
            label = _participants(item.path.parent, root).of(subject)
        label = labels.with_figo(label, item.case)
        patient = label.patient or subject or _folder(relative) or item.name
        yield Candidate(item, item.name, patient, label)
    for series in found.series:
        first = series.slices[0]
        relative, patient_id = PurePosixPath(first.name), first.header["PatientID"]
        label = labels.of(series.name, relative.parent.name, patient_id)
        patient = label.patient or patient_id or _folder(relative) or first.series
        yield Candidate(series, f"{relative.parent}/{first.series}", patient, label)


def read_candidate(candidate: Candidate) -> Reading:
    """Read and check one candidate.

    Raises:
        ScanError: it is no sagittal T2 stack.
    """
    item = candidate.item
    return _read_series(item) if isinstance(item, Series) else _read_nifti(item)


def _read_series(series: Series) -> Reading:
    volume = read_series(series)
    check_values(volume.pixels, series.name)
    return Reading(volume, read_facts(series.header))


def _read_nifti(item: NiftiFile) -> Reading:
    volume, oriented = read_nifti(item.path, item.name)
    if item.mask is not None:
        volume = replace(volume, mask=read_mask(item.mask, volume.pixels.shape, item.mask_labels, item.name))
    sidecar = read_sidecar(item.path, item.name)
    if sidecar.get("Modality", "MR") != "MR":
        raise ScanError(f"{item.name}: found modality {sidecar['Modality']} in its sidecar, expected MR")
    volume, warnings = orient(volume, oriented, sidecar_cosines(sidecar), item.name)
    check_volume(volume, item.name)
    header, more = (sidecar, ()) if item.case is None else _beside(item)
    seconds = header.get("EchoTime")
    check_t2(seconds * 1000 if isinstance(seconds, int | float) else None, item.name)
    return Reading(volume, read_facts(header), warnings + more)


def _beside(item: NiftiFile) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the DICOM copy of a UMD case tells (echo time in seconds, as in sidecars), and what to warn of."""
    warnings = () if item.mask else (f"{item.name}: found no mask beside it, expected one called _seg or _seq",)
    try:
        one = read_slice(item.header, item.name) if item.header else None
    except ScanError as error:
        return {}, (*warnings, f"{error.message}; field strength and sequence stay unknown")
    if one is None:
        return {}, warnings
    echo = one.header["EchoTime"]
    return one.header | {"EchoTime": float(echo) / 1000 if echo else None}, warnings


def _folder(relative: PurePosixPath) -> str | None:
    return None if relative.parent == PurePosixPath(".") else str(relative.parent)


def _participants(folder: Path, root: Path) -> Labels:
    while not (folder / "participants.tsv").is_file():
        if folder in (root, folder.parent):
            return Labels()
        folder = folder.parent
    return read_labels(folder / "participants.tsv")
