"""The self-test: copies of training images are planted, and images of patients it never saw; what does the filter do?

Sensitivity stands for each transform and strength, specificity for the unseen patients, with Wilson intervals. A filter
that misses changed copies gives a false sense of security: a release whose filter is below its floor is refused.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter
from synthuterus_bench.privacy.plants import AMOUNTS, Strength, Transform, plant, round_trips
from synthuterus_bench.privacy.scores import larger, score_as_is
from synthuterus_bench.privacy.selftest_record import Cell, SelfTest
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_file, stream
from synthuterus_bench.vocab import Split

PLANTS, NEGATIVES = 400, 1000

LARGEST_FALSE_POSITIVE_RATE = 0.02
"""What the upper bound of the false positive rate should stay below."""


@dataclass(frozen=True)
class _Tally:
    """How many of some images fall: in all, by each bound alone, and without their mirror images."""

    caught: int
    by: dict[str, int]
    unmirrored: int


def run_selftest(
    judge: PrivacyFilter,
    cohort: Cohort,
    *,
    plants: int = PLANTS,
    negatives: int = NEGATIVES,
    seed: int = 0,
    autoencoder: Path | None = None,
    track: Track = silent,
) -> SelfTest:
    """Plant ``plants`` copies a cell, drawn from the training split, and ``negatives`` images of test patients.

    Args:
        judge: the filter, its index that of the cohort's training split.
        cohort: prepared, with a test split whose patients the filter's bounds were not drawn from.
        autoencoder: for the VAE round trip, which is left out without one.

    Raises:
        CohortError: the cohort is of another digest, of volumes, or has too few images of test patients.
    """
    _check(judge, cohort, negatives)
    copies, names = _drawn(cohort, Split.TRAIN, plants, seed)
    fresh, unseen = _drawn(cohort, Split.TEST, negatives, seed)
    cells = []
    for transform, strength in track(_pairs(autoencoder), "planting copies", len(_pairs(autoencoder))):
        planted = _planted(copies, transform, strength, seed, autoencoder)
        found = _tally(judge, planted, names)
        amount = AMOUNTS[transform][strength - 1]
        cells.append(
            Cell(
                transform=transform,
                strength=strength,
                plants=len(planted),
                caught=found.caught,
                amount=amount,
                caught_by=found.by,
                unmirrored=found.unmirrored,
            )
        )
    wrong = _tally(judge, fresh, unseen)
    return SelfTest(
        encoder=str(judge.embedder.name),
        encoder_sha256=judge.index.encoder_sha256,
        reference_digest=judge.index.reference_digest,
        tau=judge.tau,
        cells=cells,
        negatives=len(fresh),
        false_positives=wrong.caught,
        false_positives_by=wrong.by,
        autoencoder_sha256=_digest(autoencoder),
    )


def _check(judge: PrivacyFilter, cohort: Cohort, negatives: int) -> None:
    if cohort.manifest.digest != judge.index.reference_digest:
        found, expected = cohort.manifest.digest[:12], judge.index.reference_digest[:12]
        raise CohortError(f"{cohort.root}: found cohort {found}, expected {expected}, which the index was made of")
    if cohort.manifest.dims == 3:
        raise CohortError(f"{cohort.root}: found volumes, expected images: the self-test plants slices")
    there = cohort.manifest.splits.get(Split.TEST, 0)
    if there < negatives:
        raise CohortError(
            f"{cohort.root}: found {there} images of test patients, expected {negatives}", "give --negatives"
        )


def _drawn(cohort: Cohort, split: Split, count: int, seed: int) -> tuple[NDArray[np.uint16], list[str]]:
    """``count`` images of a split and their classes, drawn without repetition, or all where there are less."""
    total = cohort.manifest.splits.get(split, 0)
    rows = set(stream(seed, "self-test", split).permutation(total)[:count].tolist())
    scans = [scan for row, scan in enumerate(cohort.scans(split)) if row in rows]
    return np.stack([scan.pixels for scan in scans]).astype(np.uint16), [str(scan.orientation) for scan in scans]


def _pairs(autoencoder: Path | None) -> list[tuple[Transform, Strength]]:
    kinds = [kind for kind in Transform if autoencoder is not None or kind is not Transform.VAE]
    return [(kind, strength) for kind in kinds for strength in Strength]


def _planted(
    copies: NDArray[np.uint16], transform: Transform, strength: Strength, seed: int, autoencoder: Path | None
) -> NDArray[np.uint16]:
    if transform is Transform.VAE and autoencoder is not None:
        return round_trips(copies, autoencoder, int(AMOUNTS[transform][strength - 1]))
    z = from_window(copies)
    return np.stack([plant(z[number], transform, strength, seed, number) for number in range(len(z))])


def _tally(judge: PrivacyFilter, pixels: NDArray[np.uint16], names: list[str]) -> _Tally:
    """Judged in pieces, mirrored and not."""
    caught, unmirrored, by = 0, 0, Counter[str]()
    for start in range(0, len(pixels), 200):
        piece, told = pixels[start : start + 200], names[start : start + 200]
        plain, flipped = (score_as_is(judge.embedder, judge.index, one) for one in (piece, piece[..., ::-1]))
        scores = larger(plain, flipped)
        for row, name in enumerate(told):
            broken = judge.broken(scores, row, name)
            by.update([str(bound) for bound, breaks in broken.items() if breaks])
            caught += any(broken.values()) or bool(scores.blank[row])
            unmirrored += any(judge.broken(plain, row, name).values())
    bounds = [Bound.TAU, *([Bound.CALIBRATED, Bound.LAYER] if judge.index.calibration else [])]
    return _Tally(caught, {str(bound): by[bound] for bound in bounds}, unmirrored)


def _digest(autoencoder: Path | None) -> str | None:
    if autoencoder is None:
        return None
    from synthuterus_bench.nets.autoencoder import WEIGHTS

    return digest_file(autoencoder / WEIGHTS)
