"""A cohort's orientations filled in from its masks, one for each examination."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.position.orientation import Basis, Measured, measure
from synthuterus_bench.cohorts.position.sagittal import extent, mid_sagittal
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import Orientation
from synthuterus_bench.workers import map_in_order

Key = tuple[str, str | None]
Job = tuple[str, NDArray[np.uint8], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the best mask of an examination shows, and the scan it belongs to."""

    scan_id: str
    measured: Measured


@dataclass
class Oriented:
    """The cohort written, and what became of its scans.

    ``found`` is by examination. ``kept`` counts the scans that kept the orientation they had, ``bare`` those of
    examinations without a mask, which are unchanged, ``classes`` all by their orientation now.
    """

    cohort: Cohort
    found: dict[Key, Found]
    kept: int = 0
    bare: int = 0
    classes: Counter[Orientation] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        """Counts of examinations by what was measured, and of scans by orientation."""
        bases = Counter(str(one.measured.basis) for one in self.found.values() if one.measured.basis is not None)
        return {
            "examinations": len(self.found),
            "measured_against": dict(sorted(bases.items())),
            "not_measured": len(self.found) - bases.total(),
            "orientations": {str(name): self.classes[name] for name in Orientation if self.classes[name]},
            "kept": self.kept,
            "without_mask": self.bare,
        }

    def as_text(self) -> str:
        """The same in a line."""
        counts = ", ".join(f"{self.classes[name]} {name}" for name in Orientation if self.classes[name])
        bases = Counter(one.measured.basis for one in self.found.values())
        against = ", ".join(f"{bases[name]} against {name}" for name in Basis if bases[name])
        rest = [f"{bases[None]} examinations not measured"] if bases[None] else []
        rest += [f"{self.kept} scans kept"] if self.kept else []
        rest += [f"{self.bare} scans without a mask left as they were"] if self.bare else []
        return "; ".join([counts, f"examinations measured: {against or 'none'}", *rest])


def examination(scan: Scan) -> Key:
    """What shares one orientation: the images of a patient's session; a volume, or a scan of nobody, alone."""
    if scan.pixels.ndim == 3 or scan.patient_id is None:
        return scan.scan_id, None
    return scan.patient_id, scan.session


def orient_cohort(
    cohort: Cohort,
    out: Path,
    *,
    keep: bool = False,
    workers: int = 1,
    tell: Callable[[str], None] = lambda line: None,
    track: Track = silent,
) -> Oriented:
    """Write ``cohort`` again as ``out`` with orientation, angles, their basis and confidence from the masks.

    Of a volume its mid-sagittal slice is measured; of several images of one session the one that shows most of the
    cavity, and all get what it gives. Where the uterus cannot be measured the orientation is ``ambiguous``, the
    confidence 0, and ``tell`` takes a line with the reason.

    Args:
        keep: leave rows alone that have an orientation other than ``ambiguous``.

    Raises:
        CohortError: no scan has a mask.
        DataError: ``out`` is in use.
    """
    with staged_folder(out) as folder:
        found = measure_all(cohort, workers, track)
        for one in found.values():
            if one.measured.reason is not None:
                tell(f"{one.scan_id}: not measured, {one.measured.reason}")
        writer = CohortWriter(folder, cohort.manifest.model_copy(update={"splits": {}, "digest": ""}))
        made = Oriented(cohort, found)
        for scan in track(cohort.scans(), "writing", len(cohort)):
            oriented = _oriented(scan, made, keep)
            made.classes[oriented.orientation] += 1
            writer.add(oriented)
        writer.close()
    made.cohort = load_cohort(out)
    return made


def measure_all(cohort: Cohort, workers: int = 1, track: Track = silent) -> dict[Key, Found]:
    """The best mask of every examination, measured; those without a mask are left out.

    Raises:
        CohortError: no scan has a mask.
    """
    best: dict[Key, tuple[tuple[float, float], str]] = {}
    for scan in cohort.scans():
        if scan.mask is not None:
            size, key = _size(scan.mask, scan.spacing_mm), examination(scan)
            if key not in best or size > best[key][0]:
                best[key] = size, scan.scan_id
    if not best:
        raise CohortError(f"{cohort.root}: found no masks, expected some to measure orientations on")
    wanted = {scan_id: key for key, (_, scan_id) in best.items()}
    jobs = (
        (scan.scan_id, scan.mask, scan.spacing_mm)
        for scan in cohort.scans()
        if scan.scan_id in wanted and scan.mask is not None
    )
    found = {}
    for scan_id, measured in track(_measure(jobs, workers), "measuring", len(wanted)):
        found[wanted[scan_id]] = Found(scan_id, measured)
    return found


def _size(mask: NDArray[np.uint8], spacing_mm: tuple[float, ...]) -> tuple[float, float]:
    return extent(mask[mid_sagittal(mask, spacing_mm)] if mask.ndim == 3 else mask, spacing_mm)


def _measure(jobs: Iterator[Job], workers: int) -> Iterator[tuple[str, Measured]]:
    if workers == 1:
        yield from map(_measure_one, jobs)
    else:
        yield from map_in_order(_measure_one, jobs, workers)


def _measure_one(job: Job) -> tuple[str, Measured]:
    scan_id, mask, spacing_mm = job
    return scan_id, measure(mask, spacing_mm)


def _oriented(scan: Scan, made: Oriented, keep: bool) -> Scan:
    found = made.found.get(examination(scan))
    if found is None:
        made.bare += 1
        return scan
    if keep and scan.orientation is not Orientation.AMBIGUOUS:
        made.kept += 1
        return scan
    measured = found.measured
    return replace(
        scan,
        orientation=measured.orientation,
        version_deg=measured.version_deg,
        flexion_deg=measured.flexion_deg,
        angle_basis=measured.basis,
        orientation_confidence=measured.confidence,
    )
