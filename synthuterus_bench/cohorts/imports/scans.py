"""Files and series as scans of a cohort."""

from dataclasses import asdict, replace

from synthuterus_bench.cohorts.imports.candidate import Candidate, Reading, read_candidate
from synthuterus_bench.cohorts.imports.intake import Intake
from synthuterus_bench.cohorts.imports.sources import Gathered
from synthuterus_bench.cohorts.imports.straight import Straight, straighten
from synthuterus_bench.cohorts.imports.verdict import Verdict
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.errors import Refusal, ScanError
from synthuterus_bench.progress import Track
from synthuterus_bench.vocab import Split


def import_scans(gathered: Gathered, intake: Intake, source: str, track: Track) -> None:
    """Take every candidate into a cohort, one verdict each.

    Of two with the same voxels the better documented comes first; apart from that they come in the order of their
    salted names, which means nothing.

    Raises:
        ScanError: one was refused and the import is strict.
    """
    for verdict in gathered.refused:
        intake.refuse(verdict)
    told = _told_splits(gathered.candidates)
    queue = sorted(gathered.candidates, key=lambda one: _place(one, intake))
    for candidate in track(queue, "import", len(queue)):
        with intake.judging(candidate.item.name):
            _take(candidate, intake, source, told)


def _place(candidate: Candidate, intake: Intake) -> tuple[int, str, str]:
    return candidate.rank, intake.alias("patient", candidate.patient), intake.alias("scan", candidate.scan)


def _told_splits(taken: list[Candidate]) -> dict[str, set[Split]]:
    """Splits that tables tell for each patient; more than one is a mistake."""
    told: dict[str, set[Split]] = {}
    for candidate in taken:
        if candidate.label.split is not None:
            told.setdefault(candidate.patient, set()).add(candidate.label.split)
    return told


def _take(candidate: Candidate, intake: Intake, source: str, told: dict[str, set[Split]]) -> None:
    name = candidate.item.name
    splits = told.get(candidate.patient, set())
    if len(splits) > 1:
        message = f"{name}: found a patient in {' and '.join(sorted(splits))}, expected one split a patient"
        raise ScanError(message, Refusal.ROW)
    reading = read_candidate(candidate)
    straight = straighten(reading.volume, name)
    intake.check_new(straight.digest, name)
    split = intake.split_of(intake.alias("patient", candidate.patient), next(iter(splits), None), name)
    scan = replace(_scan(candidate, reading, straight, intake), split=split, source=source)
    intake.add(scan, straight.digest, name)
    intake.tell(Verdict(name, scan.scan_id, warnings=reading.warnings + straight.warnings))


def _scan(candidate: Candidate, reading: Reading, straight: Straight, intake: Intake) -> Scan:
    return Scan(
        scan_id=intake.alias("scan", candidate.scan),
        pixels=straight.pixels,
        mask=straight.mask,
        spacing_mm=straight.spacing_mm,
        split=Split.TRAIN,
        source="",
        patient_id=intake.alias("patient", candidate.patient),
        session=intake.session(candidate.patient, candidate.session),
        orientation=candidate.label.orientation,
        figo=candidate.label.figo,
        **asdict(reading.facts),
    )
