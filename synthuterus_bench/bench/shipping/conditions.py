"""Whether pictures show what was asked for: how often an independent reader finds class, field strength, sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.prompt import parse
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.generators.measured import Recovered, Value
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.stats import significant, wilson_interval
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS
from synthuterus_bench.vocab import Sequence as Pulse

ANSWERS: dict[str, tuple[Any, ...]] = {
    "class": tuple(CLASSES),
    "field strength": FIELD_STRENGTHS,
    "sequence": tuple(Pulse),
}
"""What a reader answers, each one of these values."""

NOT_SAID = -1
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What pictures are and what was read: index of each answer (n, 3), ``NOT_SAID`` where nothing is said."""

    told: Ints
    read: Ints


def of_scans(scans: Sequence[Scan]) -> Ints:
    """What scans are."""
    return _indices([(one.orientation, round(one.field_strength or 0.0, 2), one.sequence) for one in scans])


def of_wanted(wanted: Sequence[Wanted]) -> Ints:
    """What a generator was told for samples: by class, by prompt, or by both."""
    rows = []
    for one in wanted:
        said = parse(one.prompt) if one.prompt else None
        orientation = one.orientation or (said.orientation if said else None)
        rows.append((orientation, said.field_strength if said else None, said.sequence if said else None))
    return _indices(rows)


def _indices(rows: Sequence[tuple[Any, ...]]) -> Ints:
    found = [
        [values.index(said) if said in values else NOT_SAID for said, values in zip(row, ANSWERS.values(), strict=True)]
        for row in rows
    ]
    return np.array(found, np.int64).reshape(-1, len(ANSWERS))


def recovered(samples: Answers, real: Answers) -> list[Recovered]:
    """Share of the samples whose answer is read as told, beside real pictures: of each condition, then by its values.

    Conditions that no sample was told are left out.
    """
    rows = []
    for column, (name, values) in enumerate(ANSWERS.items()):
        if (samples.told[:, column] == NOT_SAID).all():
            continue
        rows.append(_row(name, None, _hits(samples, column), _hits(real, column)))
        for index, value in enumerate(values):
            shown = f"{value:g} T" if isinstance(value, float) else str(value)
            rows.append(_row(name, shown, _hits(samples, column, index), _hits(real, column, index)))
    return [row for row in rows if row is not None]


def share_by_condition(answers: Answers) -> dict[str, Value]:
    """Share read as told, by condition, of those that were told."""
    shares = {name: _share(_hits(answers, column)) for column, name in enumerate(ANSWERS)}
    return {name: share for name, share in shares.items() if share is not None}


def _hits(answers: Answers, column: int, index: int | None = None) -> NDArray[np.bool_]:
    told, read = answers.told[:, column], answers.read[:, column]
    chosen = told != NOT_SAID if index is None else told == index
    return read[chosen] == told[chosen]


def _row(name: str, value: str | None, ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> Recovered | None:
    if (share := _share(ours)) is None:
        return None
    return Recovered(
        condition=name,
        value=value,
        samples=len(ours),
        share=share,
        real_images=len(theirs),
        real=_share(theirs),
    )


def _share(hits: NDArray[np.bool_]) -> Value | None:
    if not len(hits):
        return None
    low, high = wilson_interval(int(hits.sum()), len(hits))
    return Value(value=significant(hits.mean(), 4), low=significant(low, 4), high=significant(high, 4))
