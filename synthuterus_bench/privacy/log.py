"""The audit log: JSON lines, one record a candidate between a header and a footer.

Every record carries the SHA-256 of the line before it, so that a changed, dropped or inserted record shows.
The log holds no names, paths or times; neighbours are salted keys.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import DataError
from synthuterus_bench.repro import canonical_json, digest_bytes, write_atomic

AUDIT_FILE = "audit/audit.jsonl"
GENESIS = "0" * 64


def chained(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a log: canonical JSON, each with the digest of the line before."""
    previous = GENESIS
    for record in records:
        line = canonical_json({**record, "previous": previous})
        previous = digest_bytes(line.encode())
        yield line


def write_log(path: Path, header: dict[str, Any], candidates: list[dict[str, Any]]) -> None:
    """Write a whole log; the footer counts what the records say."""
    records = [
        {"kind": "header", "version": 1, **header},
        *({"kind": "candidate", **record} for record in candidates),
        {"kind": "footer", **summary(candidates)},
    ]
    write_atomic(path, "\n".join(chained(records)) + "\n")


def summary(candidates: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts of a log and the largest similarity that was kept."""
    kept = [record["max_similarity"] for record in candidates if record["decision"] == "accepted"]
    return {
        "generated": len(candidates),
        "accepted": len(kept),
        "rejected": len(candidates) - len(kept),
        "max_kept_similarity": max(kept, default=None),
    }


def read_log(path: Path) -> list[dict[str, Any]]:
    """Records of a log, after checking chain, header and footer.

    Raises:
        DataError: a record is damaged, out of its chain, or does not add up.
    """
    if not path.is_file():
        raise DataError(f"{path}: no audit log, expected one with a record for every candidate")
    records, previous = [], GENESIS
    for number, line in enumerate(path.read_text().splitlines(), 1):
        record = _parse(path, number, line)
        if record.get("previous") != previous:
            raise DataError(f"{path}: line {number} does not follow the line before it")
        previous = digest_bytes(line.encode())
        records.append(record)
    kinds = [record.get("kind") for record in records]
    if len(kinds) < 2 or kinds[0] != "header" or kinds[-1] != "footer" or set(kinds[1:-1]) - {"candidate"}:
        raise DataError(f"{path}: found records {kinds[:1]}..{kinds[-1:]}, expected header, candidates, footer")
    counted = summary(records[1:-1])
    if any(records[-1].get(name) != value for name, value in counted.items()):
        raise DataError(f"{path}: the footer does not agree with the {len(records) - 2} records before it")
    return records


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise DataError(f"{path}: line {number} is not a JSON object")
    return record
