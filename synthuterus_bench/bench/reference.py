"""The real side of a benchmark: training and held-out images of patients, from the phantom or a prepared cohort."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cohorts.record import field_strengths
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_array, digest_json
from synthuterus_bench.vocab import CLASSES, PresetName, Split
from synthuterus_bench.workers import available_cores

PHANTOM = "phantom"
MIN_PATIENTS = 2
CACHE_VARIABLE = "SYNTHBENCH_CACHE"
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """One split: windowed pixels (n, size, size), class index, patient number and tesla (or NaN) of each image."""

    pixels: NDArray[np.uint16]
    labels: Ints
    units: Ints
    fields: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Training and held-out images, no patient in both; ``digests`` of the pixels of every split."""

    name: str
    digest: str
    train: Part
    test: Part
    digests: dict[Split, frozenset[str]]


def cache_folder() -> Path:
    """``$SYNTHBENCH_CACHE``, else ``~/.cache/synthuterus-bench``."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "synthuterus-bench"


def load_reference(reference: str, suite: Suite, cache: Path | None = None, track: Track = silent) -> Reference:
    """The reference of a suite: ``phantom`` (drawn once, then kept in ``cache``) or a prepared cohort folder.

    Raises:
        CohortError: not prepared for the suite's view, or a class lacks patients for training or testing.
    """
    if reference == PHANTOM:
        return read_reference(phantom_cohort(suite, cache or cache_folder(), track), suite)
    return read_reference(load_cohort(reference), suite)


def phantom_cohort(suite: Suite, cache: Path, track: Track = silent) -> Cohort:
    """The suite's phantom cohort; the name of its folder depends on all that decides its bytes, code included."""
    from synthuterus_bench.cohorts.phantom.pieces import code_digest
    from synthuterus_bench.cohorts.phantom.population import draw_cohort

    key = digest_json([PresetName.V1, code_digest(), suite.view, suite.phantom_scans, suite.phantom_seed])
    folder = cache / "references" / key[:32]
    if folder.exists():
        return load_cohort(folder)
    return draw_cohort(
        folder,
        scans=suite.phantom_scans,
        view=suite.view,
        seed=suite.phantom_seed,
        workers=available_cores(),
        track=track,
    )


def read_reference(cohort: Cohort, suite: Suite) -> Reference:
    """Both splits of a prepared 2D cohort in the suite's view.

    Raises:
        CohortError: as for :func:`load_reference`.
    """
    manifest = cohort.manifest
    if (manifest.view, manifest.dims, manifest.intensity) != (suite.view, 2, "window"):
        found = f"view {manifest.view}, {manifest.dims}D, {manifest.intensity} intensities"
        raise CohortError(
            f"{cohort.root}: found {found}; expected a prepared 2D cohort of view {suite.view}",
            f"prepare it first: synthbench prep {cohort.root} --view {suite.view} --out DIR",
        )
    splits = {split: _read_split(cohort, split) for split in Split if manifest.splits.get(split)}
    for split in (Split.TRAIN, Split.TEST):
        _check_part(splits.get(split), split, suite, cohort.root)
    _check_disjoint(splits, cohort.root)
    digests = {split: frozenset(map(digest_array, pixels)) for split, (pixels, *_) in splits.items()}
    train, test = (_numbered(*splits[split]) for split in (Split.TRAIN, Split.TEST))
    return Reference(manifest.name, manifest.digest, train, test, digests)


_Split = tuple[NDArray[np.uint16], Ints, list[str], NDArray[np.float64]]


def _read_split(cohort: Cohort, split: Split) -> _Split:
    scans = [scan for scan in cohort.scans(split) if scan.orientation in CLASSES]
    labels = np.array([CLASSES.index(scan.orientation) for scan in scans], np.int64)
    pixels = np.stack([scan.pixels for scan in scans]) if scans else np.empty((0, 0, 0), np.uint16)
    patients = [scan.patient_id or scan.scan_id for scan in scans]
    return pixels.astype(np.uint16), labels, patients, field_strengths(scans)


def _numbered(pixels: NDArray[np.uint16], labels: Ints, patients: list[str], fields: NDArray[np.float64]) -> Part:
    return Part(pixels, labels, np.unique(patients, return_inverse=True)[1].astype(np.int64), fields)


def _check_part(part: _Split | None, split: Split, suite: Suite, root: Path) -> None:
    pixels, labels, patients = part[:3] if part else (np.empty((0, 0, 0), np.uint16), np.empty(0, np.int64), [])
    if len(labels) and pixels.shape[1:] != (suite.size, suite.size):
        raise CohortError(f"{root}: found images of {pixels.shape[1:]}, expected {suite.size} x {suite.size}")
    for k, name in enumerate(CLASSES):
        count = len({patient for patient, label in zip(patients, labels, strict=True) if label == k})
        if count < MIN_PATIENTS:
            raise CohortError(f"{root}: found {count} patients of {name} in split {split}, expected {MIN_PATIENTS}")


def _check_disjoint(splits: dict[Split, _Split], root: Path) -> None:
    shared = set(splits[Split.TRAIN][2]) & set(splits[Split.TEST][2])
    if shared:
        raise CohortError(f"{root}: found patient {min(shared)} in train and test, expected no patient in both")
