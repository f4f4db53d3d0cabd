"""Writing a cohort folder, a shard at a time."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from synthuterus_bench.cohorts.layout import CARD, MANIFEST
from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.cohorts.rows import encode_row, features, scan_digest, total_digest
from synthuterus_bench.cohorts.store import SHARD_ROWS, Cohort, load_cohort, shard_path
from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import atomic_path, canonical_json, write_atomic
from synthuterus_bench.vocab import Split, View

_PIECE = 1 << 16


@dataclass
class _Part:
    """One split while it is written: rows not yet in a shard, how many there are, and a file of digests of all."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    shards: int = 0
    scans: int = 0
    digests: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def in_order(self) -> Iterator[str]:
        """The digests so far, one after another."""
        self.digests.seek(0)
        while piece := self.digests.read(_PIECE):
            yield piece.decode()
        self.digests.close()


class CohortWriter:
    """Writes a cohort folder: rows by split, then ``README.md`` and ``cohort.json`` last.

    A folder without ``cohort.json`` is unfinished. At most one shard a split is in memory, however many there are.

    Args:
        in_release: write one config of a release: shards beside ``cohort.json``, and no ``README.md``.
    """

    def __init__(self, root: Path, manifest: Manifest, in_release: bool = False) -> None:
        self.root, self._manifest, self._in_release = root, manifest, in_release
        self._shards = root if in_release else root / manifest.view
        self._parts: dict[Split, _Part] = {}

    def add(self, scan: Scan) -> None:
        """Take one scan into its split."""
        part = self._parts.setdefault(scan.split, _Part())
        part.rows.append(encode_row(scan, windowed=self._manifest.intensity == "window"))
        part.digests.write(scan_digest(scan).encode())
        part.scans += 1
        if len(part.rows) == SHARD_ROWS[self._manifest.dims]:
            self._flush(scan.split, part)

    def close(self) -> Cohort:
        """Write what is left, name the shards and write the manifest.

        Raises:
            CohortError: no scan was added.
        """
        if not self._parts:
            raise CohortError(f"{self.root}: no scan to write, expected at least one")
        ordered = {split: self._parts[split] for split in Split if split in self._parts}
        for split, part in ordered.items():
            if part.rows:
                self._flush(split, part)
            for index in range(part.shards):
                self._shard(split, index, 0).rename(self._shard(split, index, part.shards))
        sizes = {split: part.scans for split, part in ordered.items()}
        digest = total_digest(piece for part in ordered.values() for piece in part.in_order())
        manifest = self._manifest.model_copy(update={"splits": sizes, "digest": digest})
        if not self._in_release:
            write_atomic(self.root / CARD, dataset_yaml(manifest.view, [*ordered]))
        write_atomic(self.root / MANIFEST, canonical_json(manifest.model_dump(mode="json")) + "\n")
        return load_cohort(self.root)

    def _flush(self, split: Split, part: _Part) -> None:
        write_shard(self._shard(split, part.shards, 0), part.rows, self._manifest.dims)
        part.shards, part.rows = part.shards + 1, []

    def _shard(self, split: Split, index: int, count: int) -> Path:
        return shard_path(self._shards, split, index, count)


def write_shard(path: Path, rows: list[dict[str, Any]], dims: Dims) -> None:
    """Write one Parquet shard atomically; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows, schema=features(dims).arrow_schema)
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, row_group_size=SHARD_ROWS[dims], compression="zstd")


def dataset_yaml(view: View, splits: list[Split]) -> str:
    """The YAML block that tells ``datasets`` which files of a cohort hold which split."""
    lines = ["---", "configs:", f"- config_name: {view}", "  default: true", "  data_files:"]
    lines += [f"  - {{split: {split}, path: {view}/{split}-*.parquet}}" for split in splits]
    return "\n".join([*lines, "---", ""])
