"""Small scans that tests write themselves: one anatomy, as NIfTI in any axis order, or as a DICOM series."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

SPACING = (4.0, 0.8, 0.9)
SHAPE = (6, 66, 70)

SECRETS = {
    "PatientName": "Doe^Jane",
    "PatientID": "HOSP-778899",
    "PatientBirthDate": "19780314",
    "InstitutionName": "Saint Elsewhere",
    "InstitutionAddress": "12 Hidden Lane",
    "StationName": "MRC55555",
    "DeviceSerialNumber": "SN-424242",
    "StudyDate": "20230607",
    "AcquisitionTime": "112233.445566",
    "ReferringPhysicianName": "House^Gregory",
    "StudyDescription": "fibroids of J Doe",
    "ImageComments": "seen by nurse Ratched",
    "AccessionNumber": "ACC7654321",
}
"""Header values that must not survive an import."""


def anatomy(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.uint16]:
    """A canonical volume no two axes or directions of which look alike: a bright body in dark air, with texture."""
    slices, rows, columns = np.indices(shape)
    inside = (columns > 8) & (rows < shape[1] - 5) & (rows > 3)
    ramp = 300 + 40 * slices + 3 * rows + 2 * columns
    noise = np.random.default_rng(seed).integers(0, 50, shape)
    return (np.where(inside, ramp, 0) + noise).astype(np.uint16)


def reordered(
    canonical: NDArray[Any], spacing: Sequence[float], order: Sequence[int], flips: Sequence[bool]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The same anatomy with its axes stored in another order and direction, and the affine that says so."""
    axes = np.zeros((3, 3))
    axes[0, 0], axes[2, 1], axes[1, 2] = spacing[0], -spacing[1], -spacing[2]
    affine = np.eye(4)
    affine[:3, :3] = axes[:, order]
    stored = np.transpose(canonical, order)
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (stored.shape[axis] - 1)
            affine[:3, axis] *= -1
            stored = np.flip(stored, axis)
    return stored, affine


def write_nifti(
    path: Path,
    pixels: NDArray[Any] | None = None,
    order: Sequence[int] = (2, 1, 0),
    flips: Sequence[bool] = (False, False, False),
    sidecar: dict[str, Any] | None = None,
    kind: type = nibabel.Nifti1Image,
) -> Path:
    """Write a canonical volume as NIfTI stored in another order, by default as (columns, rows, slices)."""
    stored, affine = reordered(anatomy() if pixels is None else pixels, SPACING, order, flips)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(kind(np.ascontiguousarray(stored), affine), path)
    if sidecar is not None:
        path.with_name(path.name.split(".")[0] + ".json").write_text(json.dumps(sidecar))
    return path


def write_series(folder: Path, pixels: NDArray[Any] | None = None, uid: str = "1.2.3.4", **header: Any) -> list[Path]:
    """Write a canonical volume as a sagittal DICOM series, one file a slice; ``header`` overrides elements."""
    pixels = anatomy() if pixels is None else pixels
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, plane in enumerate(pixels):
        path = folder / f"{index:03d}.dcm"
        dicom_slice(plane, index, uid, header).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def dicom_slice(plane: NDArray[Any], index: int, uid: str, header: dict[str, Any]) -> pydicom.Dataset:
    """One slice as a data set, with every kind of secret in its header."""
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = MRImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{uid}.{index + 1}"
    data.SeriesInstanceUID, data.StudyInstanceUID = uid, "1.2.3"
    data.Modality, data.Manufacturer, data.MagneticFieldStrength = "MR", "SIEMENS", 2.8936
    data.SequenceName, data.SeriesDescription, data.EchoTime = "*tse2d1_25", "t2_tse_sag", 101
    data.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    data.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    data.ImagePositionPatient = [-SPACING[0] * index, -50, 60]
    data.PixelSpacing, data.SliceThickness = [SPACING[1], SPACING[2]], SPACING[0]
    data.Rows, data.Columns = plane.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    for key, value in (SECRETS | header).items():
        setattr(data, key, value)
    data.PixelData = plane.astype(np.uint16).tobytes()
    return data
