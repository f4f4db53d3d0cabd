"""How large a file may be, and what it may promise: looked at before anything is decoded."""

from pathlib import Path

from synthuterus_bench.errors import Fault, SubmissionError

MOST_SIDE = 4096
"""Pixels a side of one image; more is no image at 1 mm, but perhaps a bomb."""

MOST_FILE_BYTES = 2**28
"""Of one image or volume."""

MOST_ARRAY_BYTES = 2**32
"""Of all arrays of one archive, unpacked."""


def check_file(path: Path) -> None:
    """Refuse a file of more than 256 MiB.

    Raises:
        SubmissionError: it is larger.
    """
    size = path.stat().st_size
    if size > MOST_FILE_BYTES:
        raise SubmissionError(
            f"{path}: found {size} bytes, expected at most {MOST_FILE_BYTES} in one image", fault=Fault.TOO_LARGE
        )


def check_sides(rows: int, columns: int, name: str) -> None:
    """Refuse an image that promises more than 4096 pixels a side.

    Raises:
        SubmissionError: it does.
    """
    if max(rows, columns) > MOST_SIDE:
        raise SubmissionError(
            f"{name}: found {rows} x {columns} pixels, expected at most {MOST_SIDE} a side", fault=Fault.TOO_LARGE
        )
