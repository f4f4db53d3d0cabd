"""Cohorts and releases on disk: Parquet shards that ``datasets`` reads, and ``cohort.json`` beside them.

A folder holds ``<view>/<split>-00000-of-00002.parquet``, at most 100 rows a shard, and a ``README.md`` whose YAML
names them, so that ``datasets.load_dataset(folder)`` works.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from synthuterus_bench.cohorts.imagefile import decode_nifti, decode_png, encode_nifti, encode_png
from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import atomic_path, canonical_json, digest_json, write_atomic
from synthuterus_bench.vocab import Orientation, Sequence, Split, Vendor, View

SHARD_ROWS = 100
PIXEL_COLUMN: dict[int, str] = {2: "image", 3: "volume"}
_WORDS = {"vendor": Vendor, "sequence": Sequence, "view": View, "split": Split}


@cache
def features(dims: Dims) -> Any:
    """The ``datasets.Features`` of a 2D or 3D cohort: one column set, ``image`` or ``volume`` by ``dims``."""
    from datasets import ClassLabel, Features, Image, Nifti, Value
    from datasets import Sequence as List

    text, number = Value("string"), Value("float32")
    picture = Image() if dims == 2 else Nifti()
    return Features(
        {
            "scan_id": text,
            "patient_id": text,
            PIXEL_COLUMN[dims]: picture,
            "mask": Image() if dims == 2 else Nifti(),
            "orientation": ClassLabel(names=[*Orientation]),
            "field_strength": number,
            "vendor": text,
            "sequence": text,
            "contrast": Value("bool"),
            "spacing_mm": List(number),
            "view": text,
            "split": text,
            "source": text,
            "version_deg": number,
            "flexion_deg": number,
            "prompt": text,
            "seed": Value("int64"),
            "generator": text,
            "max_similarity": number,
        }
    )


def encode_row(scan: Scan, windowed: bool = True) -> dict[str, Any]:
    """A scan as a row of the schema; pictures as bytes with a relative name."""
    dims = scan.pixels.ndim
    row: dict[str, Any] = {
        name: getattr(scan, name) for name in features(dims) if name not in (PIXEL_COLUMN[dims], "mask", "spacing_mm")
    }
    row["orientation"] = [*Orientation].index(scan.orientation)
    row["spacing_mm"] = list(scan.spacing_mm)
    row[PIXEL_COLUMN[dims]] = _picture(scan, scan.pixels, "", windowed)
    row["mask"] = None if scan.mask is None else _picture(scan, scan.mask, "_mask", windowed=False)
    return row


def _picture(scan: Scan, pixels: NDArray[np.generic], suffix: str, windowed: bool) -> dict[str, Any]:
    if pixels.ndim == 2:
        return {"bytes": encode_png(pixels), "path": f"{scan.scan_id}{suffix}.png"}
    return {"bytes": encode_nifti(pixels, scan.spacing_mm, windowed), "path": f"{scan.scan_id}{suffix}.nii.gz"}


def decode_row(row: dict[str, Any], dims: Dims) -> Scan:
    """The scan of a row; inverse of :func:`encode_row`."""
    facts = {name: value for name, value in row.items() if name not in ("image", "volume", "mask")}
    for name, words in _WORDS.items():
        facts[name] = None if facts[name] is None else words(facts[name])
    facts["orientation"] = [*Orientation][facts["orientation"]]
    facts["spacing_mm"] = tuple(facts["spacing_mm"])
    return Scan(**facts, pixels=_pixels(row[PIXEL_COLUMN[dims]], dims), mask=_pixels(row["mask"], dims))


def _pixels(picture: dict[str, Any] | None, dims: Dims) -> Any:
    if picture is None:
        return None
    data = picture["bytes"]
    return decode_png(data, picture["path"]) if dims == 2 else decode_nifti(data)[0]


def write_shard(path: Path, rows: list[dict[str, Any]], dims: Dims) -> None:
    """Write one Parquet shard atomically; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = features(dims).arrow_schema
    table = pa.Table.from_pylist(rows, schema=schema)
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, row_group_size=SHARD_ROWS, compression="zstd")


def shard_path(root: Path, view: View, split: Split, index: int, count: int) -> Path:
    """Where shard ``index`` of ``count`` of a split lies."""
    return root / view / f"{split}-{index:05d}-of-{count:05d}.parquet"


def rows_digest(rows: Iterable[dict[str, Any]]) -> str:
    """SHA-256 over facts and picture bytes of all rows, in order."""
    total = hashlib.sha256()
    for row in rows:
        facts = {name: _digestible(value) for name, value in row.items()}
        total.update(digest_json(facts).encode())
    return total.hexdigest()


