"""The audit log: JSON lines, one record a candidate between a header and a footer.

Records are chained by hash (:mod:`synthuterus_bench.privacy.chain`). Who writes the whole chain anew is not stopped by
it: the checksums of a published release are.
The log holds no names, paths or times; neighbours are salted keys.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.chain import GENESIS, chained, find_fault
from synthuterus_bench.repro import atomic_path, digest_bytes


class Tally:
    """Counts of the candidates' records that passed through, and the largest similarity that was kept."""

    def __init__(self) -> None:
        self.generated = self.accepted = 0
        self._largest: float | None = None

    def count(self, record: dict[str, Any]) -> None:
        """Take one record into account."""
        self.generated += 1
        if record["decision"] == "accepted":
            self.accepted += 1
            similarity = record["max_similarity"]
            self._largest = similarity if self._largest is None else max(self._largest, similarity)

    @property
    def summary(self) -> dict[str, Any]:
        """What the footer says."""
        return {
            "generated": self.generated,
            "accepted": self.accepted,
            "rejected": self.generated - self.accepted,
            "max_kept_similarity": self._largest,
        }


def write_log(path: Path, header: dict[str, Any], candidates: Iterable[dict[str, Any]]) -> Tally:
    """Write a whole log or nothing, record by record; the footer counts what the records say."""
    tally = Tally()

    def records() -> Iterator[dict[str, Any]]:
        yield {"kind": "header", "version": 1, **header}
        for record in candidates:
            tally.count(record)
            yield {"kind": "candidate", **record}
        yield {"kind": "footer", **tally.summary}

    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in chained(records()))
    return tally


def read_log(path: Path) -> list[dict[str, Any]]:
    """Every record of a log: header, candidates, footer; see :func:`stream_log`."""
    return [*stream_log(path)]


def read_ends(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and footer of a log, after checking all of it."""
    header, footer, _ = read_counts(path)
    return header, footer


def read_counts(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
    """Header and footer of a log, and how many candidates each bound rejected, after checking all of it."""
    records, bounds = stream_log(path), Counter[str]()
    header = last = next(records)
    for last in records:
        if last.get("decision") == "rejected":
            bounds[str(last["bound"])] += 1
    return header, last, dict(bounds)


def stream_log(path: Path) -> Iterator[dict[str, Any]]:
    """Records of a log, one in memory at a time: chain, header and footer are checked as they come by.

    Only who reads to the end knows that the log is whole.

    Raises:
        DataError: a record is damaged, out of its chain, or does not add up.
    """
    if not path.is_file():
        raise DataError(f"{path}: no audit log, expected one with a record for every candidate")
    tally, previous, kind, number = Tally(), GENESIS, None, 0
    with path.open("rb") as file:
        for number, data in enumerate(file, 1):
            line = data.rstrip(b"\n")
            record = _parse(path, number, line)
            if record.get("previous") != previous:
                raise DataError(f"{path}: {_fault(path)}")
            _check_kind(path, kind, record, tally)
            previous, kind = digest_bytes(line), record["kind"]
            yield record
    if kind != "footer" or number < 2:
        raise DataError(f"{path}: found no footer at its end, expected header, candidates, footer")


def _check_kind(path: Path, before: str | None, record: dict[str, Any], tally: Tally) -> None:
    """A header first and nowhere else, then candidates, and a footer that agrees with them.

    Raises:
        DataError: it is another order, or the footer counts other records.
    """
    kind = record.get("kind")
    follows = {None: {"header"}, "header": {"candidate", "footer"}, "candidate": {"candidate", "footer"}}
    if kind not in follows.get(before, set()):
        raise DataError(f"{path}: found a {kind} after {before}, expected header, candidates, footer")
    if kind == "candidate":
        _count(path, record, tally)
    if kind == "footer" and any(record.get(name) != value for name, value in tally.summary.items()):
        raise DataError(f"{path}: the footer does not agree with the {tally.generated} records before it")


def _count(path: Path, record: dict[str, Any], tally: Tally) -> None:
    try:
        tally.count(record)
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: record {tally.generated} lacks what it promises ({error})") from None


def _fault(path: Path) -> str:
    """What is wrong with the chain of a log that is known to be broken, in words."""
    lines = path.read_bytes().splitlines()
    records = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
    return find_fault(records, [digest_bytes(line) for line in lines]) or "its chain is broken"


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise DataError(f"{path}: line {number} is not a JSON object")
    return record
