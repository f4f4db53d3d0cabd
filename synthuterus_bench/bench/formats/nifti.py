"""NIfTI: a 2D image, or a volume, of which the middle sagittal slice is the image."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.formats.bounds import check_file, check_sides
from synthuterus_bench.bench.formats.picture import GRAY, Picture
from synthuterus_bench.errors import Fault, ScanError, SubmissionError

SUFFIXES = (".nii", ".nii.gz")


def read_nifti_slice(path: Path) -> Picture:
    """Read one image at 1 mm.

    Raises:
        SubmissionError: no NIfTI, damaged, too large, NaN or infinite values, or no sagittal slices.
    """
    from synthuterus_bench.prep.spatial import PIXEL_MM, resample

    check_file(path)
    try:
        pixels, spacing = _sagittal_slice(path)
    except ScanError as error:
        raise SubmissionError(error.message, fault=Fault.UNREADABLE) from None
    if not np.isfinite(pixels).all():
        raise SubmissionError(f"{path}: found NaN or infinite values, expected finite ones", fault=Fault.RANGE)
    return Picture(str(path), resample(pixels.astype(np.float32), spacing, (PIXEL_MM, PIXEL_MM)))


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
    """Pixels and spacing of a 2D image, whose header is looked at before its pixels; None for a volume."""
    import nibabel

    try:
        image: Any = nibabel.load(path)
        if len(image.shape) != 2:
            return None
        rows, columns = image.shape
        check_sides(rows, columns, str(path))
        if (kind := image.get_data_dtype()).kind not in "iuf":
            raise SubmissionError(f"{path}: found pixels of {kind}, expected {GRAY}", fault=Fault.RANGE)
        return np.asanyarray(image.dataobj), tuple(float(step) for step in image.header.get_zooms()[:2])
    except SubmissionError:
        raise
    except Exception as error:  # nibabel raises whatever a damaged field leads to
        raise SubmissionError(
            f"{path}: not a readable NIfTI ({' '.join(str(error).split())[:120]})", fault=Fault.UNREADABLE
        ) from None


def _check_sagittal(affine: NDArray[np.float64], path: Path) -> None:
    from synthuterus_bench.cohorts.imports.axes import Plane, plane_of

    if plane_of(affine) is not Plane.SAGITTAL:
        raise SubmissionError(f"{path}: found {plane_of(affine)} slices, expected sagittal ones", fault=Fault.LAYOUT)
