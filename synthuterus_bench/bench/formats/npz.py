"""Archives of NumPy: an array of images for each class, or ``images`` with ``labels``. Nothing in them is unpickled."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.bounds import MOST_ARRAY_BYTES, check_sides
from synthuterus_bench.bench.formats.labels import class_index
from synthuterus_bench.bench.formats.picture import Picture, as_picture, checked
from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.vocab import CLASSES, Orientation

SUFFIXES = (".npz",)
IMAGES, LABELS = "images", "labels"
HINT = "give arrays (n, rows, columns) called av_af, av_rf, rv_af and rv_rf, or images and labels"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

Sides = dict[str, tuple[int, ...]]


def read_npz(path: Path, faults: Faults) -> Iterator[tuple[int, Picture | None]]:
    """Every image with the index of its class; None in place of one that is no image.

    Args:
        faults: takes down images that are none, and labels that name no class.

    Raises:
        SubmissionError: no archive, too large unpacked, pickled objects in it, or arrays of other names or shapes.
    """
    arrays = _arrays(path, _promised(path))
    if set(arrays) == {IMAGES, LABELS}:
        yield from _by_label(path, arrays[IMAGES], arrays[LABELS], faults)
        return
    named = {name.lower().replace("_", "-"): array for name, array in arrays.items()}
    if set(CLASSES) - set(named) or set(named) - set(Orientation):
        found = ", ".join(sorted(arrays))[:200] or "none"
        raise SubmissionError(f"{path}: found arrays {found}; expected one a class", HINT, Fault.CLASSES)
    for k, name in enumerate(CLASSES):
        for number, pixels in enumerate(named[name]):
            yield k, _picture(pixels, f"{path}: {name} {number}", faults)


def _by_label(
    path: Path, images: NDArray[Any], labels: NDArray[Any], faults: Faults
) -> Iterator[tuple[int, Picture | None]]:
    if labels.shape != images.shape[:1]:
        raise SubmissionError(
            f"{path}: found {len(images)} images and labels of {labels.shape}, expected one label an image",
            fault=Fault.COUNT,
        )
    for number, (pixels, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        place, index = f"{path}: image {number}", None
        with faults.taking():
            index = class_index(label, place)
        if index is not None:
            yield index, _picture(pixels, place, faults)


def _picture(pixels: NDArray[Any], place: str, faults: Faults) -> Picture | None:
    with faults.taking():
        return checked(as_picture(pixels, place))
    return None


def _promised(path: Path) -> Sides:
    """Names and shapes of the arrays, from their headers alone.

    Raises:
        SubmissionError: as :func:`read_npz`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            whole = sum(member.file_size for member in members)
            if whole > MOST_ARRAY_BYTES:
                raise SubmissionError(
                    f"{path}: found {whole} bytes unpacked, expected at most {MOST_ARRAY_BYTES}", fault=Fault.TOO_LARGE
                )
            return {member.filename.removesuffix(".npy"): _shape(archive, member, path) for member in members}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise SubmissionError(f"{path}: not a readable .npz ({_line(error)})", fault=Fault.UNREADABLE) from None


def _shape(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> tuple[int, ...]:
    place = f"{path}: {member.filename}"
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version not in HEADERS:
            raise SubmissionError(f"{place}: found format {version}, expected 1.0 or 2.0", fault=Fault.UNREADABLE)
        shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise SubmissionError(
            f"{place}: found pickled objects, expected numbers; pickles are never read", HINT, Fault.UNREADABLE
        )
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise SubmissionError(
            f"{place}: found a header that promises {shape}, more than is there", fault=Fault.UNREADABLE
        )
    if not member.filename.startswith(LABELS):
        _check_images(shape, dtype, place)
    return shape


def _check_images(shape: tuple[int, ...], dtype: np.dtype[Any], place: str) -> None:
    if len(shape) != 3:
        raise SubmissionError(f"{place}: found an array of {shape}, expected (n, rows, columns)", HINT, Fault.SIZE)
    if dtype not in (np.uint8, np.uint16) and dtype.kind != "f":
        raise SubmissionError(
            f"{place}: found numbers of {dtype}, expected uint8, uint16 or floating point", fault=Fault.RANGE
        )
    check_sides(*shape[1:], place)


def _arrays(path: Path, promised: Sides) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in promised}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError) as error:
        raise SubmissionError(f"{path}: not a readable .npz ({_line(error)})", fault=Fault.UNREADABLE) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
