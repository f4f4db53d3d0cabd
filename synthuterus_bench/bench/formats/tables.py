"""Folders that ``datasets`` writes: Parquet, or Arrow of ``save_to_disk``, with columns ``image`` and ``orientation``.

No library reads them but pyarrow: no script, no builder, no path outside of the folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.labels import HINT, class_index
from synthuterus_bench.bench.formats.picture import Picture, as_picture, checked
from synthuterus_bench.bench.formats.png import png_pixels
from synthuterus_bench.bench.formats.tiff import tiff_pixels
from synthuterus_bench.cohorts.imports.dataset import OURS, batches, columns_of, open_dataset
from synthuterus_bench.errors import DataError, Fault, SubmissionError

PARQUET, ARROW = ".parquet", ".arrow"
IMAGE, CLASS = "image", ("orientation", "label")
ROWS = 25
PNG = b"\x89PNG"

Row = dict[str, Any]


def is_tables(path: Path) -> bool:
    """Whether ``path`` is a Parquet file, or a folder with tables in it or in its folders."""
    if path.is_file():
        return path.suffix == PARQUET
    return any(True for pattern in ("*", "*/*") for kind in (PARQUET, ARROW) for _ in path.glob(pattern + kind))


def read_tables(path: Path, faults: Faults) -> Iterator[tuple[int, Picture | None]]:
    """Every row of every split with the index of its class, None in place of one that is no image; rows of class
    ``ambiguous`` are left out.

    Raises:
        SubmissionError: a table is unreadable or lacks a column.
    """
    for file in _files(path):
        try:
            features = columns_of(file) if file.suffix == PARQUET else _arrow_columns(file)
            column = _class_column(features, file)
            names = getattr(features[column], "names", None)
            for number, row in enumerate(_rows(file)):
                yield from _one(row, column, names, f"{file}: row {number}", faults)
        except SubmissionError:
            raise
        except DataError as error:
            raise SubmissionError(error.message, error.hint, Fault.UNREADABLE) from None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    arrow = sorted(file for file in path.rglob("*" + ARROW) if not file.name.startswith("cache-"))
    if arrow:
        return arrow
    try:
        return [file for file, _ in open_dataset(path).files]
    except DataError as error:
        raise SubmissionError(error.message, error.hint, Fault.LAYOUT) from None


def _class_column(features: Mapping[str, Any], file: Path) -> str:
    if {*features} >= OURS:
        raise SubmissionError(
            f"{file}: found the columns of a release and no cohort.json, expected it beside the tables",
            fault=Fault.LAYOUT,
        )
    column = next((name for name in CLASS if name in features), None)
    if IMAGE not in features or column is None:
        found = ", ".join(features)[:200]
        raise SubmissionError(
            f"{file}: found columns {found}; expected {IMAGE}, and {' or '.join(CLASS)}", HINT, Fault.LAYOUT
        )
    return column


def _one(
    row: Row, column: str, names: list[str] | None, place: str, faults: Faults
) -> Iterator[tuple[int, Picture | None]]:
    index, picture = None, None
    with faults.taking():
        index = class_index(row[column], place, names)
    if index is None:
        return
    with faults.taking():
        picture = checked(as_picture(_pixels(row[IMAGE], place), place))
    yield index, picture


def _pixels(cell: Any, place: str) -> Any:
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(data, bytes):
        raise SubmissionError(f"{place}: found no picture in its table, expected its bytes", fault=Fault.UNREADABLE)
    return (png_pixels if data.startswith(PNG) else tiff_pixels)(data, place)


def _rows(file: Path) -> Iterator[Row]:
    if file.suffix == PARQUET:
        for batch in batches(file, ROWS):
            yield from batch
        return
    yield from _arrow_rows(file)


def _arrow_rows(file: Path) -> Iterator[Row]:
    import pyarrow as pa

    try:
        with _arrow(file) as reader:
            for table in reader:
                for start in range(0, table.num_rows, ROWS):
                    yield from table.slice(start, ROWS).to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(file, error) from None


def _arrow_columns(file: Path) -> Mapping[str, Any]:
    from datasets import Features

    with _arrow(file) as reader:
        columns: Mapping[str, Any] = Features.from_arrow_schema(reader.schema)
        return columns


def _arrow(file: Path) -> Any:
    import pyarrow as pa

    try:
        return pa.ipc.open_stream(pa.memory_map(str(file)))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> SubmissionError:
    line = " ".join(str(error).split())[:160]
    return SubmissionError(f"{file}: not readable as Arrow ({line})", fault=Fault.UNREADABLE)
