"""The images of one split of a cohort as a suite takes them: of as many patients as possible first."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cohorts.record import Scan, field_strengths
from synthuterus_bench.cohorts.rows import scan_digest
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.metrics.volumes import middle_slices
from synthuterus_bench.repro import digest_array
from synthuterus_bench.vocab import CLASSES, Plane, Split

Ints = NDArray[np.int64]
Pixels = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Part:
    """One split: windowed pixels (n, size, size), class index, patient number and tesla (or NaN) of each image.

    Of volumes the pixels are those of the middle sagittal slices, and ``planes`` holds the middle slices of the other
    planes. Any number of rows from the first on are of as many patients as possible.
    """

    pixels: Pixels
    labels: Ints
    units: Ints
    fields: NDArray[np.float64] | None = None
    planes: dict[Plane, Pixels] = field(default_factory=dict)

    def take(self, rows: Ints) -> "Part":
        """The same for some rows."""
        planes = {plane: pixels[rows] for plane, pixels in self.planes.items()}
        fields = None if self.fields is None else self.fields[rows]
        return Part(self.pixels[rows], self.labels[rows], self.units[rows], fields, planes)


@dataclass(frozen=True, slots=True)
class SplitRead:
    """A part, the names of its patients in the order of their numbers, and digests.

    ``scans`` are the digests of all scans in stored order, classes or none; ``images`` those of the pixels of the part.
    """

    part: Part
    patients: list[str]
    scans: list[str]
    images: frozenset[str]


def read_split(cohort: Cohort, split: Split, suite: Suite) -> SplitRead:
    """Every image of a split that has a class, or the middle slices of every volume.

    Raises:
        CohortError: a size is not the suite's.
    """
    kept, digests, cuts = list[Scan](), list[str](), list[dict[Plane, Pixels]]()
    for scan in cohort.scans(split):
        digests.append(scan_digest(scan))
        if scan.orientation in CLASSES:
            cuts.append(cut(scan, suite, str(cohort.root)))
            kept.append(scan_without_pixels(scan))
    patients, units = np.unique([scan.patient_id or scan.scan_id for scan in kept], return_inverse=True)
    planes = {plane: _stacked([each[plane] for each in cuts]) for plane in suite.planes}
    labels = np.array([CLASSES.index(scan.orientation) for scan in kept], np.int64)
    pixels = planes.pop(Plane.SAGITTAL)
    part = Part(pixels, labels, units.astype(np.int64), field_strengths(kept), planes)
    images = frozenset(map(digest_array, pixels))
    limit = suite.images_per_patient if split is Split.TEST else None
    return SplitRead(part.take(by_turns(part.units, limit)), [str(name) for name in patients], digests, images)


def cut(scan: Scan, suite: Suite, place: str) -> dict[Plane, Pixels]:
    """The image of a scan, or the middle slices of a volume, (1, size, size) each.

    Raises:
        CohortError: it has another size.
    """
    shape = scan.pixels.shape
    if shape[-2:] != (suite.size, suite.size) or len(shape) != suite.dims:
        raise CohortError(f"{place}: found {scan.scan_id} of {shape}, expected {suite.size} x {suite.size} pixels")
    pixels = scan.pixels.astype(np.uint16)[None]
    if suite.dims == 2:
        return {Plane.SAGITTAL: pixels}
    slice_mm, pixel_mm = scan.spacing_mm[0], scan.spacing_mm[1]
    return {plane: middle_slices(pixels, plane, slice_mm, pixel_mm) for plane in suite.planes}


def scan_without_pixels(scan: Scan) -> Scan:
    """The facts of a scan."""
    return replace(scan, pixels=np.empty(0, np.uint16), mask=None)


def _stacked(pieces: list[Pixels]) -> Pixels:
    return np.concatenate(pieces) if pieces else np.empty((0, 0, 0), np.uint16)


def by_turns(units: Ints, limit: int | None = None) -> Ints:
    """Rows in an order in which every patient has one image before any has two; at most ``limit`` of each.

    Patients begin with different ones of their images, so that the first of all patients show all places, and each
    goes on with one that is not next to it.
    """
    order, turn = [], []
    for unit in np.unique(units):
        own = np.flatnonzero(units == unit)
        apart = np.concatenate([np.arange(0, len(own), 2), np.arange(1, len(own), 2)])
        order.append(own[(apart + unit) % len(own)][:limit])
        turn.append(np.arange(len(order[-1])))
    if not order:
        return np.empty(0, np.int64)
    return np.concatenate(order)[np.argsort(np.concatenate(turn), kind="stable")]
