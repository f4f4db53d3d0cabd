"""The release gate: a release is whole and what it says, or it is refused. It fails closed."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthuterus_bench.cohorts.phi.scan import check_clean
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.log import AUDIT_FILE, read_log
from synthuterus_bench.repro import digest_array, digest_file, write_atomic
from synthuterus_bench.vocab import Orientation

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """``SHA256SUMS`` over every other file, as ``sha256sum -c`` reads it."""
    lines = [f"{digest_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    write_atomic(folder / CHECKSUMS, "".join(lines))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the gate looks at in a row, without its pixels."""

    scan_id: str
    seed: int | None
    orientation: Orientation
    digest: str
    constant: bool


def check_release(folder: Path) -> None:
    """Checksums, counts, an audit record for every row, no blank or repeated image, no trace of people or places.

    Raises:
        GateError: the first thing that is wrong.
    """
    _check_sums(folder)
    check_clean(folder)
    cohort = load_cohort(folder)
    rows = [_row(scan) for scan in cohort.scans()]
    if len(rows) != len(cohort):
        raise GateError(f"{folder}: found {len(rows)} rows, expected {len(cohort)}")
    _check_images(folder, rows)
    header, *candidates, _ = read_log(folder / AUDIT_FILE)
    kept = {record["seed"]: record for record in candidates if record["decision"] == "accepted"}
    for row in rows:
        record = kept.get(row.seed)
        if record is None or record["orientation"] != row.orientation:
            raise GateError(f"{folder}: {row.scan_id} has no accepted audit record")
        if record["max_similarity"] > header["threshold"]:
            raise GateError(f"{folder}: {row.scan_id} has similarity {record['max_similarity']} above the threshold")
    if len(kept) != len(rows):
        raise GateError(f"{folder}: found {len(kept)} accepted audit records, expected {len(rows)}, one a row")


def _row(scan: Scan) -> _Row:
    return _Row(scan.scan_id, scan.seed, scan.orientation, digest_array(scan.pixels), constant=not np.ptp(scan.pixels))


def _check_sums(folder: Path) -> None:
    file = folder / CHECKSUMS
    if not file.is_file():
        raise GateError(f"{folder}: no {CHECKSUMS}")
    lines = [line.split("  ", 1) for line in file.read_text().splitlines()]
    said = {name: digest for digest, name in lines}
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    odd = sorted(set(said) ^ set(there))
    if odd:
        raise GateError(f"{folder}: {odd[0]} is in {CHECKSUMS} or in the folder, not in both")
    for name, path in there.items():
        if digest_file(path) != said[name]:
            raise GateError(f"{folder}: {name} does not have the digest that {CHECKSUMS} says")


def _check_images(folder: Path, rows: list[_Row]) -> None:
    digests = Counter(row.digest for row in rows)
    for row in rows:
        if row.constant:
            raise GateError(f"{folder}: {row.scan_id} is constant")
        if digests[row.digest] > 1:
            raise GateError(f"{folder}: {row.scan_id} occurs twice")
