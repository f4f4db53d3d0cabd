"""A small UMD, as figshare's archive unpacks, with every defect of the real one."""

import struct
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from tests.cohorts.imports.synthetic import anatomy, dicom_slice, reordered

SPACING = (5.5, 0.8, 0.9)
NUMBERS = tuple(range(1, 41))
SEQ = tuple(range(1, 34))
"""The 33 cases whose masks are called ``_seq``."""

MISNAMED = 37
PIXDIM_AT = 80


def case_name(number: int) -> str:
    return f"UMD_221129_{number:03}"


def mask_of(number: int) -> NDArray[np.uint8]:
    """A canonical mask in UMD's numbers, unlike any of its mirror images and other cases': all four labels."""
    slices, rows, columns = np.indices((6, 66, 70))
    mask = np.zeros((6, 66, 70), np.uint8)
    mask[(slices > 0) & (rows > 12) & (rows < 50) & (columns > 20) & (columns < 30 + number)] = 1
    mask[(slices > 1) & (rows > 20) & (rows < 40) & (columns > 22) & (columns < 26)] = 2
    mask[(slices == 2) & (rows > 14) & (rows < 19) & (columns > 22) & (columns < 29)] = 3
    mask[(slices == 4) & (rows == 45) & (columns == 23)] = 4
    return mask


def image_of(number: int) -> NDArray[np.uint16]:
    """The canonical image, which shows its mask: every label has a brightness of its own."""
    return (anatomy(number) + 4000 * mask_of(number).astype(np.uint16)).astype(np.uint16)


def labels_shown(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """The numbers of UMD's labels, read from an image's brightness."""
    return pixels // 4000


def write_umd(root: Path, numbers: Sequence[int] = NUMBERS) -> Path:
    """The tree under ``root``, as its archive unpacks; returns ``root``."""
    for number in numbers:
        _write_case(root / "UMD" / "UMD" / case_name(number), number)
        junk = root / "__MACOSX" / "UMD" / "UMD" / case_name(number)
        junk.mkdir(parents=True)
        (junk / f"._{case_name(number)}_t2.nii.gz").write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X")
    (root / "UMD" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    return root


def _write_case(folder: Path, number: int) -> None:
    folder.mkdir(parents=True)
    stored, affine = reordered(image_of(number), SPACING, (2, 1, 0), (False, False, False))
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(stored), affine), folder / f"{folder.name}_t2.nii.gz")
    _write_mask(folder, number, affine)
    if number % 2:
        for index, plane in enumerate(image_of(number)):
            header = {"PatientAge": "043Y", "PatientID": folder.name, "SeriesDescription": "t2_tse_tra_copied"}
            data = dicom_slice(plane, index, f"1.9.{number}", header)
            data.save_as(folder / f"{folder.name}_{index + 1:02}.dcm", enforce_file_format=True)


def _write_mask(folder: Path, number: int, affine: NDArray[np.float64]) -> None:
    stored = np.ascontiguousarray(mask_of(number).transpose(2, 1, 0))
    if number in SEQ:
        raw = nibabel.Nifti1Image(stored, affine if number % 2 else np.eye(4)).to_bytes()
        (folder / f"{folder.name}_seq.nii.gz").write_bytes(spacing_of_one(raw))
    elif number == MISNAMED:
        raw = nibabel.Nifti1Image(stored, affine).to_bytes()
        (folder / f"UMD_2221129_{number:03}_seg.nii.gz").write_bytes(spacing_of_one(raw))
    else:
        nibabel.save(nibabel.Nifti1Image(stored, affine), folder / f"{folder.name}_seg.nii.gz")


def spacing_of_one(raw: bytes) -> bytes:
    """NIfTI-1 bytes whose pixdim says 1 mm along every axis, whatever the affine says."""
    return raw[:PIXDIM_AT] + struct.pack("<4f", 1, 1, 1, 1) + raw[PIXDIM_AT + 16 :]
