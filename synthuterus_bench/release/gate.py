"""The release gate: a release is whole and what it says, or it is refused. It fails closed."""

from collections import Counter
from pathlib import Path

import numpy as np

from synthuterus_bench.cohorts.phi.scan import check_clean
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.log import AUDIT_FILE, read_log
from synthuterus_bench.repro import digest_array, digest_file, write_atomic

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """``SHA256SUMS`` over every other file, as ``sha256sum -c`` reads it."""
    lines = [f"{digest_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    write_atomic(folder / CHECKSUMS, "".join(lines))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)


def check_release(folder: Path) -> None:
    """Checksums, counts, an audit record for every row, no blank or repeated image, no trace of people or places.

    Raises:
        GateError: the first thing that is wrong.
    """
    _check_sums(folder)
    check_clean(folder)
    cohort = load_cohort(folder)
    scans = list(cohort.scans())
    if len(scans) != len(cohort):
        raise GateError(f"{folder}: found {len(scans)} rows, expected {len(cohort)}")
    _check_images(folder, scans)
    header, *candidates, _ = read_log(folder / AUDIT_FILE)
    kept = {record["seed"]: record for record in candidates if record["decision"] == "accepted"}
    for scan in scans:
        record = kept.get(scan.seed)
        if record is None or record["orientation"] != scan.orientation:
            raise GateError(f"{folder}: {scan.scan_id} has no accepted audit record")
        if record["max_similarity"] > header["threshold"]:
            raise GateError(f"{folder}: {scan.scan_id} has similarity {record['max_similarity']} above the threshold")
    if len(kept) != len(scans):
        raise GateError(f"{folder}: found {len(kept)} accepted audit records, expected {len(scans)}, one a row")


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


def _check_images(folder: Path, scans: list[Scan]) -> None:
    digests = Counter(digest_array(scan.pixels) for scan in scans)
    for scan in scans:
        if np.ptp(scan.pixels) == 0:
            raise GateError(f"{folder}: {scan.scan_id} is constant")
        if digests[digest_array(scan.pixels)] > 1:
            raise GateError(f"{folder}: {scan.scan_id} occurs twice")
