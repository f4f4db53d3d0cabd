"""Whether what a comparison says of its two sides is what the entries of a board say of the same images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from synthuterus_bench.bench.comparison.record import Comparison, Row, Side
from synthuterus_bench.bench.table import key_of
from synthuterus_bench.board.agreement import allowed
from synthuterus_bench.board.boards import is_control
from synthuterus_bench.board.entries import MAX_FAULTS
from synthuterus_bench.board.verification import Tolerances
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.repro import canonical_json

Key = tuple[str, str, str]


def broken_sides(found: Comparison, known: Mapping[str, Entry]) -> Iterator[str]:
    """Every way in which a comparison is none of entries of a board, as one line each, the first ones."""
    first = _side("first", found.first, [row.first for row in found.rows], found, known)
    second = _side("second", found.second, [row.second for row in found.rows], found, known)
    return islice((line for lines in (first, second) for line in lines), MAX_FAULTS)


def _side(
    name: str, side: Side, values: Sequence[float | None], found: Comparison, known: Mapping[str, Entry]
) -> Iterator[str]:
    """Whether a side is of the images of an entry in the table that the comparison is of, and gets the same values.

    Who superseded an entry had to leave the comparison: of each generator one entry that agrees is enough.
    """
    images = side.manifest_sha256
    ours = [entry for entry in known.values() if entry.dataset.manifest_sha256 == images]
    digests = found.protocol_digest, found.reference_digest
    here = [one for one in ours if (one.suite.protocol_digest, one.suite.reference_digest) == digests]
    if not ours:
        yield f"{name}: images {images[:12]}, which no entry of the board is of"
    elif not here:
        yield f"{name}: no entry of images {images[:12]} has this protocol and reference"
    for results in _by_generator(here):
        for row, value in zip(found.rows, values, strict=True):
            same = [one for one in results.get(_key(row), ()) if (one.n_fake, one.n_real) == (row.n, row.n_real)]
            if value is not None and same and not any(_agrees(one, value) for one in same):
                yield f"{name}: {row.metric} {row.scope} {value:g}, expected {same[0].value:g} as in the entry"


def _by_generator(entries: Sequence[Entry]) -> Iterable[dict[Key, list[Result]]]:
    """Results with a value of each generator and submitter; not of controls, of which two are of the same images."""
    found: dict[tuple[str, str | None], dict[Key, list[Result]]] = {}
    for entry in entries:
        if is_control(entry):
            continue
        mine = found.setdefault((entry.generator.name, entry.submitter), {})
        for result in entry.results:
            if result.value is not None:
                mine.setdefault((*key_of(result), result.scope), []).append(result)
    return found.values()


def _key(row: Row) -> Key:
    return row.metric, canonical_json(row.params), row.scope


def _agrees(result: Result, value: float) -> bool:
    return result.value is not None and abs(value - result.value) <= allowed(result, Tolerances())
