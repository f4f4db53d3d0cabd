"""Whether what a comparison says of its two sides is what the entries of a board say of the same images."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from synthuterus_bench.bench.comparison.record import Comparison, Row, Side
from synthuterus_bench.bench.table import key_of
from synthuterus_bench.board.agreement import allowed
from synthuterus_bench.board.boards import is_control, superseded
from synthuterus_bench.board.entries import MAX_FAULTS
from synthuterus_bench.board.verification import Tolerances
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.repro import canonical_json

Key = tuple[str, str, str]


def broken_sides(found: Comparison, known: Mapping[str, Entry]) -> Iterator[str]:
    """Every way in which a comparison is none of entries of a board, as one line each, the first ones."""
    gone = superseded(known)
    shown = [entry for name, entry in known.items() if name not in gone]
    first = _side("first", found.first, [row.first for row in found.rows], found, shown)
    second = _side("second", found.second, [row.second for row in found.rows], found, shown)
    return islice((line for lines in (first, second) for line in lines), MAX_FAULTS)


def _side(
    name: str, side: Side, values: Sequence[float | None], found: Comparison, shown: Sequence[Entry]
) -> Iterator[str]:
    """Whether a side is of the images of an entry in the table that the comparison is of, and gets the same values."""
    images = side.manifest_sha256
    ours = [entry for entry in shown if entry.dataset.manifest_sha256 == images]
    digests = found.protocol_digest, found.reference_digest
    here = [one for one in ours if (one.suite.protocol_digest, one.suite.reference_digest) == digests]
    if not ours:
        yield f"{name}: images {images[:12]}, which no entry of the board is of"
    elif not here:
        yield f"{name}: no entry of images {images[:12]} has this protocol and reference"
    results = _by_key([entry for entry in here if not is_control(entry)])
    for row, value in zip(found.rows, values, strict=True):
        same = [one for one in results.get(_key(row), ()) if (one.n_fake, one.n_real) == (row.n, row.n_real)]
        if value is not None and same and not all(_agrees(one, value) for one in same):
            yield f"{name}: {row.metric} {row.scope} {value:g}, expected {same[0].value:g} as in the entry"


def _by_key(entries: Sequence[Entry]) -> dict[Key, list[Result]]:
    found: dict[Key, list[Result]] = {}
    for result in (one for entry in entries for one in entry.results if one.value is not None):
        found.setdefault((*key_of(result), result.scope), []).append(result)
    return found


def _key(row: Row) -> Key:
    return row.metric, canonical_json(row.params), row.scope


def _agrees(result: Result, value: float) -> bool:
    return result.value is not None and abs(value - result.value) <= allowed(result, Tolerances())
