"""Which scans a study shows: equally many real and synthetic, balanced by class, one real scan a patient."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.rows import decode_row
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import StudyError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, Kind, Orientation, Split

ANY = None
"""The one class of a study that is not balanced by class."""


@dataclass(frozen=True)
class Candidate:
    """A row of a cohort: its place in the split, and what choosing goes by."""

    place: int
    person: str
    orientation: Orientation


def quotas(n: int, seed: int, balanced: bool = True) -> dict[Orientation | None, int]:
    """How many scans of each class are shown of one kind; classes that get one more are drawn by the seed."""
    if not balanced:
        return {ANY: n}
    places = stream(seed, "study", "classes").permutation(len(CLASSES))
    return {
        name: n // len(CLASSES) + int(place < n % len(CLASSES)) for name, place in zip(CLASSES, places, strict=True)
    }


def choose(
    cohort: Cohort, split: Split | None, kind: Kind, wanted: dict[Orientation | None, int], seed: int
) -> list[Scan]:
    """Scans of a cohort that fill ``wanted``, drawn by the seed, no patient twice.

    Raises:
        StudyError: a class has too few patients or scans, or a scan is of the other kind.
    """
    picked = _pick(_candidates(cohort, split, kind, wanted), wanted, seed, kind)
    missing = {name: count - picked[1][name] for name, count in wanted.items() if picked[1][name] < count}
    if missing:
        raise StudyError(_too_few(cohort, split, kind, wanted, picked[1]), "give a smaller --n, or another --split")
    places = {one.place for one in picked[0]}
    rows = (row for place, row in enumerate(cohort.rows(split)) if place in places)
    return [decode_row(row, cohort.manifest.dims) for row in rows]


def _candidates(
    cohort: Cohort, split: Split | None, kind: Kind, wanted: dict[Orientation | None, int]
) -> list[Candidate]:
    found = []
    for place, row in enumerate(cohort.rows(split)):
        _check_kind(cohort, kind, row)
        orientation = [*Orientation][row["orientation"]]
        if ANY in wanted or orientation in wanted:
            found.append(Candidate(place, _person(row, kind), orientation))
    return found


def _check_kind(cohort: Cohort, kind: Kind, row: dict[str, Any]) -> None:
    """A synthetic row is of no patient, and drawn by a generator or judged by the filter; a real one is not drawn."""
    where = f"--{kind} {cohort.root}: {row['scan_id']}"
    if kind is Kind.REAL and row["generator"] is not None:
        raise StudyError(f"{where} was made by a generator, expected real scans")
    if kind is Kind.REAL:
        return
    found = "is of a patient" if row["patient_id"] is not None else "names no generator"
    if row["patient_id"] is not None or (row["generator"] is None and row["max_similarity"] is None):
        raise StudyError(
            f"{where} {found}, expected synthetic scans", "make some: synthbench generate --out synthuterus"
        )


def _person(row: dict[str, Any], kind: Kind) -> str:
    return str((row["patient_id"] if kind is Kind.REAL else None) or row["scan_id"])


def _pick(
    candidates: list[Candidate], wanted: dict[Orientation | None, int], seed: int, kind: Kind
) -> tuple[list[Candidate], dict[Orientation | None, int]]:
    order: np.ndarray = stream(seed, "study", kind).permutation(len(candidates))
    picked: list[Candidate] = []
    counts, people = dict.fromkeys(wanted, 0), set()
    for candidate in (candidates[k] for k in order):
        name = ANY if ANY in wanted else candidate.orientation
        if counts[name] < wanted[name] and candidate.person not in people:
            picked.append(candidate)
            people.add(candidate.person)
            counts[name] += 1
    return picked, counts


def _too_few(
    cohort: Cohort,
    split: Split | None,
    kind: Kind,
    wanted: dict[Orientation | None, int],
    counts: dict[Orientation | None, int],
) -> str:
    unit = "patients" if kind is Kind.REAL else "scans"
    lacks = (f"{counts[name]} of {name or 'any class'} (wanted {wanted[name]})" for name in wanted)
    return f"--{kind} {cohort.root}: found too few {unit} in split {split or 'any'}: {', '.join(lacks)}"
