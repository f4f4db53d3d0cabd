"""DICOM series: slices grouped, ordered and checked by their headers, then stacked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synthuterus_bench.cohorts.axes import Plane, dicom_affine, normal_of, plane_along
from synthuterus_bench.cohorts.dicom import Slice, decode
from synthuterus_bench.cohorts.scrub import check_t2
from synthuterus_bench.cohorts.volume import MIN_SLICES, Volume
from synthuterus_bench.errors import ScanError

MAX_UNEVEN = 0.05
"""By how much of their median the steps between slices may differ."""

_LOCALIZER = re.compile(r"locali[sz]|scout|survey|\bloc\b")


@dataclass(frozen=True)
class Series:
    """The slices of one series in one folder, in the order of their names."""

    name: str
    slices: list[Slice] = field(default_factory=list)

    @property
    def header(self) -> Mapping[str, str]:
        """The texts of its first slice."""
        return self.slices[0].header


def group(slices: Sequence[Slice], label: Mapping[Path, str]) -> list[Series]:
    """Series by folder and series UID; named by their folder, or by a file where a folder holds several.

    Args:
        slices: in the order of their names.
        label: how each folder is called in messages.
    """
    found: dict[tuple[Path, str], list[Slice]] = {}
    for one in slices:
        found.setdefault((one.path.parent, one.series), []).append(one)
    folders = [folder for folder, _ in found]
    return [
        Series(label[folder] if folders.count(folder) == 1 else _among(members), members)
        for (folder, _), members in found.items()
    ]


def _among(members: list[Slice]) -> str:
    more = len(members) - 1
    return members[0].name + (f" (and {more} more of its series)" if more else "")


def read_series(series: Series) -> Volume:
    """Check the headers of a series, then stack its pixels, stored as (column, row, slice).

    Raises:
        ScanError: not MR, a localizer, not sagittal, mixed, damaged, incomplete, or not decodable.
    """
    check_kind(series)
    ordered, step = order(series)
    pixels = np.stack([decode(one) for one in ordered], axis=-1)
    first = ordered[0]
    return Volume(pixels, dicom_affine(first.cosines, first.position, first.pixel_mm, step))


def check_kind(series: Series) -> None:
    """Refuse what its headers say is no sagittal T2 stack of whole slices.

    Raises:
        ScanError: see :func:`read_series`.
    """
    name, header = series.name, series.header
    if header["Modality"] != "MR":
        raise ScanError(f"{name}: found modality {header['Modality'] or 'unknown'}, expected MR")
    if any("LOCALIZER" in one.kind for one in series.slices) or _LOCALIZER.search(_description(header)):
        raise ScanError(f"{name}: found a localizer, expected a sagittal T2 stack")
    if int(header["NumberOfFrames"] or 1) > 1:
        raise ScanError(f"{name}: found a multi-frame file, expected one slice a file")
    _check_plane(series)
    check_t2(header["EchoTime"], name)
    if header["BurnedInAnnotation"].upper() == "YES":
        raise ScanError(f"{name}: found text burned into the pixels, expected none")
    if not header["PhotometricInterpretation"] == "MONOCHROME2":
        raise ScanError(f"{name}: found {header['PhotometricInterpretation']} pixels, expected MONOCHROME2")
    for one in series.slices:
        if one.damage:
            raise ScanError(f"{name}: {one.damage} in {one.path.name}")


def _description(header: Mapping[str, str]) -> str:
    return f"{header['SeriesDescription']} {header['ProtocolName']}".lower().replace("_", " ")


def _check_plane(series: Series) -> None:
    name = series.name
    if any(len(one.cosines) != 6 or len(one.position) != 3 or len(one.pixel_mm) != 2 for one in series.slices):
        raise ScanError(f"{name}: found slices without orientation, place or pixel spacing, expected all three")
    planes = sorted({plane_along(normal_of(one.cosines)) for one in series.slices})
    if len(planes) > 1:
        raise ScanError(f"{name}: found {' and '.join(planes)} slices in one series, expected sagittal ones")
    if planes != [Plane.SAGITTAL]:
        raise ScanError(f"{name}: found {planes[0]} slices, expected sagittal ones")
    first = series.slices[0]
    turned = max(np.abs(np.subtract(one.cosines, first.cosines)).max() for one in series.slices)
    if turned > 0.01 or any((one.shape, one.pixel_mm) != (first.shape, first.pixel_mm) for one in series.slices):
        raise ScanError(f"{name}: found slices of differing direction or size in one series, expected one grid")


def order(series: Series) -> tuple[list[Slice], float]:
    """Slices along their normal, and the step between them in mm.

    Raises:
        ScanError: too few slices, two at one place, or uneven steps (a slice is missing).
    """
    name, found = series.name, len(series.slices)
    if found < MIN_SLICES:
        raise ScanError(f"{name}: found {found} slices, expected a stack of at least {MIN_SLICES}")
    normal = normal_of(series.slices[0].cosines)
    ordered = sorted(series.slices, key=lambda one: float(normal @ one.position))
    steps = np.diff([float(normal @ one.position) for one in ordered])
    step = float(np.median(steps))
    if steps.min() < 1e-3:
        raise ScanError(f"{name}: found several pictures at one place, expected one of each slice")
    if np.abs(steps - step).max() > MAX_UNEVEN * step:
        raise ScanError(f"{name}: found steps of {steps.min():.2f} to {steps.max():.2f} mm, expected even ones")
    return ordered, step
