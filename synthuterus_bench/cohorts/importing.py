"""``cohort import``: from scans to a scrubbed cohort, with one verdict for each file or series."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from synthuterus_bench.cohorts import umd
from synthuterus_bench.cohorts.bids import Labels
from synthuterus_bench.cohorts.candidate import Candidate, Reading, read_candidate
from synthuterus_bench.cohorts.dataset import Dataset, is_dataset, open_dataset
from synthuterus_bench.cohorts.finding import NiftiFile
from synthuterus_bench.cohorts.hub import fetch, is_hub
from synthuterus_bench.cohorts.intake import Intake
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.scrub import keep_salt, load_salt, plain_name, salt_path
from synthuterus_bench.cohorts.sources import gather
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.straight import Straight, straighten
from synthuterus_bench.cohorts.tablerows import import_rows
from synthuterus_bench.cohorts.verdict import Verdict
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, Refusal, ScanError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import Split, View

SOURCE = "import"


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Args:
        source: the data set's name, which goes into every row; ``None`` is ``umd`` for UMD, a cohort's own,
            and else ``import``.
        labels: orientations, patients and more by path, file name, subject or DICOM PatientID; they precede
            ``participants.tsv`` and headers.
        strict: stop at the first refusal.
    """

    source: str | None = None
    labels: Labels = field(default_factory=Labels)
    strict: bool = False


def import_folder(
    src: Path | str,
    out: Path,
    options: ImportOptions,
    tell: Callable[[Verdict], None] = lambda verdict: None,
    track: Track = silent,
) -> Cohort:
    """Write the scans of ``src`` as a cohort folder ``out``, and its private salt beside it.

    ``src`` is a folder or file of scans (DICOM, NIfTI, BIDS), a table of scans (CSV, TSV), a folder that ``datasets``
    reads, or ``hf:ORG/NAME@REVISION``. Voxels keep the scanner's numbers and, unless it is oblique, its grid; axes
    become canonical; of headers only ``scrub.Facts`` remain. The same files and salt give the same bytes. Patients
    come in the order of their salted names, which deals them to splits.

    Raises:
        UsageError: no ``src``, a source name that is no plain word, or FIGO types and no case of UMD.
        DataError: nothing could be imported, or ``out`` is in use.
        ScanError: a scan was refused and ``options.strict``.
    """
    plain_name(options.source or SOURCE)
    salt = load_salt(salt_path(out))
    path = fetch(str(src)) if is_hub(str(src)) else Path(src)
    dataset = open_dataset(path) if is_dataset(path) else None
    with staged_folder(out) as folder:
        taken, refusals = gather(path, options.labels, track) if dataset is None else ([], [])
        usual = _usual_source(taken, src, options)
        options = options if dataset is not None else replace(options, source=options.source or usual)
        writer = CohortWriter(folder, _manifest(options, dataset))
        intake = Intake(salt, writer, tell, options.strict)
        if dataset is not None:
            import_rows(dataset, intake, options.source, SOURCE, track)
        else:
            _import_scans(taken, refusals, intake, options, track)
        if not intake.taken:
            raise DataError(f"{src}: found no scan that can be imported, expected at least one sagittal T2 stack")
        writer.close()
        keep_salt(salt_path(out), salt)
    return load_cohort(out)


def _manifest(options: ImportOptions, dataset: Dataset | None) -> Manifest:
    if dataset is not None:
        return dataset.manifest(options.source, SOURCE)
    name = options.source or SOURCE
    return Manifest(name=name, view=View.FULL, dims=3, intensity="native", splits={}, digest="")


def _usual_source(taken: list[Candidate], src: Path | str, options: ImportOptions) -> str:
    """``umd`` for cases of UMD alone, else ``import``.

    Raises:
        UsageError: FIGO types are given, and no case.
    """
    cases = [isinstance(one.item, NiftiFile) and one.item.case is not None for one in taken]
    if options.labels.figo and not any(cases):
        raise UsageError(f"--figo: found no case of UMD in {src}, expected folders such as UMD_221129_001")
    return umd.SOURCE if cases and all(cases) else SOURCE


def _import_scans(
    taken: list[Candidate], refusals: list[Verdict], intake: Intake, options: ImportOptions, track: Track
) -> None:
    for verdict in refusals:
        intake.refuse(verdict)
    told = _told_splits(taken)
    queue = sorted(taken, key=lambda one: _place(one, intake))
    for candidate in track(queue, "import", len(queue)):
        with intake.judging(candidate.item.name):
            _take(candidate, intake, options, told)


def _place(candidate: Candidate, intake: Intake) -> tuple[int, str, str]:
    return candidate.rank, intake.alias("patient", candidate.patient), intake.alias("scan", candidate.scan)


def _told_splits(taken: list[Candidate]) -> dict[str, set[Split]]:
    """Splits that tables tell for each patient; more than one is a mistake."""
    told: dict[str, set[Split]] = {}
    for candidate in taken:
        if candidate.label.split is not None:
            told.setdefault(candidate.patient, set()).add(candidate.label.split)
    return told


def _take(candidate: Candidate, intake: Intake, options: ImportOptions, told: dict[str, set[Split]]) -> None:
    name = candidate.item.name
    splits = told.get(candidate.patient, set())
    if len(splits) > 1:
        message = f"{name}: found a patient in {' and '.join(sorted(splits))}, expected one split a patient"
        raise ScanError(message, Refusal.ROW)
    reading = read_candidate(candidate)
    straight = straighten(reading.volume, name)
    intake.check_new(straight.digest, name)
    patient = intake.alias("patient", candidate.patient)
    split = intake.split_of(patient, next(iter(splits), None), name)
    scan = _scan(candidate, reading, straight, (intake, patient, split, options.source or SOURCE))
    intake.add(scan, straight.digest, name)
    intake.tell(Verdict(name, scan.scan_id, warnings=reading.warnings + straight.warnings))


def _scan(candidate: Candidate, reading: Reading, straight: Straight, place: tuple[Intake, str, Split, str]) -> Scan:
    intake, patient, split, source = place
    facts = reading.facts
    return Scan(
        scan_id=intake.alias("scan", candidate.scan),
        pixels=straight.pixels,
        mask=straight.mask,
        spacing_mm=straight.spacing_mm,
        split=split,
        source=source,
        patient_id=patient,
        session=intake.session(candidate.patient, candidate.session),
        orientation=candidate.label.orientation,
        field_strength=facts.field_strength,
        vendor=facts.vendor,
        sequence=facts.sequence,
        contrast=facts.contrast,
        figo=candidate.label.figo,
    )
