"""Verifying the audit of a release: the chain of its log, its checksums, and its scores against the reference."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from synthuterus_bench.cohorts.layout import AUDIT
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import DataError, GateError
from synthuterus_bench.privacy.encoders import Encoder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.log import read_ends, stream_log
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.gate import check_release

TOLERANCE = 1e-3
"""Between similarities of one image on two machines, and of an index stored in 8 bits and one in 16."""


@dataclass(frozen=True)
class Verified:
    """What was verified: records of each log by its name, and how many scores were recomputed.

    ``elsewhere`` names the configs that were filtered against another reference, whose scores were not.
    """

    records: dict[str, int]
    scores: int
    largest_difference: float | None
    elsewhere: tuple[str, ...] = ()


def verify(
    release: Path, reference: Cohort | None = None, encoder: Encoder | None = None, track: Track = silent
) -> Verified:
    """Check chains first, for they name the record, then the whole gate, then the scores if there is a reference.

    Raises:
        DataError: a record was changed, dropped, inserted or reordered, which the message names; or no config was
            filtered against the reference.
        GateError: the release does not pass the gate, or a score is not what the log says.
    """
    logs = sorted((release / AUDIT).glob("*.jsonl"))
    if not logs:
        raise DataError(f"{release}: no audit log in it, expected {AUDIT}/*.jsonl")
    ends = {path: read_ends(path) for path in logs}
    check_release(release)
    counts = {path.stem: footer["generated"] for path, (_, footer) in ends.items()}
    if reference is None or encoder is None:
        return Verified(counts, 0, None)
    given = {"reference_digest": reference.manifest.digest, "encoder_sha256": encoder.sha256}
    faults = {path: [name for name in given if header[name] != given[name]] for path, (header, _) in ends.items()}
    scores, largest = 0, 0.0
    for path in [path for path in logs if not faults[path]]:
        for difference in _differences(load_cohort(release / path.stem), path, reference, encoder, track):
            scores, largest = scores + 1, max(difference, largest)
    if not scores:
        name, said = faults[logs[0]][0], ends[logs[0]][0]
        raise DataError(f"{logs[0]}: {name} is {said[name][:12]}, found {given[name][:12]}: give what it was made with")
    return Verified(counts, scores, largest, tuple(path.stem for path in logs if faults[path]))


def _differences(release: Cohort, path: Path, reference: Cohort, encoder: Encoder, track: Track) -> Iterator[float]:
    """Of each score and what the log says it is."""
    log = stream_log(path)
    header = next(log)
    judge = PrivacyFilter(encoder, build_index(reference, encoder, track), header["threshold"])
    kept = {record["seed"]: record["max_similarity"] for record in log if record.get("decision") == "accepted"}
    scans = track(release.scans(), "recomputing scores", len(release))
    while piece := list(islice(scans, 64 if release.manifest.dims == 2 else 4)):
        pixels = np.stack([scan.pixels for scan in piece]).astype(np.uint16)
        for scan, verdict in zip(piece, judge.judge(pixels), strict=True):
            said = kept.get(scan.seed, np.nan)
            if not abs(verdict.max_similarity - said) <= TOLERANCE:
                raise GateError(
                    f"{path}: {scan.scan_id} has similarity {verdict.max_similarity:.6f}, the log says {said}"
                )
            yield abs(verdict.max_similarity - said)
