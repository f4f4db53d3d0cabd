"""Preparing a cohort: parallel over scans, resumable, a scan in memory at a time. The same bytes, killed or not."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.imagefile import decode_nifti
from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, DataError, UsageError
from synthuterus_bench.prep.pipeline import Pipeline, PrepOptions, make_pipeline
from synthuterus_bench.prep.report import write_report
from synthuterus_bench.prep.roi import Localising, Source, localising
from synthuterus_bench.prep.spatial import has_uterus
from synthuterus_bench.prep.steps import Facts
from synthuterus_bench.prep.work import Bench, Job, Outcome, do, read_outcome, read_prepared, set_up
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, staged_folder
from synthuterus_bench.vocab import Otherwise, View
from synthuterus_bench.workers import map_in_order

LOOKS = 12
"""Scans that a report shows: the first ones."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class PrepResult:
    """The prepared cohorts by view, and how many scans had their uterus from where."""

    cohorts: dict[View, Cohort]
    sources: dict[Source, int]


def prepare_cohort(
    cohort: Cohort,
    out: Path,
    options: PrepOptions,
    *,
    workers: int = 1,
    locate: Callable[[], Localising] = localising,
    report: Path | None = None,
    tell: Tell = lambda line: None,
    track: Track = silent,
) -> PrepResult:
    """Write ``cohort`` prepared as ``out``; of two views, as ``out/roi`` and ``out/full``.

    Splits, patients and labels are kept; steps and parameters go to ``Manifest.prep``. Scans prepared so far lie in
    the hidden folder ``.<out>.work`` beside ``out`` until the whole is written, so that a second run goes on after a
    killed one, or after one that a bad scan ended. Its bytes do not depend on ``workers``.

    Args:
        locate: gives the localiser, asked only if there are scans without a mask.
        report: HTML file to write about it.
        tell: takes a line for each scan whose region of interest had to be guessed.

    Raises:
        CohortError: ``cohort`` is not one of volumes, or is prepared already.
        WeightsError: a localiser is needed and there is none.
        ScanError: a scan cannot be prepared; the message says which and why.
        DataError: ``out`` is in use by something else.
    """
    check_input(cohort, options)
    run = _Run(cohort, out, options, _localiser(cohort, options, locate))
    if run.is_done():
        run.clear()
        if report is not None and not report.is_file():
            raise DataError(f"{out}: prepared already, too late for a report", "remove it or give another --out")
        return run.result()
    with staged_folder(run.out) as folder:
        outcomes = run.write(folder, workers, tell, track, LOOKS if report else 0)
        if report is not None:
            write_report(report, cohort.manifest, run.pipeline, outcomes)
    run.clear()
    return run.result()


def check_input(cohort: Cohort, options: PrepOptions) -> None:
    """Refuse cohorts that cannot be prepared.

    Raises:
        CohortError: prepared already, or not of volumes.
        UsageError: the whole pelvis is wanted of a cohort that holds the uterus alone.
    """
    manifest = cohort.manifest
    if manifest.prep is not None:
        raise CohortError(f"{cohort.root}: found a prepared cohort, expected an imported one")
    if manifest.dims != 3:
        ready = "it is ready to train on and to evaluate with as it is"
        volumes = "import the volumes that the images come from: synthbench cohort import SRC --out DIR"
        raise CohortError(
            f"{cohort.root}: found a cohort of 2D images, expected volumes",
            ready if manifest.intensity == "window" else volumes,
        )
    if manifest.view is View.ROI and View.FULL in options.views:
        raise UsageError(f"{cohort.root}: found view roi, expected full to make view full from")


def _localiser(cohort: Cohort, options: PrepOptions, locate: Callable[[], Localising]) -> Localising | None:
    if options.otherwise is Otherwise.MIDDLE or all(_marked(row) for row in cohort.rows()):
        return None
    return locate()


def _marked(row: dict[str, Any]) -> bool:
    return row["mask"] is not None and has_uterus(decode_nifti(row["mask"]["bytes"])[0])


