"""Parquet: key-value metadata, identifying columns, absolute paths, and what pictures and volumes in cells carry."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from synthuterus_bench.cohorts.phi.record import Finding, Kind
from synthuterus_bench.cohorts.phi.text import find_paths, is_empty, is_identifying

MAGIC = b"PAR1"
Look = Callable[[BinaryIO, str], Iterator[Finding]]

_EXPECTED = {b"ARROW:schema", b"huggingface", b"PARQUET:field_id"}
_ROWS = 16
_PSEUDONYM = re.compile(r"[0-9a-f]{12}|phantom-[a-z0-9-]+")
"""A ``patient_id`` as cohorts have it: a salted hash, or the number of a patient who never was."""


def find_parquet(stream: BinaryIO, file: str, look: Look) -> Iterator[Finding]:
    """Metadata of file and columns beyond what Arrow and ``datasets`` write, then every cell, 16 rows at a time.

    Args:
        look: looks into bytes found in a cell, by what they begin with.

    Raises:
        pyarrow.ArrowInvalid: a damaged file.
    """
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(stream)
    schema = opened.schema_arrow
    yield from _metadata({**(opened.metadata.metadata or {}), **(schema.metadata or {})}, file)
    for field in schema:
        yield from _metadata(field.metadata or {}, file)
    for batch in opened.iter_batches(batch_size=_ROWS):
        for row in batch.to_pylist():
            for column, value in row.items():
                yield from _cell(value, column, file, look)


def _metadata(pairs: dict[bytes, bytes], file: str) -> Iterator[Finding]:
    for key, value in pairs.items():
        name, text = key.decode("utf-8", "replace"), value.decode("utf-8", "replace")
        if key not in _EXPECTED:
            yield Finding(file, Kind.PARQUET, name, text)
        elif key != b"ARROW:schema":
            yield from find_paths(text, file, name)


def _cell(value: Any, column: str, file: str, look: Look) -> Iterator[Finding]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _cell(inner, f"{column}.{name}", file, look)
    elif isinstance(value, list):
        for inner in value:
            yield from _cell(inner, column, file, look)
    elif isinstance(value, bytes):
        yield from look(io.BytesIO(value), file)
    elif is_identifying(column.split(".")[-1]) and not is_empty(value) and not _is_pseudonym(column, value):
        yield Finding(file, Kind.COLUMN, column, str(value))
    elif isinstance(value, str):
        yield from find_paths(value, file, column)


def _is_pseudonym(column: str, value: Any) -> bool:
    return column == "patient_id" and _PSEUDONYM.fullmatch(str(value)) is not None
