"""What is handed in for evaluation: checked whole, before any work begins."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.folder import Intensity, read_class_folders
from synthuterus_bench.bench.provenance import Provenance, describe_generator, read_provenance
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import CohortError, SubmissionError
from synthuterus_bench.repro import digest_array, digest_json, stream
from synthuterus_bench.vocab import CLASSES

UNNAMED = "unnamed"
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Submission:
    """The images to evaluate, in the suite's view and 16-bit window.

    Attributes:
        pixels: (n, size, size).
        labels: class index of each, (n,).
        units: which images are of one (synthetic) patient, (n,).
        digests: SHA-256 of the pixels of each.
        found: how many images of each class there were before the suite took its share.
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

    @property
    def per_class(self) -> dict[str, int]:
        """How many images of each class are evaluated."""
        return {str(name): int(np.sum(self.labels == k)) for k, name in enumerate(CLASSES)}


def load_submission(path: Path, suite: Suite, name: str | None = None) -> Submission:
    """Read a release or cohort folder, or a folder with a subfolder of images a class.

    Args:
        name: what the generator is called; by default what the images of a release say.

    Raises:
        SubmissionError: it cannot be evaluated by ``suite``; the message names what was found and expected.
    """
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing there"
        raise SubmissionError(f"{path}: found {found}, expected a folder of images, a release or a cohort")
    read = _read_cohort if (path / "cohort.json").exists() else _read_folder
    return _select(read(path, suite, name), suite, path)


def _read_folder(path: Path, suite: Suite, name: str | None) -> Submission:
    images = read_class_folders(path, suite.size)
    digests = tuple(digest_array(pixels) for pixels in images.pixels)
    content = sorted((CLASSES[label], digest) for label, digest in zip(images.labels, digests, strict=True))
    return Submission(
        images.pixels,
        images.labels,
        np.arange(len(images.labels)),
        digests,
        {},
        digest_json(content),
        images.intensity,
        Generator(name=name or UNNAMED),
        Provenance(),
    )


def _read_cohort(path: Path, suite: Suite, name: str | None) -> Submission:
    try:
        cohort = load_cohort(path)
        _check_manifest(cohort, suite)
        scans = [scan for scan in _slices(cohort) if scan.orientation in CLASSES]
    except CohortError as error:
        raise SubmissionError(error.message, error.hint) from None
    _check_scans(scans, suite, path)
    made_by = {scan.generator for scan in scans if scan.generator}
    model = made_by.pop() if len(made_by) == 1 else None
    provenance = read_provenance(path)
    patients = [scan.patient_id or scan.scan_id for scan in scans]
    return Submission(
        np.stack([scan.pixels for scan in scans]).astype(np.uint16),
        np.array([CLASSES.index(scan.orientation) for scan in scans]),
        np.unique(patients, return_inverse=True)[1],
        tuple(digest_array(scan.pixels) for scan in scans),
        {},
        cohort.manifest.digest,
        "window",
        describe_generator(
            name or (model or cohort.manifest.name).partition("@")[0], model, cohort.manifest.dims, provenance.weights
        ),
        provenance,
    )


def _check_manifest(cohort: Cohort, suite: Suite) -> None:
    manifest, root = cohort.manifest, cohort.root
    if manifest.view is not suite.view:
        raise SubmissionError(f"{root}: found view {manifest.view}, expected {suite.view} for suite {suite.id}")
    if manifest.intensity != "window":
        raise SubmissionError(
            f"{root}: found a cohort in the scanner's own intensities, expected a prepared one",
            f"prepare it first: synthbench prep {root} --view {suite.view} --out DIR",
        )


def _slices(cohort: Cohort) -> Iterator[Scan]:
    for scan in cohort.scans():
        yield replace(scan, pixels=scan.pixels[len(scan.pixels) // 2]) if scan.pixels.ndim == 3 else scan


def _check_scans(scans: list[Scan], suite: Suite, path: Path) -> None:
    for scan in scans:
        place = f"{path}: scan {scan.scan_id}"
        if scan.pixels.shape != (suite.size, suite.size):
            raise SubmissionError(f"{place}: found {scan.pixels.shape} pixels, expected {suite.size} x {suite.size}")
        if scan.pixels.dtype != np.uint16 or np.ptp(scan.pixels) == 0:
            raise SubmissionError(f"{place}: found a constant or {scan.pixels.dtype} image, expected 16 bit")
    counts = {name: sum(scan.orientation is name for scan in scans) for name in CLASSES}
    if not all(counts.values()):
        found = ", ".join(name for name, count in counts.items() if count) or "none"
        raise SubmissionError(f"{path}: found classes {found}; expected {', '.join(CLASSES)}")


def _select(whole: Submission, suite: Suite, path: Path) -> Submission:
    """The suite's share of each class: drawn by content, so that names and order of files do not matter."""
    found = whole.per_class
    few = next((name for name, count in found.items() if count < suite.min_per_class), None)
    if few:
        raise SubmissionError(f"{path}: found {found[few]} images of {few}, expected at least {suite.min_per_class}")
    rows = np.concatenate([_share(whole, k, suite) for k in range(len(CLASSES))])
    return replace(
        whole,
        pixels=whole.pixels[rows],
        labels=whole.labels[rows],
        units=whole.units[rows],
        digests=tuple(whole.digests[row] for row in rows),
        found=found,
    )


def _share(whole: Submission, label: int, suite: Suite) -> Ints:
    rows = np.flatnonzero(whole.labels == label)
    by_content = rows[np.argsort([whole.digests[row] for row in rows], kind="stable")]
    return stream(0, "share", label).permutation(by_content)[: suite.n_per_class]
