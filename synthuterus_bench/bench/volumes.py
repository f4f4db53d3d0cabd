"""A submission of volumes as plain files: one subfolder of NIfTI volumes for each orientation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.folder import Intensity, class_folders, looks_standardised
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import ScanError, SubmissionError
from synthuterus_bench.metrics.volumes import middle_slices
from synthuterus_bench.vocab import CLASSES, Plane

NIFTI = (".nii", ".nii.gz")
PIXEL_MM = 1.0
FEWEST_SLICES = 3
Planes = dict[Plane, NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class ClassVolumes:
    """Middle slices of the volumes in every plane, (n, size, size) each, and the class index of each volume."""

    planes: Planes
    labels: NDArray[np.int64]
    intensity: Intensity


def read_class_volumes(root: Path, size: int) -> ClassVolumes:
    """Read and check every volume below ``root``: sagittal slices of ``size`` x ``size`` at 1 mm, any number of them.

    Volumes whose values already are z-scores keep them if all are; else each is z-scored inside its body. Each file is
    read for that question and again for its slices, so that no more than one volume is in memory.

    Raises:
        SubmissionError: a class is missing or unknown, or a file is no usable volume.
    """
    folders = class_folders(root)
    files = [[path for path in sorted(folders[name].iterdir()) if not path.name.startswith(".")] for name in CLASSES]
    labels = np.repeat(np.arange(len(CLASSES)), [len(group) for group in files])
    every = [path for group in files for path in group]
    kept = all(looks_standardised(read_volume(path, size)[0]) for path in every)
    cuts = [_cut(path, size, kept) for path in every]
    planes = {plane: np.concatenate([each[plane] for each in cuts]) for plane in Plane}
    return ClassVolumes(planes, labels, "window" if kept else "standardised")


def _cut(path: Path, size: int, kept: bool) -> Planes:
    values, slice_mm = read_volume(path, size)
    z = values if kept else _standardised(values, path)
    return {plane: middle_slices(to_window(z)[None], plane, slice_mm) for plane in Plane}


def read_volume(path: Path, size: int) -> tuple[NDArray[np.float32], float]:
    """One volume (slices, size, size) in canonical order, and the distance of its slices in mm.

    Raises:
        SubmissionError: unreadable, not sagittal, another size, under three slices, not finite or constant.
    """
    from synthuterus_bench.cohorts.imports.axes import canonical, plane_of
    from synthuterus_bench.cohorts.imports.nifti import read_nifti
    from synthuterus_bench.prep.spatial import resample

    if not path.name.lower().endswith(NIFTI):
        raise SubmissionError(f"{path}: found {path.suffix or 'a folder'}, expected .nii or .nii.gz volumes")
    try:
        volume, _ = read_nifti(path, str(path))
    except ScanError as error:
        raise SubmissionError(error.message) from None
    if plane_of(volume.affine) is not Plane.SAGITTAL:
        raise SubmissionError(f"{path}: found {plane_of(volume.affine)} slices, expected sagittal ones")
    pixels, spacing = canonical(volume.pixels, volume.affine)
    if not np.isfinite(pixels).all() or np.ptp(pixels) == 0:
        raise SubmissionError(f"{path}: found NaN, infinite or constant values, expected an MR scan")
    slices = [resample(one.astype(np.float32), spacing[1:], (PIXEL_MM, PIXEL_MM)) for one in pixels]
    if len(slices) < FEWEST_SLICES or slices[0].shape != (size, size):
        found = " x ".join(map(str, (len(slices), *slices[0].shape)))
        raise SubmissionError(f"{path}: found {found} at 1 mm, expected three or more slices of {size} x {size}")
    return np.stack(slices), float(spacing[0])


def _standardised(values: NDArray[np.float32], path: Path) -> NDArray[np.floating]:
    from synthuterus_bench.prep.intensity import body_mask, standardise

    try:
        return standardise(values, body_mask(values, str(path)), str(path))
    except ScanError as error:
        raise SubmissionError(error.message) from None
