"""What the gate looks at in the rows of a config: facts, pictures, repeats. One row is in memory at a time."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.prompt import parse
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.rows import PIXEL_COLUMN, decode_row, scan_digest
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import GateError, UsageError
from synthuterus_bench.prep.spatial import SLICES, SPACING_MM
from synthuterus_bench.release.croissant import EMPTY
from synthuterus_bench.release.headers import check_nifti, check_parquet, check_png
from synthuterus_bench.repro import digest_array
from synthuterus_bench.vocab import VIEW_SIZE, Split

SOURCE = "synthetic"
_NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
_GENERATOR = re.compile(r"[a-z0-9-]{1,60}@[0-9a-f]{12}")
_ONE_VALUE = 0.999
"""Share of pixels with one value from which on a picture shows nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared with the audit log."""

    scan_id: str
    seed: int
    orientation: str
    prompt: str | None
    generator: str
    max_similarity: float


def check_rows(cohort: Cohort) -> Iterator[Row]:
    """Look at every row; at the end at what their number and digest say about the whole.

    Raises:
        GateError: the first thing that is wrong.
    """
    for path in cohort.files():
        check_parquet(path, cohort.manifest.dims, f"{cohort.config}/{path.name}")
    total, count = hashlib.sha256(), 0
    names: set[str] = set()
    seen: set[bytes] = set()
    for row in cohort.rows():
        place = f"{cohort.config}: row {count}"
        _check_picture(row, cohort, place)
        scan = decode_row(row, cohort.manifest.dims)
        _check_facts(row, scan, cohort, place)
        _check_pixels(scan.pixels, cohort, f"{cohort.config}: {scan.scan_id}")
        _check_once(scan, names, seen, str(cohort.config))
        total.update(scan_digest(scan).encode())
        count += 1
        yield Row(scan.scan_id, scan.seed, scan.orientation, scan.prompt, scan.generator, scan.max_similarity)  # type: ignore[arg-type]
    _check_whole(cohort, count, total.hexdigest())


def _check_picture(row: dict[str, Any], cohort: Cohort, place: str) -> None:
    """Bytes and name of the picture itself."""
    dims = cohort.manifest.dims
    picture, suffix = row[PIXEL_COLUMN[dims]], ".png" if dims == 2 else ".nii.gz"
    if not _NAME.fullmatch(str(row["scan_id"])):
        raise GateError(f"{place}: found a name of other signs than letters, digits, - and _")
    if not picture or not picture["bytes"] or picture["path"] != f"{row['scan_id']}{suffix}":
        raise GateError(f"{place}: found a picture without bytes or with a path, expected {row['scan_id']}{suffix}")
    (check_png if dims == 2 else check_nifti)(picture["bytes"], f"{cohort.config}: {row['scan_id']}")


def _check_facts(row: dict[str, Any], scan: Scan, cohort: Cohort, place: str) -> None:
    told = [name for name in EMPTY if row[name] is not None]
    if told:
        raise GateError(f"{place}: found a value in {told[0]}, expected none in a release")
    if scan.source != SOURCE or scan.split is not Split.TRAIN or scan.view is not cohort.manifest.view:
        found = f"source {scan.source}, split {scan.split}, view {scan.view}"
        raise GateError(f"{place}: found {found}, expected {SOURCE}, train, {cohort.manifest.view}")
    if None in (scan.seed, scan.max_similarity) or not _GENERATOR.fullmatch(scan.generator or ""):
        raise GateError(f"{place}: found no seed, similarity or generator, expected all three")
    if scan.spacing_mm != SPACING_MM[cohort.manifest.dims]:
        raise GateError(f"{place}: found spacing {scan.spacing_mm}, expected {SPACING_MM[cohort.manifest.dims]}")
    try:
        parse(scan.prompt) if scan.prompt is not None else None
    except UsageError:
        raise GateError(f"{place}: found a prompt that is not in the grammar") from None


def _check_pixels(pixels: NDArray[np.generic], cohort: Cohort, place: str) -> None:
    side = VIEW_SIZE[cohort.manifest.view]
    shape = (side, side) if cohort.manifest.dims == 2 else (SLICES, side, side)
    if pixels.shape != shape or pixels.dtype != np.uint16:
        raise GateError(f"{place}: found {pixels.dtype} pixels of {pixels.shape}, expected uint16 of {shape}")
    if not np.ptp(pixels):
        raise GateError(f"{place} is constant")
    if np.bincount(pixels.ravel()).max() >= _ONE_VALUE * pixels.size:
        raise GateError(f"{place} is blank: all but a thousandth of its pixels have one value")


def _check_once(scan: Scan, names: set[str], seen: set[bytes], config: str) -> None:
    digest = bytes.fromhex(digest_array(scan.pixels))
    if scan.scan_id in names or digest in seen:
        raise GateError(f"{config}: {scan.scan_id} occurs twice, by its name or its pixels")
    names.add(scan.scan_id)
    seen.add(digest)


def _check_whole(cohort: Cohort, count: int, digest: str) -> None:
    if count != len(cohort) or set(cohort.manifest.splits) != {Split.TRAIN}:
        raise GateError(f"{cohort.config}: found {count} rows, cohort.json says {len(cohort)} of train")
    if digest != cohort.manifest.digest:
        raise GateError(f"{cohort.config}: found rows of digest {digest[:12]}, cohort.json says another")
