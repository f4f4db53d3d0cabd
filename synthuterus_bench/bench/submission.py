"""What is handed in for evaluation: checked whole, before any work begins."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.tables import is_tables
from synthuterus_bench.bench.images import Intensity, too_few
from synthuterus_bench.bench.parts import cut
from synthuterus_bench.bench.plain import read_images
from synthuterus_bench.bench.provenance import Provenance, describe_generator, read_provenance
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.volumes import read_class_volumes
from synthuterus_bench.cohorts.layout import audit_file, config_of, configs_in, is_cohort
from synthuterus_bench.cohorts.record import Scan, field_strengths
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import CohortError, Fault, ScanError, SubmissionError
from synthuterus_bench.repro import digest_array, digest_json, stream
from synthuterus_bench.vocab import CLASSES, Orientation, Plane

UNNAMED = "unnamed"
NO_CLASS = len(CLASSES)
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Submission:
    """The images to evaluate, in the suite's view and 16-bit window.

    Attributes:
        pixels: (n, size, size).
        labels: class index of each, (n,); ``NO_CLASS`` for one that was measured ``ambiguous``.
        units: which images are of one (synthetic) patient, (n,).
        digests: SHA-256 of the pixels of each.
        found: how many images of each class there were before the suite took its share.
        dims: 3 where the images are the middle slices of volumes.
        generated: whether they were drawn here, from a generator without an index of its training images.
        fields: tesla that each was asked to have, (n,), NaN where none was said; None where nothing is said of any.
        planes: of volumes in a suite of volumes, the middle slices of the planes beside the sagittal one.
    """

    pixels: NDArray[np.uint16]
    labels: Ints
    units: Ints
    digests: tuple[str, ...]
    found: dict[str, int]
    manifest_sha256: str
    intensity: Intensity
    generator: Generator
    provenance: Provenance
    dims: int = 2
    generated: bool = False
    fields: NDArray[np.float64] | None = None
    planes: dict[Plane, NDArray[np.uint16]] = field(default_factory=dict)

    @property
    def per_class(self) -> dict[str, int]:
        """How many images of each class are evaluated, and where classes were measured how many have none."""
        names = (*CLASSES, Orientation.AMBIGUOUS) if self.measured else CLASSES
        return {str(name): int(np.sum(self.labels == k)) for k, name in enumerate(names)}

    @property
    def measured(self) -> bool:
        """Whether classes are those measured on the images, for lack of any that were asked for."""
        return self.provenance.measured


def load_submission(path: Path, suite: Suite, name: str | None = None) -> Submission:
    """Read a release or cohort folder, a folder with a subfolder of images a class, one of tables, or an archive.

    Args:
        name: what the generator is called; by default what the images of a release say.

    Raises:
        SubmissionError: it cannot be evaluated by ``suite``; the message names what was found and expected, of every
            fault.
    """
    if not path.exists():
        raise SubmissionError(
            f"{path}: found nothing there, expected a folder of images, a release or a cohort", fault=Fault.LAYOUT
        )
    read = _read_cohort if is_cohort(path) else _read_plain
    return select(read(path, suite, name), suite, path)


def suited(path: Path, suite: Suite) -> Path:
    """The config of a release that ``suite`` evaluates: the one of its view, images before volumes where it takes both;
    else ``path``.
    """
    fitting = (config_of(suite.view, dims) for dims in (2, 3) if dims >= suite.dims)
    return next((path / config for config in fitting if config in configs_in(path)), path)


def _read_plain(path: Path, suite: Suite, name: str | None) -> Submission:
    if suite.dims == 3 and path.is_dir() and not is_tables(path):
        volumes = read_class_volumes(path, suite.size, suite.min_per_class)
        planes = dict(volumes.planes)
        return _plain(planes.pop(Plane.SAGITTAL), volumes.labels, volumes.intensity, name, planes)
    if suite.dims == 3:
        raise SubmissionError(
            f"{path}: found images, expected volumes for suite {suite.id}",
            "give a release of volumes, or subfolders of .nii or .nii.gz files",
            Fault.LAYOUT,
        )
    images = read_images(path, suite.size, suite.min_per_class)
    return _plain(images.pixels, images.labels, images.intensity, name, {})


def _plain(
    pixels: NDArray[np.uint16],
    labels: Ints,
    intensity: Intensity,
    name: str | None,
    planes: dict[Plane, NDArray[np.uint16]],
) -> Submission:
    digests = tuple(digest_array(image) for image in pixels)
    content = sorted((CLASSES[label], digest) for label, digest in zip(labels, digests, strict=True))
    units = np.arange(len(labels))
    made, dims = Generator(name=name or UNNAMED, dims=3 if planes else 2), 3 if planes else 2
    return Submission(
        pixels, labels, units, digests, {}, digest_json(content), intensity, made, Provenance(), dims, planes=planes
    )


def _read_cohort(path: Path, suite: Suite, name: str | None) -> Submission:
    try:
        cohort = load_cohort(suited(path, suite))
        _check_manifest(cohort, suite)
        provenance = read_provenance(audit_file(cohort.home, cohort.config))
        read = [cuts for cuts in _slices(cohort, suite) if provenance.measured or cuts[0].orientation in CLASSES]
    except CohortError as error:
        raise SubmissionError(error.message, error.hint, Fault.UNREADABLE) from None
    except ScanError as error:
        raise SubmissionError(f"{path}: {error.message}", error.hint, Fault.UNREADABLE) from None
    scans = [scan for scan, _ in read]
    _check_scans(scans, suite, path, provenance.measured)
    made_by = {scan.generator for scan in scans if scan.generator}
    model = made_by.pop() if len(made_by) == 1 else None
    patients = [scan.patient_id or scan.scan_id for scan in scans]
    return Submission(
        np.stack([scan.pixels for scan in scans]).astype(np.uint16),
        np.array([label_of(scan.orientation) for scan in scans]),
        np.unique(patients, return_inverse=True)[1],
        tuple(digest_array(scan.pixels) for scan in scans),
        {},
        cohort.manifest.digest,
        "window",
        describe_generator(
            name or (model or cohort.manifest.name).partition("@")[0], model, cohort.manifest.dims, provenance.weights
        ),
        provenance,
        cohort.manifest.dims,
        fields=field_strengths(scans),
        planes={plane: np.concatenate([planes[plane] for _, planes in read]) for plane in suite.planes[1:]},
    )


def label_of(orientation: Orientation) -> int:
    """Index of a class, ``NO_CLASS`` for ``ambiguous``."""
    return CLASSES.index(orientation) if orientation in CLASSES else NO_CLASS


def _check_manifest(cohort: Cohort, suite: Suite) -> None:
    manifest, root = cohort.manifest, cohort.root
    if manifest.view is not suite.view:
        raise SubmissionError(f"{root}: found view {manifest.view}, expected {suite.view} for suite {suite.id}")
    if manifest.dims < suite.dims:
        raise SubmissionError(f"{root}: found images, expected volumes for suite {suite.id}")
    if manifest.intensity != "window":
        raise SubmissionError(
            f"{root}: found a cohort in the scanner's own intensities, expected a prepared one",
            f"prepare it first: synthbench prep {root} --view {suite.view} --out DIR",
        )


def _slices(cohort: Cohort, suite: Suite) -> Iterator[tuple[Scan, dict[Plane, NDArray[np.uint16]]]]:
    """Every image, or the middle sagittal slice of every volume with those of the suite's other planes."""
    for scan in cohort.scans():
        cuts = cut(scan, suite, str(cohort.root)) if suite.dims == 3 else {}
        yield replace(scan, pixels=scan.pixels[len(scan.pixels) // 2]) if scan.pixels.ndim == 3 else scan, cuts


def _check_scans(scans: list[Scan], suite: Suite, path: Path, measured: bool) -> None:
    faults = Faults()
    for scan in scans:
        place, expected = f"{path}: scan {scan.scan_id}", f"{suite.size} x {suite.size}"
        if scan.pixels.shape != (suite.size, suite.size):
            faults.add(
                SubmissionError(f"{place}: found {scan.pixels.shape} pixels, expected {expected}", fault=Fault.SIZE)
            )
        elif scan.pixels.dtype != np.uint16 or np.ptp(scan.pixels) == 0:
            found = f"a constant or {scan.pixels.dtype} image"
            faults.add(SubmissionError(f"{place}: found {found}, expected 16 bit", fault=Fault.CONSTANT))
    counts = {name: sum(scan.orientation is name for scan in scans) for name in CLASSES}
    if not measured and not all(counts.values()):
        found = ", ".join(name for name, count in counts.items() if count) or "none"
        faults.add(
            SubmissionError(f"{path}: found classes {found}; expected {', '.join(CLASSES)}", fault=Fault.CLASSES)
        )
    if faults.found and not measured:
        faults.add(*too_few({name: count for name, count in counts.items() if count}, suite.min_per_class, path))
    faults.stop()


def select(whole: Submission, suite: Suite, path: Path) -> Submission:
    """The suite's share of each class, or of all images where classes were measured.

    Drawn by content, so that names and order of files do not matter.

    Raises:
        SubmissionError: there are too few.
    """
    found = whole.per_class
    rows = _share_of_all(whole, suite, path) if whole.measured else _share_of_each(whole, suite, path)
    return replace(
        whole,
        pixels=whole.pixels[rows],
        labels=whole.labels[rows],
        units=whole.units[rows],
        digests=tuple(whole.digests[row] for row in rows),
        found=found,
        fields=None if whole.fields is None else whole.fields[rows],
        planes={plane: pixels[rows] for plane, pixels in whole.planes.items()},
    )


def _share_of_each(whole: Submission, suite: Suite, path: Path) -> Ints:
    if few := too_few(whole.per_class, suite.min_per_class, path):
        raise SubmissionError.of(few)
    shares = [_share(whole, np.flatnonzero(whole.labels == k), k) for k in range(len(CLASSES))]
    return np.concatenate([rows[: suite.n_per_class] for rows in shares])


def _share_of_all(whole: Submission, suite: Suite, path: Path) -> Ints:
    least = suite.min_per_class * len(CLASSES)
    if len(whole.labels) < least:
        raise SubmissionError(f"{path}: found {len(whole.labels)} images, expected at least {least}", fault=Fault.COUNT)
    return _share(whole, np.arange(len(whole.labels)), "all")[: suite.n_per_class * len(CLASSES)]


def _share(whole: Submission, rows: Ints, name: int | str) -> Ints:
    by_content = rows[np.argsort([whole.digests[row] for row in rows], kind="stable")]
    return stream(0, "share", name).permutation(by_content)
