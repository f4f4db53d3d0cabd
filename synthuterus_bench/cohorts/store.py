"""Cohorts and releases on disk: Parquet shards that ``datasets`` reads, and ``cohort.json`` beside them.

A cohort holds ``cohort.json`` and ``<view>/<split>-00000-of-00002.parquet``, at most 100 images or 10 volumes a shard,
and a ``README.md`` whose YAML names them, so that ``datasets.load_dataset(folder)`` works. A release holds such folders
(:mod:`synthuterus_bench.cohorts.layout`), ``cohort.json`` and shards of a config side by side.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from synthuterus_bench.cohorts.layout import MANIFEST, config_of, configs_in
from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.cohorts.rows import decode_row
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import Config, Split

SHARD_ROWS: dict[Dims, int] = {2: 100, 3: 10}
READ_ROWS: dict[Dims, int] = {2: 25, 3: 1}
"""Rows read at once: some megabytes."""


def shard_path(shards: Path, split: Split, index: int, count: int) -> Path:
    """Where shard ``index`` of ``count`` of a split lies in the folder of shards."""
    return shards / f"{split}-{index:05d}-of-{count:05d}.parquet"


@dataclass(frozen=True)
class Cohort:
    """A cohort, or one config of a release, read lazily.

    Attributes:
        root: what was opened.
        shards: the folder that the Parquet shards lie in.
    """

    root: Path
    manifest: Manifest
    shards: Path

    @property
    def config(self) -> Config:
        """What a release calls these scans."""
        return config_of(self.manifest.view, self.manifest.dims)

    @property
    def home(self) -> Path:
        """The folder that holds that of the shards: the cohort itself, or the release that this is a config of."""
        return self.shards.parent

    def __len__(self) -> int:
        return sum(self.manifest.splits.values())

    def files(self, split: Split | None = None) -> list[Path]:
        """The Parquet shards, of one split or of all, in order."""
        splits = [split] if split else [*Split]
        return [path for name in splits for path in sorted(self.shards.glob(f"{name}-*.parquet"))]

    def rows(self, split: Split | None = None) -> Iterator[dict[str, Any]]:
        """Rows as they are stored, pictures still compressed, in order; a few in memory at a time.

        Raises:
            CohortError: a shard is damaged.
        """
        for path in self.files(split):
            yield from read_rows(path, batch=READ_ROWS[self.manifest.dims])

    def scans(self, split: Split | None = None) -> Iterator[Scan]:
        """Scans in stored order, decoded one at a time."""
        yield from (decode_row(row, self.manifest.dims) for row in self.rows(split))

    def arrays(self, split: Split | None = None) -> tuple[NDArray[np.generic], list[Scan]]:
        """All pixels stacked, and the scans without pixels. For prepared cohorts, whose sizes agree."""
        scans = list(self.scans(split))
        if not scans:
            raise CohortError(f"{self.root}: no scans in split {split or 'any'}, expected at least one")
        pixels = np.stack([scan.pixels for scan in scans])
        empty = np.empty(0, np.uint16)
        return pixels, [replace(scan, pixels=empty) for scan in scans]


def read_rows(path: Path, batch: int) -> Iterator[dict[str, Any]]:
    """Rows of one Parquet shard, ``batch`` in memory at a time.

    Raises:
        CohortError: it is damaged.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for piece in file.iter_batches(batch_size=batch, use_threads=False):
                yield from piece.to_pylist()
    except (OSError, ValueError) as error:
        raise CohortError(f"{path}: not readable as Parquet ({_line(error)})") from None


def load_cohort(path: str | Path) -> Cohort:
    """Open a cohort, the default config of a release, or that config whose folder ``path`` is.

    Raises:
        CohortError: the folder or its ``cohort.json`` is missing or malformed, or shards are missing.
    """
    root = Path(path)
    configs = configs_in(root)
    folder = root / configs[0] if configs else root
    file = folder / MANIFEST
    if not root.is_dir():
        raise CohortError(f"{root}: no such folder", "make one with: synthbench cohort phantom --out DIR")
    if not file.is_file():
        raise CohortError(f"{root}: no cohort.json in it, expected a finished cohort or release")
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise CohortError(f"{file}: not a cohort manifest ({_line(error)})") from None
    own = folder / manifest.view
    cohort = Cohort(root, manifest, own if own.is_dir() else folder)
    for split, rows in manifest.splits.items():
        if len(cohort.files(split)) != -(-rows // SHARD_ROWS[manifest.dims]):
            raise CohortError(f"{root}: found {len(cohort.files(split))} shards of {split}, expected {rows} rows")
    return cohort


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
