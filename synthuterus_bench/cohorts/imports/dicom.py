"""Reading DICOM files one by one: the header of a slice, its damage, its pixels."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import Refusal, ScanError

_TEXTS = (
    "Modality",
    "Manufacturer",
    "MagneticFieldStrength",
    "SequenceName",
    "PulseSequenceName",
    "SeriesDescription",
    "ProtocolName",
    "ContrastBolusAgent",
    "EchoTime",
    "SliceThickness",
    "SpacingBetweenSlices",
    "StudyInstanceUID",
    "StudyDate",
    "SOPInstanceUID",
    "BurnedInAnnotation",
    "PatientID",
    "SeriesInstanceUID",
    "PhotometricInterpretation",
    "NumberOfFrames",
)
_DIRECTORY = "1.2.840.10008.1.3.10"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_JPEG = "1.2.840.10008.1.2.4."
_PIXEL_DATA = (0x7FE0, 0x0010)

MAX_PIXELS = 2**24
"""A slice of 4096 x 4096; a header that claims more is not believed."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One DICOM file's header. ``damage`` says why its pixels cannot be used, if so."""

    path: Path
    name: str
    header: dict[str, str]
    kind: str = ""
    cosines: tuple[float, ...] = ()
    position: tuple[float, ...] = ()
    pixel_mm: tuple[float, ...] = ()
    shape: tuple[int, int] = (0, 0)
    jpeg: bool = False
    damage: str | None = None

    @property
    def series(self) -> str:
        """The series it belongs to; files without a series UID are taken by folder."""
        return self.header.get("SeriesInstanceUID") or str(self.path.parent)


def read_slice(path: Path, name: str) -> Slice | None:
    """Header of a DICOM file, ``None`` for a DICOMDIR. Its pixels are measured, not read.

    Raises:
        ScanError: the file is no DICOM, ends before its pixels begin, or is deflated (what such a file holds is
            known only after all of it is in memory).
    """
    import pydicom

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            deflated = _syntax(path) == _DEFLATED
            data = None if deflated else pydicom.dcmread(file, stop_before_pixels=True)
            if data is not None and str(data.file_meta.get("MediaStorageSOPClassUID")) == _DIRECTORY:
                return None
            one = None if data is None else _slice(data, path, name, _pixel_bytes(file, data.original_encoding))
    except Exception as error:  # pydicom raises whatever a damaged element leads to
        message = f"{name}: found no whole DICOM file ({_line(error)}), expected header and pixels"
        raise ScanError(message, Refusal.DAMAGED) from None
    if one is None:
        raise ScanError(f"{name}: found a deflated DICOM file, expected plain or compressed pixels", Refusal.FORMAT)
    return one


def _pixel_bytes(file: IO[bytes], encoding: tuple[bool | None, bool | None]) -> int | None:
    """Bytes of pixels that lie in a file read up to them, whatever their header promises; ``None`` without any."""
    implicit, little = encoding
    order: Literal["little", "big"] = "little" if little else "big"
    head = file.read(8 if implicit else 12)
    if len(head) < 8 or [int.from_bytes(head[i : i + 2], order) for i in (0, 2)] != [*_PIXEL_DATA]:
        return None
    begin = file.tell()
    return min(int.from_bytes(head[-4:], order), file.seek(0, os.SEEK_END) - begin)


def _syntax(path: Path) -> str:
    from pydicom.filereader import read_file_meta_info

    return str(read_file_meta_info(path).get("TransferSyntaxUID") or "")


def _slice(data: Any, path: Path, name: str, pixel_bytes: int | None) -> Slice:
    return Slice(
        path,
        name,
        header={key: str(data.get(key) or "").strip() for key in _TEXTS},
        kind=str(data.get("ImageType") or "").upper(),
        cosines=_numbers(data, "ImageOrientationPatient"),
        position=_numbers(data, "ImagePositionPatient"),
        pixel_mm=_numbers(data, "PixelSpacing"),
        shape=(int(data.get("Rows") or 0), int(data.get("Columns") or 0)),
        jpeg=str(data.file_meta.get("TransferSyntaxUID")).startswith(_JPEG),
        damage=_damage(data, pixel_bytes),
    )


def _numbers(data: Any, key: str) -> tuple[float, ...]:
    return tuple(float(number) for number in data.get(key) or ())


def _damage(data: Any, found: int | None) -> str | None:
    if found is None:
        return "found no pixels, expected a picture (truncated?)"
    if int(data.Rows) * int(data.Columns) > MAX_PIXELS:
        return f"found {data.Rows} x {data.Columns} pixels, expected at most {MAX_PIXELS} in all"
    if int(data.SamplesPerPixel) != 1 or int(data.BitsAllocated) not in (8, 16, 32):
        return f"found {data.SamplesPerPixel} samples of {data.BitsAllocated} bits a pixel, expected one of 8, 16 or 32"
    if data.file_meta.TransferSyntaxUID.is_compressed:
        return None
    values = data.Rows * data.Columns * int(data.get("NumberOfFrames") or 1)
    expected = values * data.BitsAllocated // 8
    return f"found {found} bytes of pixels, expected {expected} (truncated)" if found < expected else None


def decode(one: Slice) -> NDArray[np.generic]:
    """Pixels of a slice, rescaled as its header says, stored as (column, row).

    Plain and run-length encoded pixels are decoded by pydicom (on damaged run lengths GDCM may never return), JPEG in
    all its kinds by SimpleITK's GDCM.

    Raises:
        ScanError: they cannot be decoded, or are not what the header promises.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = _by_gdcm(one.path) if one.jpeg else _by_pydicom(one.path)
    except Exception:  # whatever a damaged picture leads to
        message = f"{one.name}: found pixels that cannot be decoded, expected a whole picture"
        raise ScanError(message, Refusal.DAMAGED) from None
    if pixels.shape != one.shape:
        found = " x ".join(map(str, pixels.shape))
        expected = f"{one.shape[0]} x {one.shape[1]}"
        raise ScanError(f"{one.name}: found pixels of shape {found}, expected {expected}", Refusal.DAMAGED)
    return pixels.T


def _by_gdcm(path: Path) -> NDArray[np.generic]:
    import SimpleITK

    SimpleITK.ProcessObject.GlobalWarningDisplayOff()
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]


def _by_pydicom(path: Path) -> NDArray[np.generic]:
    import pydicom
    from pydicom.pixels import apply_rescale

    data = pydicom.dcmread(path)
    unused = int(data.BitsAllocated) - int(data.BitsStored)
    pixels = data.pixel_array
    stored = (pixels << unused) >> unused if unused else pixels
    return apply_rescale(stored, data) if "RescaleSlope" in data else stored


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
