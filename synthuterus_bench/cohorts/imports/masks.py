"""Masks beside images: the same grid, and our labels."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import Affine, steps_of
from synthuterus_bench.cohorts.imports.geometry import MAX_STEP_OFF, axes_of
from synthuterus_bench.cohorts.imports.nifti import read_voxels
from synthuterus_bench.cohorts.imports.volume import Volume
from synthuterus_bench.errors import Refusal, ScanError
from synthuterus_bench.vocab import Label

OURS = {int(label): label for label in Label}
"""Masks that hold values of ``vocab.Label`` already."""


def read_mask(
    path: Path, image: Volume, labels: Mapping[int, Label] | None, name: str
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """A mask in the stored order of its image, as values of ``vocab.Label``.

    Only voxels are read: headers of masks are often wrong, so the geometry is the image's.

    Args:
        path: NIfTI, gzipped or not whatever it is called.
        image: as its own header has it.
        labels: from numbers in the file to ours; ``None`` if they are ours already.
        name: the image's name, for messages.

    Returns:
        the mask, and a warning if its header has the image's spacing but tells other axes.

    Raises:
        ScanError: no readable NIfTI, another shape than the image, or numbers without a label.
    """
    told, shape = f"{name}: mask {path.name}", image.pixels.shape
    if not path.is_file():
        raise ScanError(f"{told}: found no such file, expected a NIfTI mask", Refusal.MASK)
    pixels, affine = read_voxels(path, told)
    if pixels.shape != shape:
        found, expected = _size(pixels.shape), _size(shape)
        raise ScanError(f"{told}: found {found} voxels, expected {expected} as in its image", Refusal.MASK)
    return relabel(pixels, OURS if labels is None else labels, told), _doubts(affine, image, told)


def _doubts(affine: Affine | None, image: Volume, told: str) -> tuple[str, ...]:
    if affine is None or not np.allclose(steps_of(affine), steps_of(image.affine), rtol=MAX_STEP_OFF):
        return ()
    own, expected = axes_of(affine), axes_of(image.affine)
    return () if own == expected else (f"{told}: tells axes {own}, its image {expected}; took it voxel by voxel",)


def relabel(pixels: NDArray[np.generic], labels: Mapping[int, Label], told: str) -> NDArray[np.uint8]:
    """Numbers from 0 to 255 replaced by our labels.

    Raises:
        ScanError: a number without a label.
    """
    strange = [f"{value:g}" for value in np.unique(pixels) if value not in labels]
    if strange:
        found = ", ".join(strange[:5]) + (" ..." if len(strange) > 5 else "")
        expected = ", ".join(map(str, sorted(labels)))
        raise ScanError(f"{told}: found labels {found}, expected {expected}", Refusal.MASK)
    table = np.zeros(max(labels) + 1, np.uint8)
    table[[*labels]] = [*labels.values()]
    return table[pixels.astype(np.uint8)]


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
