"""Example images of a page: unselected, always the first of each class in stored order."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import decode_png, encode_png
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.vocab import CLASSES

A_CLASS = 10
SIDE = 128

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Pictures = Mapping[str, Sequence[Pixels | bytes]]
"""Images by class: gray PNG bytes, or pixels as 8-bit gray or in the 16-bit window; a volume shows its middle slice."""


def first_of_each_class(folder: Path, count: int = A_CLASS) -> dict[str, list[Pixels]]:
    """The first ``count`` scans of each class of a prepared cohort or release; reads no further than it must.

    Raises:
        CohortError: the folder cannot be read.
    """
    found: dict[str, list[Pixels]] = {name: [] for name in CLASSES}
    for scan in load_cohort(folder).scans():
        wanted = found.get(scan.orientation)
        if wanted is not None and len(wanted) < count:
            wanted.append(_gray(_middle(scan.pixels)))
        if all(len(images) == count for images in found.values()):
            break
    return found


def small_png(image: Pixels | bytes) -> bytes:
    """An 8-bit gray PNG of at most 128 pixels a side, of either form of picture.

    Raises:
        ScanError: bytes that are no gray PNG.
    """
    from PIL import Image

    gray = _gray(_middle(decode_png(image) if isinstance(image, bytes) else image))
    if max(gray.shape) <= SIDE:
        return encode_png(gray)
    shrunk = Image.fromarray(gray)
    shrunk.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    shrunk.save(buffer, "PNG")
    return buffer.getvalue()


def _middle(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels[len(pixels) // 2] if pixels.ndim == 3 else pixels


def _gray(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    return pixels.astype(np.uint8) if pixels.dtype == np.uint8 else to_display(pixels.astype(np.uint16))
