"""Reading DICOM files one by one: the header of a slice, its damage, its pixels."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import ScanError

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
    "BurnedInAnnotation",
    "PatientID",
    "SeriesInstanceUID",
    "PhotometricInterpretation",
    "NumberOfFrames",
)
_DIRECTORY = "1.2.840.10008.1.3.10"


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
    damage: str | None = None

    @property
    def series(self) -> str:
        """The series it belongs to; files without a series UID are taken by folder."""
        return self.header.get("SeriesInstanceUID") or str(self.path.parent)


def read_slice(path: Path, name: str) -> Slice | None:
    """Header of a DICOM file, ``None`` for a DICOMDIR. Its pixels are measured, not decoded.

    Raises:
        ScanError: the file is no DICOM, or ends before its pixels begin.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path)
            if str(data.file_meta.get("MediaStorageSOPClassUID")) == _DIRECTORY:
                return None
            return _slice(data, path, name)
    except Exception as error:  # pydicom raises whatever a damaged element leads to
        raise ScanError(f"{name}: found no whole DICOM file ({_line(error)}), expected header and pixels") from None


def _slice(data: Any, path: Path, name: str) -> Slice:
    return Slice(
        path,
        name,
        header={key: str(data.get(key) or "").strip() for key in _TEXTS},
        kind=str(data.get("ImageType") or "").upper(),
        cosines=_numbers(data, "ImageOrientationPatient"),
        position=_numbers(data, "ImagePositionPatient"),
        pixel_mm=_numbers(data, "PixelSpacing"),
        shape=(int(data.get("Rows") or 0), int(data.get("Columns") or 0)),
        damage=_damage(data),
    )


def _numbers(data: Any, key: str) -> tuple[float, ...]:
    return tuple(float(number) for number in data.get(key) or ())


def _damage(data: Any) -> str | None:
    if "PixelData" not in data:
        return "found no pixels, expected a picture (truncated?)"
    if data.file_meta.TransferSyntaxUID.is_compressed:
        return None
    values = data.Rows * data.Columns * data.SamplesPerPixel * int(data.get("NumberOfFrames") or 1)
    expected, found = values * data.BitsAllocated // 8, len(data.PixelData)
    return f"found {found} bytes of pixels, expected {expected} (truncated)" if found < expected else None


def decode(one: Slice) -> NDArray[np.generic]:
    """Pixels of a slice, rescaled as its header says, stored as (column, row).

    Raises:
        ScanError: they cannot be decoded, or are not what the header promises.
    """
    import SimpleITK

    try:
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(one.path)))
    except RuntimeError:
        raise ScanError(f"{one.name}: found pixels that cannot be decoded, expected a whole picture") from None
    if pixels.shape != (1, *one.shape):
        raise ScanError(
            f"{one.name}: found pixels of shape {pixels.shape}, expected (1, {one.shape[0]}, {one.shape[1]})"
        )
    return pixels[0].T


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
