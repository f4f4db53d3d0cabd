"""From files to a submission: everything is looked at before any work begins, and every fault is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.tables import is_tables
from synthuterus_bench.bench.images import ClassImages, too_few
from synthuterus_bench.bench.parts import cut
from synthuterus_bench.bench.plain import archive_at, read_images
from synthuterus_bench.bench.provenance import Provenance, describe_generator, read_provenance
from synthuterus_bench.bench.submission import UNNAMED, Form, Submission, label_of, select
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.volumes import read_class_volumes
from synthuterus_bench.cohorts.layout import audit_file, config_of, configs_in, is_cohort
from synthuterus_bench.cohorts.record import Dims, Scan, field_strengths
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import HIGH, LOW
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import CohortError, Fault, ScanError, SubmissionError
from synthuterus_bench.repro import digest_array, digest_json
from synthuterus_bench.vocab import CLASSES, Plane


def load_submission(path: Path, suite: Suite, name: str | None = None) -> Submission:
    """Read a release or cohort folder, a folder with a subfolder of images a class, one of tables, or an archive.

    Args:
        name: what the generator is called; by default what the images of a release say.

    Raises:
        SubmissionError: it cannot be evaluated by ``suite``; the message names what was found and expected, of every
            fault.
    """
    return select(read_whole(path, suite, name), suite, path)


def read_whole(path: Path, suite: Suite, name: str | None = None) -> Submission:
    """All images at ``path``, before the suite takes its share; see :func:`load_submission`."""
    if not path.exists():
        raise SubmissionError(
            f"{path}: found nothing there, expected a folder of images, a release or a cohort", fault=Fault.LAYOUT
        )
    return (_read_cohort if is_cohort(path) else _read_plain)(path, suite, name)


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
        images = ClassImages(planes.pop(Plane.SAGITTAL), volumes.labels, volumes.intensity, volumes.names)
        return _plain(images, name, planes, Form.FOLDERS, suite)
    if suite.dims == 3:
        raise SubmissionError(
            f"{path}: found images, expected volumes for suite {suite.id}",
            "give a release of volumes, or subfolders of .nii or .nii.gz files",
            Fault.LAYOUT,
        )
    return _plain(read_images(path, suite.size, suite.min_per_class), name, {}, _form(path), suite)


def _form(path: Path) -> Form:
    return Form.ARCHIVE if archive_at(path) else Form.TABLES if is_tables(path) else Form.FOLDERS


def preprocessing(suite: Suite, **done: Any) -> str:
    """Digest of what was done to pixels: the suite's frame and window, and what else was ``done``."""
    frame = {"size": suite.size, "pixel_mm": suite.pixel_mm, "window": [LOW, HIGH]}
    return digest_json(frame | done)


def _plain(
    images: ClassImages, name: str | None, planes: dict[Plane, NDArray[np.uint16]], form: Form, suite: Suite
) -> Submission:
    digests = tuple(digest_array(image) for image in images.pixels)
    content = sorted((CLASSES[label], digest) for label, digest in zip(images.labels, digests, strict=True))
    dims: Dims = 3 if planes else 2
    return Submission(
        images.pixels,
        images.labels,
        np.arange(len(digests)),
        digests,
        {},
        digest_json(content),
        images.intensity,
        Generator(name=name or UNNAMED, dims=dims),
        Provenance(),
        dims,
        planes=planes,
        form=form,
        preprocess=preprocessing(suite, intensity=images.intensity),
        names=images.names,
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
        form=Form.COHORT,
        names=tuple(scan.scan_id for scan in scans),
        preprocess=preprocessing(suite, intensity="window", prep=cohort.manifest.prep),
    )


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
