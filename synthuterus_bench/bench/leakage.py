"""What a set of synthetic images gives away of the real scans it was learned from: filter, repetitions, attacks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.foreign import ForeignSet
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, SubmissionError
from synthuterus_bench.privacy.attacks import Attacks, Group, attack
from synthuterus_bench.privacy.duplicates import TWIN_TAU
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter
from synthuterus_bench.privacy.index import joined
from synthuterus_bench.privacy.scores import Scores, score
from synthuterus_bench.privacy.search import Codes
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.filtering import Judged, by_bound, judge_scans, record_of
from synthuterus_bench.vocab import Split

NEAREST = 12
"""Pairs that the private report shows."""

_PIECE = {2: 256, 3: 8}


@dataclass(frozen=True)
class Leakage:
    """What was found.

    Attributes:
        source_digest: of the set that was audited.
        facts: encoder, reference and bounds.
        records: one a scan, as in an audit log.
        similarities: largest similarity of each scan, (n,), and of each scan of held-out patients, (m,).
        pairs: the most similar scans, first the most: their numbers in the set.
    """

    source_digest: str
    dims: int
    facts: dict[str, Any]
    twin_tau: float
    records: list[dict[str, Any]]
    similarities: NDArray[np.float64]
    null: NDArray[np.float64]
    null_rejected: int
    attacks: Attacks
    pairs: list[int]

    @property
    def scans(self) -> int:
        """How many there are."""
        return len(self.records)

    @property
    def rejected(self) -> int:
        """How many the filter would have rejected."""
        return sum(record["bound"] is not None for record in self.records)

    @property
    def bounds(self) -> dict[str, int]:
        """How many by each bound."""
        return by_bound(self.records)

    @property
    def reasons(self) -> str:
        """The same in words."""
        return ", ".join(f"{count} by {bound}" for bound, count in self.bounds.items()) or "none by any bound"

    def public(self) -> dict[str, Any]:
        """What may be told to anyone: no record of a single scan."""
        return {
            "source_digest": self.source_digest,
            "scans": self.scans,
            "rejected": self.rejected,
            "rejected_by": self.bounds,
            "held_out_scans": len(self.null),
            "held_out_rejected": self.null_rejected,
            "largest_similarity": round(float(self.similarities.max()), 6),
            "duplicate_threshold": self.twin_tau,
            "attacks": self.attacks.model_dump(mode="json") | {"leaks": self.attacks.leaks},
            **self.facts,
        }


def examine(
    found: ForeignSet, reference: Cohort, judge: PrivacyFilter, twin_tau: float = TWIN_TAU, track: Track = silent
) -> Leakage:
    """Judge every scan of a set against the training split of the reference, and attack it.

    Patients of the test split are the held-out ones: the filter's bounds were not drawn from them. Those of the
    validation split, if there is one, say what membership inference finds where nothing leaked.

    Raises:
        CohortError: the reference is another than that of the filter's index, has no test split, or other dimensions.
    """
    _check(found, reference, judge)
    judged = [*track(_stripped(found, judge, twin_tau), "judging scans", len(found))]
    held, patients, classes = _scored(reference, judge, Split.TEST, track)
    similarities = np.array([one.verdict.max_similarity for one in judged])
    broken = [any(judge.broken(held, row, name).values()) for row, name in enumerate(classes)]
    index = judge.index
    members = index.whole.codes if index.whole is not None else index.codes
    owners = np.array(index.groups or index.keys)
    if index.volumes is not None:
        owners = owners[np.unique(index.volumes, return_index=True)[1]]
    return Leakage(
        found.manifest.digest,
        found.manifest.dims,
        judge.facts,
        twin_tau,
        [record_of(one) for one in judged],
        similarities,
        held.readout.astype(np.float64),
        sum(broken),
        attack(
            Group(members, np.unique(owners, return_inverse=True)[1]),
            Group(held.codes, np.unique(patients, return_inverse=True)[1]),
            _codes(judged),
            _match(judge, found.manifest.dims),
            control=_control(reference, judge, track),
        ),
        np.argsort(-similarities, kind="stable")[:NEAREST].tolist(),
    )


def _stripped(found: ForeignSet, judge: PrivacyFilter, twin_tau: float) -> Iterator[Judged]:
    """Judged scans; what is not used again of them is let go."""
    yield from judge_scans(found.scans(), found.manifest.dims, judge, twin_tau)


def _check(found: ForeignSet, reference: Cohort, judge: PrivacyFilter) -> None:
    manifest = reference.manifest
    if manifest.digest != judge.index.reference_digest:
        expected = judge.index.reference_digest[:12]
        raise CohortError(f"{reference.root}: found cohort {manifest.digest[:12]}, expected {expected} of the index")
    if manifest.dims != found.manifest.dims:
        raise CohortError(
            f"{found.path}: found {found.manifest.dims}D scans, expected {manifest.dims}D as the reference"
        )
    if not manifest.splits.get(Split.TEST):
        raise CohortError(f"{reference.root}: found no test split, expected patients who were held out")


def _match(judge: PrivacyFilter, dims: int) -> float:
    """Cosine above which two scans pass for one: the calibrated bound of what the attacks compare."""
    if judge.index.calibration is None:
        return judge.tau
    bounds = judge.index.calibration.of(None)
    return bounds.volume if dims == 3 and bounds.volume is not None else bounds.readout


def _control(reference: Cohort, judge: PrivacyFilter, track: Track) -> Codes | None:
    """Codes of the validation split; None where there is none."""
    if not reference.manifest.splits.get(Split.VALIDATION):
        return None
    return _scored(reference, judge, Split.VALIDATION, track)[0].codes


def _scored(reference: Cohort, judge: PrivacyFilter, split: Split, track: Track) -> tuple[Scores, list[str], list[str]]:
    """Scores of a split, its patients and classes."""
    scans, pieces, patients, classes = reference.scans(split), [], [], []
    scans = track(scans, f"held-out patients ({split})", reference.manifest.splits[split])
    while piece := list(islice(scans, _PIECE[reference.manifest.dims])):
        pieces.append(score(judge.embedder, judge.index, _pixels(piece)))
        patients += [scan.patient_id or scan.scan_id for scan in piece]
        classes += [str(scan.orientation) for scan in piece]
    return joined(pieces), patients, classes


def _pixels(scans: list[Scan]) -> NDArray[np.uint16]:
    return np.stack([scan.pixels for scan in scans]).astype(np.uint16)


def _codes(judged: list[Judged]) -> NDArray[np.float32]:
    """Codes of the scans; one a patient, where the set says who is who, since attacks take scans for independent."""
    seen: Counter[str] = Counter()
    codes = []
    for one in judged:
        owner = one.scan.patient_id or f"scan {one.number}"
        seen[owner] += 1
        if seen[owner] == 1 and one.verdict.bound is not Bound.BLANK and one.verdict.code is not None:
            codes.append(one.verdict.code)
    if not codes:
        raise SubmissionError(f"found {len(judged)} scans, all blank, expected some that show something")
    return np.stack(codes)
