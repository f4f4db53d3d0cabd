"""The hash chain of an audit log: every record carries the SHA-256 of the line before it.

A changed, dropped, inserted or reordered record shows, and which one it is.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from synthuterus_bench.repro import canonical_json, digest_bytes

GENESIS = "0" * 64


def chained(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a log: canonical JSON, each with the digest of the line before."""
    previous = GENESIS
    for record in records:
        line = canonical_json({**record, "previous": previous})
        previous = digest_bytes(line.encode())
        yield line


def find_fault(records: list[dict[str, Any]], digests: list[str]) -> str | None:
    """What is wrong with a chain, naming the first record concerned; None for nothing.

    Args:
        records: of the lines, in their order.
        digests: SHA-256 of each line.
    """
    for at, record in enumerate(records):
        said = record.get("previous")
        if said != (digests[at - 1] if at else GENESIS):
            return f"line {at + 1} does not follow the line before it: {_cause(records, digests, at)}"
    return None


def _cause(records: list[dict[str, Any]], digests: list[str], at: int) -> str:
    """Why line ``at`` does not follow: the line it names stands elsewhere, or nowhere any more."""
    said = records[at].get("previous")
    where = 0 if said == GENESIS else digests.index(said) + 1 if said in digests else None
    if where is not None and where < at:
        return f"{_spoken(records, where, at - 1)} inserted before it"
    if where is not None:
        return f"{_name(records, at)} was reordered: it belongs after {_name(records, where - 1)}"
    first, next_ = _place(records, at - 1), _place(records, at)
    if at == 0 or (first is not None and next_ is not None and next_ > first + 1):
        missing = "the header was" if at == 0 else _numbers((first or 0) + 1, (next_ or 0) - 1)
        return f"{missing} dropped before it"
    return f"{_name(records, at - 1)} was changed"


def _place(records: list[dict[str, Any]], at: int) -> int | None:
    """The number of a candidate; -1 of the header; of the footer as many as there were candidates."""
    record = records[at]
    by_kind = {"header": -1, "footer": record.get("generated")}
    found = by_kind.get(str(record.get("kind")), record.get("index"))
    return found if isinstance(found, int) else None


def _name(records: list[dict[str, Any]], at: int) -> str:
    kind, place = records[at].get("kind"), _place(records, at)
    return f"the {kind}" if kind in ("header", "footer") else f"record {at - 1 if place is None else place}"


def _spoken(records: list[dict[str, Any]], first: int, last: int) -> str:
    names = [_name(records, at) for at in range(first, last + 1)]
    return f"{names[0]} was" if len(names) == 1 else f"{names[0]} to {names[-1]} were"


def _numbers(first: int, last: int) -> str:
    return f"record {first} was" if first == last else f"records {first} to {last} were"
