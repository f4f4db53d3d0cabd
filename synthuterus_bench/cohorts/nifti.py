"""Reading NIfTI files: what they hold is checked before it is believed."""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.axes import contradicts, impose, normal_of, plane_along, plane_of
from synthuterus_bench.cohorts.volume import Volume
from synthuterus_bench.errors import ScanError

_GZIP = b"\x1f\x8b"


def read_nifti(path: Path, name: str) -> tuple[Volume, bool]:
    """A 3D NIfTI-1 or NIfTI-2 file, gzipped or not whatever it is called, and whether its header tells orientation.

    Cohorts keep NIfTI-1, so what comes from NIfTI-2 is written as NIfTI-1. Without a qform or sform the affine
    holds the spacing alone.

    Raises:
        ScanError: no NIfTI, damaged, header only, not 3D, or of colour or complex numbers.
    """
    data = _unzipped(path.read_bytes(), name)
    image = _parsed(data, name)
    shape = _shape_3d(image.shape, name)
    dtype = image.get_data_dtype()
    if dtype.kind not in "iuf":
        raise ScanError(f"{name}: found voxels of type {dtype}, expected gray numbers")
    begin = int(image.dataobj.offset)
    _check_length(len(data), begin, int(np.prod(image.shape, dtype=object)) * dtype.itemsize, name)
    pixels = np.asanyarray(image.dataobj).reshape(shape)
    affine, oriented = _affine(image, name)
    return Volume(pixels, affine), oriented


def orient(
    volume: Volume, oriented: bool, cosines: Sequence[float] | None, name: str
) -> tuple[Volume, tuple[str, ...]]:
    """Settle which way a volume lies: the affine, unless there is none or the sidecar's cosines contradict it.

    Returns:
        the volume, and a warning if the sidecar had to be believed.

    Raises:
        ScanError: neither header nor sidecar tells.
    """
    if not oriented and cosines is None:
        raise ScanError(f"{name}: found no orientation in header or sidecar, expected a qform or sform")
    if cosines is None or (oriented and not contradicts(volume.affine, cosines)):
        return volume, ()
    plane = plane_along(normal_of(cosines))
    against = f"the affine says {plane_of(volume.affine)}" if oriented else "the header says nothing"
    warning = f"{name}: took {plane} slices from the sidecar ({against}); look whether superior is up"
    basis = f" by its sidecar ({against})"
    return replace(volume, affine=impose(volume.affine, cosines), basis=basis), (warning,)


def _unzipped(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise ScanError(f"{name}: found damaged or truncated gzip ({error}), expected a whole file") from None


def _parsed(data: bytes, name: str) -> Any:
    import nibabel

    if len(data) < 352:
        raise ScanError(f"{name}: found {len(data)} bytes, expected at least a NIfTI header of 352")
    kind = nibabel.Nifti2Image if _header_size(data) == 540 else nibabel.Nifti1Image
    if data[344:348] == b"ni1\0" or data[4:8] == b"ni2\0":
        raise ScanError(f"{name}: found a header without its voxels, expected a single .nii or .nii.gz")
    try:
        return kind.from_bytes(data)
    except Exception as error:
        raise ScanError(f"{name}: found no valid NIfTI ({_line(error)}), expected a 3D volume") from None


def _header_size(data: bytes) -> int:
    little, big = int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")
    return 540 if 540 in (little, big) else 348


def _shape_3d(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1:
        raise ScanError(f"{name}: found {len(shape)}D voxels {' x '.join(map(str, shape))}, expected 3D")
    return shape


def _check_length(found: int, begin: int, voxels: int, name: str) -> None:
    if found < begin + voxels:
        raise ScanError(f"{name}: found {found} bytes, expected {begin + voxels} (truncated)")


def _affine(image: Any, name: str) -> tuple[NDArray[np.float64], bool]:
    header = image.header
    oriented = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    zooms = [abs(float(step)) for step in header.get_zooms()[:3]]
    affine = np.asarray(image.affine, np.float64) if oriented else np.diag([*zooms, 1.0])
    volume = abs(float(np.linalg.det(affine[:3, :3]))) if np.isfinite(affine).all() else 0.0
    if not volume > 1e-9:
        raise ScanError(f"{name}: found an affine that maps to no volume, expected millimetres along three axes")
    return affine, oriented


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
