"""Whether a model's folder mentions a scan or a patient of the cohort it was trained on."""

import re
from collections.abc import Iterator
from pathlib import Path

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import GateError

TEXTS = {".json", ".jsonl", ".md", ".txt", ".yaml", ".csv", ".tsv"}
LEAST_SIGNS = 6
"""Shorter ids are words and numbers that any text may hold."""

_WORD = re.compile(rf"[\w.-]{{{LEAST_SIGNS},}}")


def check_mentions(folder: Path, cohort: Cohort) -> None:
    """Look for ids of scans and patients in every text and safetensors header of a folder.

    Raises:
        GateError: a file holds one; it is not repeated.
    """
    ids = ids_of(cohort)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if found := sum(word in ids for text in _texts(path) for word in set(_WORD.findall(text))):
            raise GateError(f"{folder}: {name} names {found} scans or patients of the training cohort, expected none")


def ids_of(cohort: Cohort) -> set[str]:
    """Ids of all scans and patients, read without the pictures."""
    import pyarrow.parquet as pq

    found: set[str] = set()
    for path in cohort.files():
        table = pq.read_table(path, columns=["scan_id", "patient_id"])
        found |= {str(one) for column in table.columns for one in column.to_pylist() if one}
    return {one for one in found if len(one) >= LEAST_SIGNS}


def _texts(path: Path) -> Iterator[str]:
    from safetensors import safe_open

    if path.suffix in TEXTS:
        yield path.read_text(encoding="utf-8", errors="replace")
    elif path.suffix == ".safetensors":
        with safe_open(path, "np") as file:
            yield from (f"{key} {value}" for key, value in (file.metadata() or {}).items())
            yield " ".join(file.keys())
