"""The privacy filter over a set that was drawn elsewhere: what passes becomes a new folder with an audit log."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.cohorts.layout import audit_file, config_of
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import QuotaError
from synthuterus_bench.privacy.duplicates import TWIN_TAU, Survivors
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter, Verdict, codes_of
from synthuterus_bench.privacy.log import write_log
from synthuterus_bench.repro import digest_array, staged_folder

_PIECE = {2: 128, 3: 4}
"""Scans judged at once; how many changes no verdict."""


@dataclass(frozen=True)
class Judged:
    """One scan of a set, its number there, and what the filter says, repetitions included."""

    number: int
    scan: Scan
    verdict: Verdict


def judge_scans(scans: Iterable[Scan], dims: int, judge: PrivacyFilter, twin_tau: float = TWIN_TAU) -> Iterator[Judged]:
    """Judge prepared scans in their order; of near-duplicates the first stays."""
    survivors, left, number = Survivors(twin_tau), iter(scans), 0
    while piece := list(islice(left, _PIECE[dims])):
        pixels = np.stack([scan.pixels for scan in piece]).astype(np.uint16)
        verdicts = judge.judge(pixels, [scan.orientation for scan in piece])
        codes = codes_of(verdicts)
        passed = np.array([one.bound is None for one in verdicts])
        twins = survivors.admit(codes, np.arange(number, number + len(piece)), passed)
        for scan, verdict, twin in zip(piece, verdicts, twins, strict=True):
            found = verdict if twin is None else replace(verdict, bound=Bound.DUPLICATE, twin=twin)
            yield Judged(number, scan, found)
            number += 1


def filter_set(
    scans: Iterable[Scan], manifest: Manifest, judge: PrivacyFilter, out: Path, twin_tau: float = TWIN_TAU
) -> tuple[Cohort, dict[str, Any]]:
    """Write the scans that pass to the new folder ``out``, and one audit record for every scan.

    Returns:
        The new cohort, and how many passed and by which bound the others fell.

    Raises:
        QuotaError: none passed.
        DataError: ``out`` holds something.
    """
    header = {**judge.facts, "duplicate_threshold": twin_tau, "source_digest": manifest.digest}
    bounds: Counter[Bound] = Counter()
    with staged_folder(out) as folder:
        writer = CohortWriter(folder, manifest.model_copy(update={"splits": {}, "digest": "", "preset": None}))

        def records() -> Iterator[dict[str, Any]]:
            for one in judge_scans(scans, manifest.dims, judge, twin_tau):
                if one.verdict.bound is None:
                    writer.add(replace(one.scan, max_similarity=one.verdict.max_similarity))
                else:
                    bounds[one.verdict.bound] += 1
                yield record_of(one)

        tally = write_log(audit_file(folder, config_of(manifest.view, manifest.dims)), header, records())
        if not tally.accepted:
            raise QuotaError(f"found {tally.generated} scans, none of which passes the filter")
        writer.close()
    return load_cohort(out), tally.summary | {"by_bound": in_order(bounds)}


def record_of(one: Judged) -> dict[str, Any]:
    """The audit record of a scan: by its number and the digest of its pixels, for its name may be a person's."""
    verdict = one.verdict
    return {
        "index": one.number,
        "sha256": digest_array(one.scan.pixels),
        "orientation": one.scan.orientation,
        "max_similarity": verdict.max_similarity,
        "neighbour": verdict.neighbour,
        "decision": verdict.decision,
        "bound": verdict.bound,
        **verdict.details,
    }


def by_bound(records: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many records each bound rejected, in the order of the bounds."""
    return in_order(Counter(record["bound"] for record in records))


def in_order(bounds: Counter[Bound]) -> dict[str, int]:
    """Counts of bounds, in their order, without those that are none."""
    return {str(bound): bounds[bound] for bound in Bound if bounds[bound]}
