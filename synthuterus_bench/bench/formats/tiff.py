"""Gray TIFF of one page: 8 or 16 bit, or 32-bit floating point."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.formats.bounds import check_file, check_sides
from synthuterus_bench.bench.formats.picture import GRAY, Picture, as_picture
from synthuterus_bench.errors import Fault, SubmissionError

SUFFIXES = (".tif", ".tiff")
MODES = ("L", "I;16", "I;16B", "F")


def read_tiff(path: Path) -> Picture:
    """Read one image.

    Raises:
        SubmissionError: no TIFF, damaged, too large, of several pages, of colour, or of another type.
    """
    check_file(path)
    return as_picture(tiff_pixels(path.read_bytes(), str(path)), str(path))


def tiff_pixels(data: bytes, name: str) -> NDArray[Any]:
    """Pixels of a TIFF in memory; its sides and pages are looked at before it is unpacked.

    Raises:
        SubmissionError: as :func:`read_tiff`.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            _check(image, name)
            pixels = np.array(image)
            return pixels.astype(pixels.dtype.newbyteorder("="))
    except Image.DecompressionBombError as error:
        raise SubmissionError(f"{name}: found a picture too large to unpack ({error})", fault=Fault.TOO_LARGE) from None
    except SubmissionError:
        raise
    except Exception as error:  # Pillow raises whatever a damaged tag leads to
        raise SubmissionError(f"{name}: not a readable TIFF ({error})", fault=Fault.UNREADABLE) from None


def _check(image: Any, name: str) -> None:
    columns, rows = image.size
    check_sides(rows, columns, name)
    if _has_second(image):
        raise SubmissionError(
            f"{name}: found a TIFF of several pages, expected one image a file",
            "write each slice as a file of its own, or volumes as NIfTI",
            Fault.LAYOUT,
        )
    if image.mode not in MODES:
        raise SubmissionError(f"{name}: found a TIFF of mode {image.mode}, expected {GRAY}", fault=Fault.RANGE)


def _has_second(image: Any) -> bool:
    """Whether there is a second page; how many there are is not asked, for a file may name millions."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True