def _digestible(value: Any) -> Any:
    if isinstance(value, dict):
        return hashlib.sha256(value["bytes"]).hexdigest()
    return float(np.float32(value)) if isinstance(value, float) else value


class CohortWriter:
    """Writes a cohort folder: rows by split, then ``cohort.json`` and ``README.md`` last.

    A folder without ``cohort.json`` is unfinished. Rows are kept encoded until :meth:`close`.
    """

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self.root, self._manifest = root, manifest
        self._rows: dict[Split, list[dict[str, Any]]] = {}

    def add(self, scan: Scan) -> None:
        """Take one scan into its split."""
        row = encode_row(scan, windowed=self._manifest.intensity == "window")
        self._rows.setdefault(scan.split, []).append(row)

    def close(self) -> "Cohort":
        """Write every shard and the manifest.

        Raises:
            CohortError: no scan was added.
        """
        if not self._rows:
            raise CohortError(f"{self.root}: no scan to write, expected at least one")
        ordered = [split for split in Split if split in self._rows]
        for split in ordered:
            write_split(self.root, self._manifest.view, split, self._rows[split], self._manifest.dims)
        every = (row for split in ordered for row in self._rows[split])
        sizes = {split: len(self._rows[split]) for split in ordered}
        manifest = self._manifest.model_copy(update={"splits": sizes, "digest": rows_digest(every)})
        write_atomic(self.root / "README.md", dataset_yaml([manifest.view], ordered))
        write_atomic(self.root / "cohort.json", canonical_json(manifest.model_dump(mode="json")) + "\n")
        return load_cohort(self.root)


def write_split(root: Path, view: View, split: Split, rows: list[dict[str, Any]], dims: Dims) -> None:
    """Write the rows of one split as shards of at most 100 rows."""
    count = -(-len(rows) // SHARD_ROWS)
    for index in range(count):
        piece = rows[index * SHARD_ROWS : (index + 1) * SHARD_ROWS]
        write_shard(shard_path(root, view, split, index, count), piece, dims)


def dataset_yaml(views: list[View], splits: list[Split]) -> str:
    """The YAML block that tells ``datasets`` which files hold which split; the first view is the default."""
    lines = ["---", "configs:"]
    for number, view in enumerate(views):
        lines += [f"- config_name: {view}", *(["  default: true"] if number == 0 else []), "  data_files:"]
        lines += [f"  - {{split: {split}, path: {view}/{split}-*.parquet}}" for split in splits]
    return "\n".join([*lines, "---", ""])


@dataclass(frozen=True)
class Cohort:
    """A cohort or release folder, read lazily."""

    root: Path
    manifest: Manifest

    def __len__(self) -> int:
        return sum(self.manifest.splits.values())

    def files(self, split: Split | None = None) -> list[Path]:
        """The Parquet shards, of one split or of all, in order."""
        splits = [split] if split else [*Split]
        folder = self.root / self.manifest.view
        return [path for name in splits for path in sorted(folder.glob(f"{name}-*.parquet"))]

    def scans(self, split: Split | None = None) -> Iterator[Scan]:
        """Scans in stored order, a shard in memory at a time."""
        import pyarrow.parquet as pq

        for path in self.files(split):
            try:
                rows = pq.read_table(path).to_pylist()
            except (OSError, ValueError) as error:
                raise CohortError(f"{path}: not readable as Parquet ({_line(error)})") from None
            yield from (decode_row(row, self.manifest.dims) for row in rows)

    def arrays(self, split: Split | None = None) -> tuple[NDArray[np.generic], list[Scan]]:
        """All pixels stacked, and the scans without pixels. For prepared cohorts, whose sizes agree."""
        scans = list(self.scans(split))
        if not scans:
            raise CohortError(f"{self.root}: no scans in split {split or 'any'}, expected at least one")
        pixels = np.stack([scan.pixels for scan in scans])
        empty = np.empty(0, np.uint16)
        return pixels, [replace(scan, pixels=empty) for scan in scans]


def load_cohort(path: str | Path) -> Cohort:
    """Open a cohort or release folder.

    Raises:
        CohortError: the folder or its ``cohort.json`` is missing or malformed, or shards are missing.
    """
    root = Path(path)
    file = root / "cohort.json"
    if not root.is_dir():
        raise CohortError(f"{root}: no such folder", "make one with: synthbench cohort phantom --out DIR")
    if not file.is_file():
        raise CohortError(f"{root}: no cohort.json in it, expected a finished cohort or release")
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise CohortError(f"{file}: not a cohort manifest ({_line(error)})") from None
    cohort = Cohort(root, manifest)
    for split, rows in manifest.splits.items():
        if len(cohort.files(split)) != -(-rows // SHARD_ROWS):
            raise CohortError(f"{root}: found {len(cohort.files(split))} shards of {split}, expected {rows} rows")
    return cohort


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
