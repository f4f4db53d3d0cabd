"""``cohort import``: from a folder of scans to a scrubbed cohort, with one verdict for each file or series."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synthuterus_bench.cohorts.axes import canonical
from synthuterus_bench.cohorts.bids import Labels
from synthuterus_bench.cohorts.candidate import Candidate, Reading, candidates, read_candidate
from synthuterus_bench.cohorts.finding import Found, find, root_of
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.scrub import keep_salt, load_salt, plain_name, pseudonym, salt_path
from synthuterus_bench.cohorts.splits import Splitter
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.volume import storable
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, ScanError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import View


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Args:
        source: the data set's name, which goes into every row; by default ``umd`` for UMD, else ``import``.
        labels: orientations and patients by path, file name, subject or DICOM PatientID; they precede
            ``participants.tsv``.
        strict: stop at the first refusal.
    """

    source: str | None = None
    labels: Labels = field(default_factory=Labels)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file or series: a scan, or the reason against it. Names stay on this machine."""

    name: str
    scan_id: str | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()


def import_folder(
    src: Path,
    out: Path,
    options: ImportOptions,
    tell: Callable[[Verdict], None] = lambda verdict: None,
    track: Track = silent,
) -> Cohort:
    """Write the scans under ``src`` as a cohort folder ``out``, and its private salt beside it.

    Voxels keep the scanner's grid and numbers; axes become canonical; of headers only ``scrub.Facts`` remain. The
    same files and salt give the same bytes. Patients come in the order of their salted names, which deals them to
    splits.

    Raises:
        UsageError: no ``src``, a source name that is no plain word, or FIGO types and no case of UMD.
        DataError: nothing could be imported, or ``out`` is in use.
        ScanError: a scan was refused and ``options.strict``.
    """
    if options.source is not None:
        plain_name(options.source)
    salt = load_salt(salt_path(out))
    with staged_folder(out) as folder:
        found = find(src, track)
        source = options.source or found.source
        if options.labels.figo and not any(item.case for item in found.nifti):
            raise UsageError(f"--figo: found no case of UMD under {src}, expected folders such as UMD_221129_001")
        manifest = Manifest(name=source, view=View.FULL, dims=3, intensity="native", splits={}, digest="")
        writer = CohortWriter(folder, manifest)
        taken = _Importer(options, source, salt, writer, tell).run(found, root_of(src), track)
        if not taken:
            raise DataError(f"{src}: found no scan that can be imported, expected at least one sagittal T2 stack")
        writer.close()
        keep_salt(salt_path(out), salt)
    return load_cohort(out)


@dataclass
class _Importer:
    options: ImportOptions
    source: str
    salt: bytes
    writer: CohortWriter
    tell: Callable[[Verdict], None]
    splitter: Splitter = field(default_factory=Splitter)

    def run(self, found: Found, root: Path, track: Track) -> int:
        """Judge every candidate and return how many became scans."""
        for line in found.refused:
            self._refuse(ScanError(line), line.split(": ")[0])
        queue = sorted(candidates(found, root, self.options.labels), key=self._place)
        return sum(self._judge(candidate) for candidate in track(queue, "import", len(queue)))

    def _place(self, candidate: Candidate) -> tuple[str, str]:
        return self._hash("patient", candidate.patient), self._hash("scan", candidate.scan)

    def _judge(self, candidate: Candidate) -> bool:
        try:
            reading = read_candidate(candidate)
        except DataError as error:
            self._refuse(error, candidate.item.name)
            return False
        scan = self._scan(candidate, reading)
        self.writer.add(scan)
        self.tell(Verdict(candidate.item.name, scan.scan_id, None, reading.warnings))
        return True

    def _refuse(self, error: DataError, name: str) -> None:
        self.tell(Verdict(name, reason=error.message))
        if self.options.strict:
            raise error

    def _scan(self, candidate: Candidate, reading: Reading) -> Scan:
        volume, facts = reading.volume, reading.facts
        pixels, spacing = canonical(volume.pixels, volume.affine)
        mask = None if volume.mask is None else canonical(volume.mask, volume.affine)[0].astype(np.uint8)
        patient = self._hash("patient", candidate.patient)
        return Scan(
            scan_id=self._hash("scan", candidate.scan),
            pixels=storable(pixels),
            spacing_mm=spacing,
            split=self.splitter.split_of(patient),
            source=self.source,
            patient_id=patient,
            orientation=candidate.label.orientation,
            mask=mask,
            figo=candidate.label.figo,
            field_strength=facts.field_strength,
            vendor=facts.vendor,
            sequence=facts.sequence,
            contrast=facts.contrast,
        )

    def _hash(self, purpose: str, key: str) -> str:
        return pseudonym(self.salt, purpose, key)
