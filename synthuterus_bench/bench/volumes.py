"""A submission of volumes as plain files: one subfolder of NIfTI volumes for each orientation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.folder import class_folders, visible
from synthuterus_bench.bench.formats.bounds import check_file
from synthuterus_bench.bench.images import Intensity, looks_standardised, too_few
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import Fault, ScanError, SubmissionError
from synthuterus_bench.metrics.volumes import middle_slices
from synthuterus_bench.vocab import CLASSES, Orientation, Plane

NIFTI = (".nii", ".nii.gz")
PIXEL_MM = 1.0
FEWEST_SLICES = 3
Planes = dict[Plane, NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class ClassVolumes:
    """Middle slices of the volumes in every plane, (n, size, size) each; class index and name of each volume."""

    planes: Planes
    labels: NDArray[np.int64]
    intensity: Intensity
    names: tuple[str, ...] = ()


def read_class_volumes(root: Path, size: int, least: int = 1) -> ClassVolumes:
    """Read and check every volume below ``root``: sagittal slices of ``size`` x ``size`` at 1 mm, any number of them.

    Volumes whose values already are z-scores keep them if all are; else each is z-scored inside its body. Each file is
    read for that question and again for its slices, so that no more than one volume is in memory.

    Raises:
        SubmissionError: a class is missing or unknown or has fewer than ``least`` volumes, or a file is no usable
            volume; all of these at once.
    """
    faults = Faults()
    files = {name: visible(folder) for name, folder in class_folders(root, faults).items()}
    every, kept = [path for group in files.values() for path in group], True
    for path in every:
        with faults.taking():
            kept = looks_standardised(read_volume(path, size)[0]) and kept
    if faults.found:
        faults.add(*too_few({name: len(group) for name, group in files.items() if group}, least, root))
    faults.stop()
    labels = np.repeat([CLASSES.index(Orientation(name)) for name in files], [len(group) for group in files.values()])
    cuts = [_cut(path, size, kept) for path in every]
    planes = {plane: np.concatenate([each[plane] for each in cuts]) for plane in Plane}
    return ClassVolumes(planes, labels, "window" if kept else "standardised", tuple(map(str, every)))


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
        raise SubmissionError(
            f"{path}: found {path.suffix or 'a folder'}, expected .nii or .nii.gz volumes", fault=Fault.LAYOUT
        )
    check_file(path)
    try:
        volume, _ = read_nifti(path, str(path))
    except ScanError as error:
        raise SubmissionError(error.message, fault=Fault.UNREADABLE) from None
    if plane_of(volume.affine) is not Plane.SAGITTAL:
        raise SubmissionError(
            f"{path}: found {plane_of(volume.affine)} slices, expected sagittal ones", fault=Fault.LAYOUT
        )
    pixels, spacing = canonical(volume.pixels, volume.affine)
    if not np.isfinite(pixels).all() or np.ptp(pixels) == 0:
        raise SubmissionError(f"{path}: found NaN, infinite or constant values, expected an MR scan", fault=Fault.RANGE)
    slices = [resample(one.astype(np.float32), spacing[1:], (PIXEL_MM, PIXEL_MM)) for one in pixels]
    if len(slices) < FEWEST_SLICES or slices[0].shape != (size, size):
        found = " x ".join(map(str, (len(slices), *slices[0].shape)))
        raise SubmissionError(
            f"{path}: found {found} at 1 mm, expected three or more slices of {size} x {size}", fault=Fault.SIZE
        )
    return np.stack(slices), float(spacing[0])


def _standardised(values: NDArray[np.float32], path: Path) -> NDArray[np.floating]:
    from synthuterus_bench.prep.intensity import body_mask, standardise

    try:
        return standardise(values, body_mask(values, str(path)), str(path))
    except ScanError as error:
        raise SubmissionError(error.message) from None
