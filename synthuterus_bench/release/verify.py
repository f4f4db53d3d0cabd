"""Verifying the audit of a release: the chain of its log, its checksums, and its scores against the reference."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import DataError, GateError
from synthuterus_bench.privacy.encoders import Encoder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.gate import check_release

TOLERANCE = 1e-3
"""Between similarities of one image on two machines, and of an index stored in 8 bits and one in 16."""


@dataclass(frozen=True)
class Verified:
    """What was verified: records of each log by its name, and how many scores were recomputed."""

    records: dict[str, int]
    scores: int
    largest_difference: float | None


def verify(
    release: Path, reference: Cohort | None = None, encoder: Encoder | None = None, track: Track = silent
) -> Verified:
    """Check chains first, for they name the record, then the whole gate, then the scores if there is a reference.

    Raises:
        DataError: a record was changed, dropped, inserted or reordered; the message names it.
        GateError: the release does not pass the gate, or a score is not what the log says.
    """
    logs = {path.stem: (path, read_log(path)) for path in sorted((release / "audit").glob("*.jsonl"))}
    if not logs:
        raise DataError(f"{release}: no audit log in it, expected audit/*.jsonl")
    check_release(release)
    differences: list[float] = []
    if reference is not None and encoder is not None:
        for name, (path, log) in logs.items():
            own = release / name
            cohort = load_cohort(own if (own / "cohort.json").is_file() else release)
            differences += _differences(cohort, path, log, reference, encoder, track)
    counts = {name: len(log) - 2 for name, (_, log) in logs.items()}
    return Verified(counts, len(differences), max(differences, default=None))


def _differences(
    release: Cohort, path: Path, log: list[dict[str, Any]], reference: Cohort, encoder: Encoder, track: Track
) -> list[float]:
    header, *records, _ = log
    for name, found in (("reference_digest", reference.manifest.digest), ("encoder_sha256", encoder.sha256)):
        if header[name] != found:
            raise DataError(f"{path}: {name} is {header[name][:12]}, found {found[:12]}: give what it was made with")
    judge = PrivacyFilter(encoder, build_index(reference, encoder, track), header["threshold"])
    kept = {record["seed"]: record for record in records if record["decision"] == "accepted"}
    scans, differences = track(release.scans(), "recomputing scores", len(release)), []
    while piece := list(islice(scans, 64 if release.manifest.dims == 2 else 4)):
        pixels = np.stack([scan.pixels for scan in piece]).astype(np.uint16)
        for scan, verdict in zip(piece, judge.judge(pixels), strict=True):
            record = kept.get(scan.seed)
            said = np.nan if record is None else record["max_similarity"]
            if not abs(verdict.max_similarity - said) <= TOLERANCE:
                raise GateError(
                    f"{path}: {scan.scan_id} has similarity {verdict.max_similarity:.6f}, the log says {said}"
                )
            differences.append(abs(verdict.max_similarity - said))
    return differences
