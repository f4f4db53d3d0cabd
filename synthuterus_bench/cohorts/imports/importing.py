"""``cohort import``: from scans to a scrubbed cohort, with one verdict for each file or series."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from synthuterus_bench.cohorts.imports import umd
from synthuterus_bench.cohorts.imports.bids import Labels
from synthuterus_bench.cohorts.imports.dataset import is_dataset, open_dataset
from synthuterus_bench.cohorts.imports.hub import fetch, is_hub
from synthuterus_bench.cohorts.imports.intake import Intake
from synthuterus_bench.cohorts.imports.scans import import_scans
from synthuterus_bench.cohorts.imports.scrub import keep_salt, load_salt, plain_name, salt_path
from synthuterus_bench.cohorts.imports.sources import gather
from synthuterus_bench.cohorts.imports.tablerows import import_rows
from synthuterus_bench.cohorts.imports.verdict import Verdict
from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import View

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
        UsageError: no ``src``, a source name that is no plain word, labels for a data set, or FIGO types and no
            case of UMD.
        DataError: nothing could be imported, or ``out`` is in use.
        ScanError: a scan was refused and ``options.strict``.
    """
    plain_name(options.source or SOURCE)
    salt = load_salt(salt_path(out))
    path = fetch(str(src)) if is_hub(str(src)) else Path(src)
    with staged_folder(out) as folder:

        def intake(manifest: Manifest) -> Intake:
            return Intake(salt, CohortWriter(folder, manifest), tell, options.strict)

        filled = (_fill_from_rows if is_dataset(path) else _fill_from_scans)(path, options, intake, track)
        if not filled.taken:
            raise DataError(f"{src}: found no scan that can be imported, expected at least one sagittal T2 stack")
        filled.writer.close()
        keep_salt(salt_path(out), salt)
    return load_cohort(out)


def _fill_from_rows(src: Path, options: ImportOptions, intake: Callable[[Manifest], Intake], track: Track) -> Intake:
    _check_figo(options.labels, src, found=False)
    if options.labels.rows:
        raise UsageError(f"--labels: found a data set in {src}, whose own columns say it; expected files of scans")
    dataset = open_dataset(src)
    taking = intake(dataset.manifest(options.source, SOURCE))
    import_rows(dataset, taking, options.source, SOURCE, track)
    return taking


def _fill_from_scans(src: Path, options: ImportOptions, intake: Callable[[Manifest], Intake], track: Track) -> Intake:
    gathered = gather(src, options.labels, track)
    _check_figo(options.labels, src, gathered.cases > 0)
    only_umd = 0 < gathered.cases == len(gathered.candidates)
    name = options.source or (umd.SOURCE if only_umd else SOURCE)
    taking = intake(Manifest(name=name, view=View.FULL, dims=3, intensity="native", splits={}, digest=""))
    import_scans(gathered, taking, name, track)
    return taking


def _check_figo(labels: Labels, src: Path, found: bool) -> None:
    if labels.figo and not found:
        raise UsageError(f"--figo: found no case of UMD in {src}, expected folders such as UMD_221129_001")