@dataclass(frozen=True)
class _Run:
    cohort: Cohort
    out: Path
    options: PrepOptions
    localising: Localising | None

    @property
    def pipeline(self) -> Pipeline:
        return make_pipeline(self.options, self.localising.sha256 if self.localising else "")

    @property
    def work(self) -> Path:
        whole = self.out.resolve()
        return whole.parent / f".{whole.name}.work"

    def home(self, view: View, root: Path) -> Path:
        """Where a view lies under ``root``."""
        return root / view if len(self.options.views) > 1 else root

    def facts(self, view: View) -> Facts:
        return self.pipeline.facts(view) | {"input_digest": self.cohort.manifest.digest}

    def is_done(self) -> bool:
        """Whether ``out`` holds just this already, as after a run that was killed at its very end."""
        homes = {view: self.home(view, self.out) for view in self.options.views}
        if not all((home / "cohort.json").is_file() for home in homes.values()):
            return False
        found = {view: load_cohort(home).manifest.prep or {} for view, home in homes.items()}
        return all(found[view].items() >= self.facts(view).items() for view in homes)

    def write(self, folder: Path, workers: int, tell: Tell, track: Track, looks: int) -> list[Outcome]:
        """Prepare every scan into a file, the first ``looks`` with pictures, then the cohorts out of the files."""
        paths = [*track(self._prepared(workers, looks), "prepare", len(self.cohort))]
        outcomes = [_outcome_of(path) for path in paths]
        if self.options.otherwise is not Otherwise.MIDDLE:
            for outcome in (one for one in outcomes if one.source is Source.MIDDLE):
                tell(f"{outcome.scan_id}: found no uterus; took the middle of the scan")
        writers = {view: self._writer(view, folder, outcomes) for view in self.options.views}
        for path in track(paths, "write", len(paths)):
            for scan in read_prepared(path, self.options.dims):
                writers[scan.view].add(scan)
        for writer in writers.values():
            writer.close()
        return outcomes

    def _prepared(self, workers: int, looks: int) -> Iterator[Path]:
        key = digest_json([self.pipeline.digest(view) for view in self.options.views])[:16]
        windowed = self.cohort.manifest.intensity == "window"
        bench = Bench(self.work / key, self.pipeline, self.options.dims, windowed, self.localising)
        jobs = (Job(row, number < looks) for number, row in enumerate(self.cohort.rows()))
        if workers > 1:
            yield from map_in_order(do, jobs, min(workers, len(self.cohort)), set_up, (bench,))
        else:
            set_up(bench)
            yield from map(do, jobs)

    def _writer(self, view: View, folder: Path, outcomes: list[Outcome]) -> CohortWriter:
        counts = {f"roi_from_{source}": number for source, number in count_sources(outcomes).items()}
        prep = self.facts(view) | counts
        update = {"view": view, "dims": self.options.dims, "intensity": "window", "splits": {}, "prep": prep}
        manifest = Manifest.model_validate(self.cohort.manifest.model_dump() | update)
        return CohortWriter(self.home(view, folder), manifest)

    def clear(self) -> None:
        """Forget what lies in the work folder."""
        shutil.rmtree(self.work, ignore_errors=True)

    def result(self) -> PrepResult:
        cohorts = {view: load_cohort(self.home(view, self.out)) for view in self.options.views}
        prep = next(iter(cohorts.values())).manifest.prep or {}
        return PrepResult(cohorts, {source: int(prep[f"roi_from_{source}"]) for source in Source})


def _outcome_of(path: Path) -> Outcome:
    outcome = read_outcome(path)
    if outcome is None:
        raise DataError(f"{path}: vanished while the run was going on")
    return outcome


def count_sources(outcomes: Iterable[Outcome]) -> dict[Source, int]:
    """How many scans had their uterus from where; every source is counted."""
    found = Counter(outcome.source for outcome in outcomes)
    return {source: found[source] for source in Source}
