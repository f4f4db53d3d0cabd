"""Reading NIfTI files: what they hold is checked before it is believed, and before memory is taken for it."""

import gzip
import io
import math
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import Affine
from synthuterus_bench.cohorts.imports.geometry import affine_of
from synthuterus_bench.cohorts.imports.volume import Volume, check_count
from synthuterus_bench.errors import Refusal, ScanError

_GZIP = b"\x1f\x8b"
_HEADER = 540
_TRAILING = 2**24
"""Bytes of extensions before the voxels, and of anything after them, that are put up with."""


def read_nifti(path: Path, name: str) -> tuple[Volume, bool]:
    """A 3D NIfTI-1 or NIfTI-2 file, gzipped or not whatever it is called, and whether its header tells orientation.

    Cohorts keep NIfTI-1, so what comes from NIfTI-2 is written as NIfTI-1. Without a qform or sform the affine
    holds the spacing alone.

    Raises:
        ScanError: no NIfTI, damaged, header only, not 3D, of colour or complex numbers, too large, or with a
            geometry that is missing or contradicts itself.
    """
    with path.open("rb") as file:
        image, shape = _image(file, name)
    affine, oriented = affine_of(image, name)
    return Volume(_voxels(image, shape, name), affine), oriented


def read_voxels(path: Path, name: str) -> tuple[NDArray[np.generic], Affine | None]:
    """The voxels of such a file, and its affine if its header tells one; geometry may be missing or wrong.

    Raises:
        ScanError: as :func:`read_nifti`, but for geometry.
    """
    with path.open("rb") as file:
        image, shape = _image(file, name)
    try:
        affine, oriented = affine_of(image, name)
    except ScanError:
        return _voxels(image, shape, name), None
    return _voxels(image, shape, name), affine if oriented else None


def _voxels(image: Any, shape: tuple[int, ...], name: str) -> NDArray[np.generic]:
    try:
        return np.asanyarray(image.dataobj).reshape(shape)
    except (ValueError, OverflowError, ArithmeticError, TypeError) as error:
        raise ScanError(f"{name}: found no valid NIfTI ({_line(error)}), expected voxels", Refusal.DAMAGED) from None


def read_unscaled(data: bytes, name: str) -> NDArray[np.generic]:
    """Stored numbers of a NIfTI in memory, slope not applied.

    Raises:
        ScanError: as :func:`read_voxels`.
    """
    image, shape = _image(io.BytesIO(data), name)
    stored: Any = image.dataobj
    return np.asanyarray(stored.get_unscaled()).reshape(shape)


def _image(file: IO[bytes], name: str) -> tuple[Any, tuple[int, ...]]:
    """The parsed file and its three-dimensional shape; voxels are read only once the header promises a fair number."""
    plain = _opened(file)
    head = _take(plain, _HEADER, name)
    header = _header(head, name)
    shape, size, begin = _promised(header, name)
    check_count(shape, name)
    if not 0 <= begin <= _TRAILING:
        raise ScanError(f"{name}: found voxels said to begin at byte {begin}, expected 352", Refusal.DAMAGED)
    expected = begin + math.prod(shape) * size
    data = head + _take(plain, max(0, expected - len(head)), name)
    if len(data) < expected:
        raise ScanError(f"{name}: found {len(data)} bytes, expected {expected} (truncated)", Refusal.DAMAGED)
    if len(_take(plain, _TRAILING + 1, name)) > _TRAILING:
        raise ScanError(f"{name}: found {_TRAILING} bytes and more after the voxels, expected none", Refusal.DAMAGED)
    return _parsed(data, name), shape


def _opened(file: IO[bytes]) -> IO[bytes]:
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == _GZIP else file  # type: ignore[return-value]


def _take(file: IO[bytes], count: int, name: str) -> bytes:
    try:
        return file.read(count)
    except (EOFError, OSError, zlib.error) as error:
        raise ScanError(
            f"{name}: found damaged or truncated gzip ({error}), expected a whole file", Refusal.DAMAGED
        ) from None


def _header(head: bytes, name: str) -> Any:
    if len(head) < 352:
        raise ScanError(f"{name}: found {len(head)} bytes, expected at least a NIfTI header of 352", Refusal.DAMAGED)
    if head[344:348] == b"ni1\0" or head[4:8] == b"ni2\0":
        raise ScanError(
            f"{name}: found a header without its voxels, expected a single .nii or .nii.gz", Refusal.DAMAGED
        )
    kind = _kind(head).header_class
    try:
        return kind(head[: kind.sizeof_hdr], check=True)
    except Exception as error:  # nibabel raises whatever a damaged field leads to
        raise _invalid(error, name) from None


def _parsed(data: bytes, name: str) -> Any:
    try:
        return _kind(data).from_bytes(data)
    except Exception as error:  # as above, and of damaged extensions
        raise _invalid(error, name) from None


def _invalid(error: Exception, name: str) -> ScanError:
    return ScanError(f"{name}: found no valid NIfTI ({_line(error)}), expected a 3D volume", Refusal.DAMAGED)


def _kind(data: bytes) -> Any:
    import nibabel

    sizes = (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big"))
    return nibabel.Nifti2Image if _HEADER in sizes else nibabel.Nifti1Image


def _promised(header: Any, name: str) -> tuple[tuple[int, ...], int, int]:
    """Shape, bytes a voxel and the first voxel's place, as a header has them."""
    try:
        dtype, shape, begin = header.get_data_dtype(), header.get_data_shape(), int(header.get_data_offset())
    except Exception as error:  # a code that stands for no type, a place that is no number
        raise _invalid(error, name) from None
    if dtype.kind not in "iuf":
        raise ScanError(f"{name}: found voxels of type {dtype}, expected gray numbers", Refusal.NO_SIGNAL)
    return _shape_3d(shape, name), int(dtype.itemsize), begin


def _shape_3d(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1:
        raise ScanError(
            f"{name}: found {len(shape)}D voxels {' x '.join(map(str, shape))}, expected 3D", Refusal.NOT_3D
        )
    return tuple(int(side) for side in shape)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
