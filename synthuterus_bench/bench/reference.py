"""The real side of a benchmark: training and held-out images of patients of the phantom, UMD or a prepared cohort."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.parts import Part, SplitRead, read_split
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cohorts.layout import config_of
from synthuterus_bench.cohorts.rows import total_digest
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json
from synthuterus_bench.vocab import CLASSES, Split
from synthuterus_bench.workers import available_cores

PHANTOM, UMD = "phantom", "umd"
MIN_PATIENTS = 2
CACHE_VARIABLE = "SYNTHBENCH_CACHE"
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reference:
    """Training and held-out images, no patient in both; ``digests`` of the pixels of every split.

    ``public`` says that anybody may see its images.
    """

    name: str
    digest: str
    train: Part
    test: Part
    digests: dict[Split, frozenset[str]]
    public: bool = False


def unseen(name: str, digest: str) -> Reference:
    """A reference of which no image is at hand."""
    none = Part(np.empty((0, 0, 0), np.uint16), np.empty(0, np.int64), np.empty(0, np.int64))
    return Reference(name, digest, none, none, {})


def cache_folder() -> Path:
    """``$SYNTHBENCH_CACHE``, else ``~/.cache/synthuterus-bench``."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "synthuterus-bench"


def load_reference(reference: str, suite: Suite, cache: Path | None = None, track: Track = silent) -> Reference:
    """The reference of a suite.

    Args:
        reference: ``phantom``, drawn once, then kept in ``cache``; ``umd``, a prepared cohort of it that lies in
            ``cache``; or a prepared cohort folder, taken to be private.

    Raises:
        CohortError: UMD is not there; not prepared for the suite's view; altered since it was written or drawn; or a
            class lacks patients for training or testing.
    """
    cache = cache or cache_folder()
    if reference == PHANTOM:
        return read_reference(phantom_cohort(suite, cache, track), suite, public=True)
    if reference == UMD:
        return read_reference(umd_cohort(suite, cache), suite, public=True)
    return read_reference(load_cohort(reference), suite)


def phantom_cohort(suite: Suite, cache: Path, track: Track = silent) -> Cohort:
    """The suite's phantom cohort; the name of its folder depends on all that decides its bytes, code included.

    Raises:
        CohortError: what was drawn is not the frozen one.
    """
    from synthuterus_bench.cohorts.phantom.pieces import code_digest

    drawn = [suite.phantom, code_digest(), suite.view, suite.dims, suite.phantom_scans, suite.phantom_seed]
    folder = cache / "references" / digest_json(drawn)[:32]
    cohort = load_cohort(folder) if folder.exists() else draw_phantom(folder, suite, available_cores(), track)
    if suite.phantom_digest not in (None, cohort.manifest.digest):
        raise CohortError(
            f"{folder}: found digest {cohort.manifest.digest[:12]}, expected the frozen {suite.phantom_digest:.12} of "
            f"suite {suite.id}",
            "remove the folder; if the digest stays, this version does not draw the reference that entries hang on",
        )
    return cohort


def draw_phantom(folder: Path, suite: Suite, workers: int, track: Track = silent) -> Cohort:
    """Draw the phantom cohort of a suite into the new folder ``folder``."""
    from synthuterus_bench.cohorts.phantom.population import draw_cohort, draw_preset

    view, dims, seed = suite.view, suite.dims, suite.phantom_seed
    if suite.phantom_scans is None:
        return draw_preset(folder, suite.phantom, view=view, dims=dims, seed=seed, workers=workers, track=track)
    return draw_cohort(folder, scans=suite.phantom_scans, view=view, dims=dims, seed=seed, workers=workers, track=track)


def umd_cohort(suite: Suite, cache: Path) -> Cohort:
    """The prepared UMD cohort in ``cache``: ``references/umd-roi``, ``umd-full``, ``umd-volumes-roi``, ...

    Raises:
        CohortError: there is none, or it is something else.
    """
    folder = cache / "references" / f"{UMD}-{config_of(suite.view, suite.dims)}"
    if not folder.is_dir():
        kind = f"--view {suite.view}" + (" --dims 3" if suite.dims == 3 else "")
        raise CohortError(
            f"--reference {UMD}: found no {folder}, expected UMD there, prepared for suite {suite.id}",
            "get it: synthbench cohort umd --download DIR --extract, then cohort import, cohort orient, and "
            f"prep COHORT {kind} --out {folder}; see docs/evaluate.md",
        )
    cohort = load_cohort(folder)
    if cohort.manifest.name != UMD:
        raise CohortError(f"{folder}: found a cohort of {cohort.manifest.name}, expected one of {UMD}")
    return cohort


def read_reference(cohort: Cohort, suite: Suite, public: bool = False) -> Reference:
    """Both splits of a prepared cohort in the suite's view and dimension.

    Raises:
        CohortError: as for :func:`load_reference`.
    """
    manifest = cohort.manifest
    if (manifest.view, manifest.dims, manifest.intensity) != (suite.view, suite.dims, "window"):
        found = f"view {manifest.view}, {manifest.dims}D, {manifest.intensity} intensities"
        raise CohortError(
            f"{cohort.root}: found {found}; expected a prepared {suite.dims}D cohort of view {suite.view}",
            f"prepare it first: synthbench prep {cohort.root} --view {suite.view} --out DIR",
        )
    splits = {split: read_split(cohort, split, suite) for split in Split if manifest.splits.get(split)}
    _check_whole(splits, cohort)
    for split in (Split.TRAIN, Split.TEST):
        _check_part(splits.get(split), split, cohort.root)
    _check_disjoint(splits, cohort.root)
    digests = {split: read.images for split, read in splits.items()}
    train, test = (splits[split].part for split in (Split.TRAIN, Split.TEST))
    return Reference(manifest.name, manifest.digest, train, test, digests, public)


def _check_whole(splits: dict[Split, SplitRead], cohort: Cohort) -> None:
    found = total_digest(digest for read in splits.values() for digest in read.scans)
    if found != cohort.manifest.digest:
        raise CohortError(
            f"{cohort.root}: found scans of digest {found[:12]}, but its cohort.json says "
            f"{cohort.manifest.digest[:12]}: altered since it was written"
        )


def _check_part(read: SplitRead | None, split: Split, root: Path) -> None:
    for k, name in enumerate(CLASSES):
        count = len(np.unique(read.part.units[read.part.labels == k])) if read else 0
        if count < MIN_PATIENTS:
            raise CohortError(f"{root}: found {count} patients of {name} in split {split}, expected {MIN_PATIENTS}")


def _check_disjoint(splits: dict[Split, SplitRead], root: Path) -> None:
    shared = set(splits[Split.TRAIN].patients) & set(splits[Split.TEST].patients)
    if shared:
        raise CohortError(f"{root}: found patient {min(shared)} in train and test, expected no patient in both")
