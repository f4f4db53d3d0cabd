"""Reading one submitted image: 8 or 16-bit gray PNG, or NIfTI in 2D or 3D (its middle sagittal slice)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import decode_png
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import ScanError, SubmissionError

PNG, NIFTI = (".png",), (".nii", ".nii.gz")
Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """One image (rows, columns) at 1 mm.

    ``values`` are as stored; ``z`` are the z-scores they would be if they came from this project: the inverse of the
    16-bit window, or floating-point values themselves. None for 8 bit.
    """

    name: str
    values: Pixels
    z: Pixels | None


def is_picture(path: Path) -> bool:
    """Whether the name is that of an image this module reads."""
    return path.name.lower().endswith((*PNG, *NIFTI))


def read_picture(path: Path) -> Picture:
    """Read and check one image.

    Raises:
        SubmissionError: unreadable, colour, NaN or infinite values, constant, or no sagittal slice.
    """
    try:
        picture = _read_png(path) if path.name.lower().endswith(PNG) else _read_nifti(path)
    except ScanError as error:
        raise SubmissionError(error.message) from None
    if not np.isfinite(picture.values).all():
        raise SubmissionError(f"{path}: found NaN or infinite values, expected finite ones")
    if np.ptp(picture.values) == 0:
        raise SubmissionError(f"{path}: found a constant image, expected an MR image")
    return picture


def _read_png(path: Path) -> Picture:
    pixels = decode_png(path.read_bytes(), str(path))
    z = from_window(pixels.astype(np.uint16)) if pixels.dtype == np.uint16 else None
    return Picture(str(path), pixels.astype(np.float32), z)


def _read_nifti(path: Path) -> Picture:
    from synthuterus_bench.prep.spatial import PIXEL_MM, resample

    pixels, spacing = _sagittal_slice(path)
    if not np.isfinite(pixels).all():
        raise SubmissionError(f"{path}: found NaN or infinite values, expected finite ones")
    values = resample(pixels.astype(np.float32), spacing, (PIXEL_MM, PIXEL_MM))
    return Picture(str(path), values, values)


def _sagittal_slice(path: Path) -> tuple[NDArray[np.generic], tuple[float, ...]]:
    """The middle slice and its spacing; 2D images without a sagittal affine are taken as stored (rows, columns)."""
    import nibabel

    from synthuterus_bench.cohorts.imports.axes import canonical
    from synthuterus_bench.cohorts.imports.nifti import read_nifti

    flat = _flat(path)
    if flat is not None:
        return flat
    volume, _ = read_nifti(path, str(path))
    stored = nibabel.orientations.io_orientation(volume.affine)[:, 0].astype(int)
    thin = int(np.argmin(volume.pixels.shape))
    if stored[thin] != 0 and volume.pixels.shape[thin] == 1:
        steps = np.delete(np.linalg.norm(volume.affine[:3, :3], axis=0), thin)
        return np.squeeze(volume.pixels, thin), tuple(float(step) for step in steps)
    _check_sagittal(volume.affine, path)
    slices, spacing = canonical(volume.pixels, volume.affine)
    return slices[len(slices) // 2], spacing[1:]


def _flat(path: Path) -> tuple[NDArray[np.generic], tuple[float, ...]] | None:
    import nibabel

    try:
        image: Any = nibabel.load(path)
        if len(image.shape) != 2:
            return None
        return np.asanyarray(image.dataobj), tuple(float(step) for step in image.header.get_zooms()[:2])
    except (nibabel.filebasedimages.ImageFileError, OSError, ValueError, EOFError) as error:
        raise SubmissionError(f"{path}: not a readable NIfTI ({' '.join(str(error).split())[:120]})") from None


def _check_sagittal(affine: NDArray[np.float64], path: Path) -> None:
    from synthuterus_bench.cohorts.imports.axes import Plane, plane_of

    if plane_of(affine) is not Plane.SAGITTAL:
        raise SubmissionError(f"{path}: found {plane_of(affine)} slices, expected sagittal ones")
