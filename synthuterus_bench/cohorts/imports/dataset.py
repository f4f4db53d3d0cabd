"""Folders that ``datasets`` reads: cohorts and releases of ours, and Parquet with a column ``image``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.layout import is_cohort
from synthuterus_bench.cohorts.record import Dims, Manifest
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import DataError
from synthuterus_bench.vocab import Split, View

OURS = frozenset({"scan_id", "patient_id", "orientation", "spacing_mm", "split", "source"})
"""Columns by which a table is known to be one of our schema."""

_SCANS = (".nii", ".nii.gz", ".dcm", ".ima")
_SPLIT_WORDS = {
    "train": Split.TRAIN,
    "validation": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "val": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
}


File = tuple[Path, Split | None]


@dataclass(frozen=True)
class Dataset:
    """A folder's Parquet files, each with the split it is said to hold, and its ``cohort.json`` if it is ours."""

    root: Path
    files: tuple[File, ...]
    ours: Manifest | None

    def manifest(self, source: str | None, otherwise: str) -> Manifest:
        """The manifest of its import. A cohort keeps its name, view, intensity and preparation, but no preset."""
        if self.ours is None:
            name = source or otherwise
            return Manifest(name=name, view=View.FULL, dims=2, intensity="native", splits={}, digest="")
        update: dict[str, Any] = {
            "name": source or self.ours.name,
            "preset": None,
            "seed": None,
            "splits": {},
            "digest": "",
        }
        return self.ours.model_copy(update=update)

    @property
    def dims(self) -> Dims:
        """Images or volumes."""
        return self.ours.dims if self.ours else 2

    def name(self, path: Path) -> str:
        """How a file is called in messages."""
        return str(path.relative_to(self.root))


def is_dataset(src: Path) -> bool:
    """Whether ``src`` is a cohort or release, or a folder with Parquet in it or in its folders and no scans."""
    if not src.is_dir():
        return False
    if is_cohort(src):
        return True
    tables = any(any(src.glob(pattern)) for pattern in ("*.parquet", "*/*.parquet"))
    return tables and not any(path.name.lower().endswith(_SCANS) for path in src.rglob("*"))


def open_dataset(src: Path) -> Dataset:
    """Find the files of a data set and their splits: by ``cohort.json`` (of a release its default), else by the
    card's YAML, else by file names.

    Raises:
        CohortError: it says it is a cohort and is not.
        DataError: the card is malformed, or names files that are not there.
    """
    if is_cohort(src):
        cohort = load_cohort(src)
        files: list[File] = [(path, split) for split in Split for path in cohort.files(split)]
        return Dataset(src, tuple(files), cohort.manifest)
    files = [*_by_card(src)] or [(path, _split_in(path.relative_to(src))) for path in sorted(src.rglob("*.parquet"))]
    return Dataset(src, tuple(files), None)


def columns_of(path: Path) -> Any:
    """The ``datasets.Features`` of a Parquet file.

    Raises:
        DataError: it is no readable Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features

    try:
        return Features.from_arrow_schema(pq.read_schema(path))
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({_line(error)})") from None


def batches(path: Path, rows: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of a Parquet file, a few at a time.

    Raises:
        DataError: it is no readable Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({_line(error)})") from None


def _by_card(src: Path) -> Iterator[File]:
    """Files of the card's default (else first) configuration."""
    configs = _card(src).get("configs") or []
    if not isinstance(configs, list) or not all(isinstance(one, dict) for one in configs):
        raise DataError(f"{src}/README.md: found configs that are no list of mappings, expected data files by split")
    chosen = next((one for one in configs if one.get("default")), configs[0] if configs else {})
    entries = chosen.get("data_files") or []
    for entry in [{"split": "train", "path": entries}] if isinstance(entries, str) else entries:
        if not isinstance(entry, dict) or "path" not in entry:
            raise DataError(f"{src}/README.md: found data files {entry!r}, expected a split and a path")
        patterns = entry["path"] if isinstance(entry["path"], list) else [entry["path"]]
        for pattern in patterns:
            yield from ((path, _SPLIT_WORDS.get(str(entry.get("split")))) for path in _inside(src, str(pattern)))


def _inside(src: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise DataError(f"{src}/README.md: found the path {pattern}, expected one inside the folder")
    found = sorted(path for path in src.glob(pattern) if path.suffix == ".parquet")
    if not found:
        raise DataError(f"{src}/README.md: found no Parquet file at {pattern}, expected at least one")
    return found


def _card(src: Path) -> dict[str, Any]:
    import yaml

    try:
        text = (src / "README.md").read_text(encoding="utf-8")
        found = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
        value = yaml.safe_load(found.group(1)) if found else {}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{src}/README.md: not a readable card ({_line(error)})") from None
    return value if isinstance(value, dict) else {}


def _split_in(relative: Path) -> Split | None:
    words = re.split(r"[^a-z]+", str(relative).lower())
    found = {_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS}
    return found.pop() if len(found) == 1 else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
