"""Pixels to bytes and back: 16-bit PNG for images, NIfTI-1 for volumes, with nothing else inside.

The same pixels always give the same bytes (no times, names or text in them).
"""

import gzip
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import LOW, QUANTUM
from synthuterus_bench.errors import Refusal, ScanError


def encode_png(pixels: NDArray[np.generic]) -> bytes:
    """Gray PNG of uint8 or uint16 (rows, columns), 8 or 16 bit as the array is."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def decode_png(
    data: bytes, name: str = "image", formats: tuple[str, ...] = ("PNG",)
) -> NDArray[np.uint16] | NDArray[np.uint8]:
    """Pixels of a gray PNG, 8 or 16 bit; or of another of Pillow's ``formats``.

    Raises:
        ScanError: the bytes are no PNG, are damaged, or have colour or transparency.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            if image.mode not in ("L", "I;16"):
                found = f"a {image.format} of mode {image.mode}"
                raise ScanError(f"{name}: found {found}, expected 8 or 16 bit gray", Refusal.NO_SIGNAL)
            return np.array(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ScanError(f"{name}: not a readable {' or '.join(formats)} ({error})", Refusal.DAMAGED) from None


def encode_nifti(pixels: NDArray[np.generic], spacing_mm: tuple[float, ...], windowed: bool) -> bytes:
    """``.nii.gz`` of a volume, see :func:`nifti_bytes`."""
    return gzip.compress(nifti_bytes(pixels, spacing_mm, windowed), compresslevel=1, mtime=0)


def nifti_bytes(pixels: NDArray[np.generic], spacing_mm: tuple[float, ...], windowed: bool) -> bytes:
    """NIfTI-1 of a volume (slices left to right, rows superior to inferior, columns anterior to posterior).

    The affine carries that order (RAS+ world, millimetres). Windowed volumes get the slope and intercept that
    turn their 16 bits into z-scores.
    """
    import nibabel

    image = nibabel.Nifti1Image(pixels, canonical_affine(pixels.shape, spacing_mm))
    image.header.set_xyzt_units("mm")
    if windowed:
        image.header.set_slope_inter(QUANTUM, LOW)
    return bytes(image.to_bytes())


def decode_nifti(data: bytes) -> tuple[NDArray[np.generic], tuple[float, ...]]:
    """Stored values (slope not applied) and spacing of a volume written by :func:`encode_nifti`."""
    import nibabel

    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    stored: Any = image.dataobj
    pixels = np.asanyarray(stored.get_unscaled())
    return pixels, tuple(float(step) for step in image.header.get_zooms())


def canonical_affine(shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """RAS+ affine of our axis order, with the world's origin at the centre of the volume."""
    slices, rows, columns = spacing_mm
    affine = np.zeros((4, 4))
    affine[0, 0], affine[2, 1], affine[1, 2], affine[3, 3] = slices, -rows, -columns, 1
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine
