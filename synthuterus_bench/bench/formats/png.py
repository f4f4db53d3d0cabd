"""Gray PNG, 8 or 16 bit."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.formats.bounds import check_file, check_sides
from synthuterus_bench.bench.formats.picture import Picture, as_picture
from synthuterus_bench.cohorts.imagefile import decode_png
from synthuterus_bench.errors import Fault, ScanError, SubmissionError

SUFFIXES = (".png",)


def read_png(path: Path) -> Picture:
    """Read one image.

    Raises:
        SubmissionError: no PNG, damaged, too large, of colour or with transparency.
    """
    check_file(path)
    return as_picture(png_pixels(path.read_bytes(), str(path)), str(path))


def png_pixels(data: bytes, name: str) -> NDArray[Any]:
    """Pixels of a PNG in memory; its sides are looked at before it is unpacked.

    Raises:
        SubmissionError: as :func:`read_png`.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            columns, rows = image.size
    except Image.DecompressionBombError as error:
        raise SubmissionError(f"{name}: found a picture too large to unpack ({error})", fault=Fault.TOO_LARGE) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise SubmissionError(f"{name}: not a readable PNG ({error})", fault=Fault.UNREADABLE) from None
    check_sides(rows, columns, name)
    try:
        return np.asarray(decode_png(data, name))
    except ScanError as error:
        raise SubmissionError(error.message, fault=Fault.UNREADABLE) from None
