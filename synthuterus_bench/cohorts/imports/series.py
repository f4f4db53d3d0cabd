"""DICOM series: slices grouped, ordered and checked by their headers, then stacked."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import dicom_affine, normal_of, plane_along, proper, steps_of
from synthuterus_bench.cohorts.imports.dicom import Slice, decode
from synthuterus_bench.cohorts.imports.scrub import check_t2
from synthuterus_bench.cohorts.imports.volume import (
    MAX_STEP_OFF,
    MIN_SLICES,
    Volume,
    check_count,
    check_plane,
    check_steps,
    gap_warning,
)
from synthuterus_bench.errors import Refusal, ScanError

MAX_TURN = 0.01
"""By how much a direction cosine may differ from slice to slice."""

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


def read_series(series: Series) -> tuple[Volume, tuple[str, ...]]:
    """Check the headers of a series, then stack its pixels, stored as (column, row, slice).

    Returns:
        the volume, and warnings.

    Raises:
        ScanError: not MR, a localizer, not sagittal, mixed, damaged, incomplete, or not decodable.
    """
    check_kind(series)
    ordered, step = order(series)
    header = series.header
    thickness, spacing = number_of(header["SliceThickness"]), number_of(header["SpacingBetweenSlices"])
    warnings = gap_warning(step, spacing, thickness, series.name)
    pixels = np.stack([decode(one) for one in ordered], axis=-1)
    first = ordered[0]
    affine = dicom_affine(first.cosines, first.position, first.pixel_mm, step)
    check_steps(steps_of(affine), 2, series.name)
    return Volume(pixels, affine), warnings


def check_kind(series: Series) -> None:
    """Refuse what its headers say is no sagittal T2 stack of whole slices.

    Raises:
        ScanError: see :func:`read_series`.
    """
    name, header = series.name, series.header
    if header["Modality"] != "MR":
        raise ScanError(f"{name}: found modality {header['Modality'] or 'unknown'}, expected MR", Refusal.NOT_MR)
    check_localizer(" ".join({one.kind for one in series.slices}), header, name)
    frames = max(number_of(one.header["NumberOfFrames"]) or 1 for one in series.slices)
    if frames > 1:
        found = f"a multi-frame file ({frames:g} frames)"
        raise ScanError(f"{name}: found {found}, expected one slice a file", Refusal.MULTI_FRAME)
    _check_plane(series)
    check_t2(header["EchoTime"], name)
    if header["BurnedInAnnotation"].upper() == "YES":
        raise ScanError(f"{name}: found text burned into the pixels, expected none", Refusal.BURNED_IN)
    if (found := header["PhotometricInterpretation"]) != "MONOCHROME2":
        raise ScanError(f"{name}: found {found or 'unexplained'} pixels, expected MONOCHROME2", Refusal.NO_SIGNAL)
    for one in series.slices:
        if one.damage:
            raise ScanError(f"{name}: {one.damage} in {one.path.name}", Refusal.DAMAGED)


def check_localizer(image_type: str, header: Mapping[str, Any], name: str) -> None:
    """Refuse a localizer, by its ImageType, SeriesDescription or ProtocolName.

    Raises:
        ScanError: it is one.
    """
    words = f"{header.get('SeriesDescription')} {header.get('ProtocolName')}".lower().replace("_", " ")
    if "LOCALIZER" in image_type.upper() or _LOCALIZER.search(words):
        raise ScanError(f"{name}: found a localizer, expected a sagittal T2 stack", Refusal.LOCALIZER)


def _check_plane(series: Series) -> None:
    name = series.name
    if any(len(one.cosines) != 6 or len(one.position) != 3 or len(one.pixel_mm) != 2 for one in series.slices):
        found = "slices without orientation, place or pixel spacing"
        raise ScanError(f"{name}: found {found}, expected all three", Refusal.GEOMETRY)
    if not all(proper(one.cosines) and np.isfinite((*one.position, *one.pixel_mm)).all() for one in series.slices):
        found = "orientation or place that is none"
        raise ScanError(f"{name}: found {found}, expected unit vectors and millimetres", Refusal.GEOMETRY)
    planes = sorted({plane_along(normal_of(one.cosines)) for one in series.slices})
    if len(planes) > 1:
        found = f"{' and '.join(planes)} slices in one series"
        raise ScanError(f"{name}: found {found}, expected sagittal ones", Refusal.MIXED)
    check_plane(planes[0], name)
    _check_grid(series)


def _check_grid(series: Series) -> None:
    name, first = series.name, series.slices[0]
    turned = max(np.abs(np.subtract(one.cosines, first.cosines)).max() for one in series.slices)
    if turned > MAX_TURN or any((one.shape, one.pixel_mm) != (first.shape, first.pixel_mm) for one in series.slices):
        found = "slices of differing direction or size in one series"
        raise ScanError(f"{name}: found {found}, expected one grid", Refusal.MIXED)
    echoes = sorted({one.header["EchoTime"] for one in series.slices})
    if len(echoes) > 1:
        raise ScanError(f"{name}: found echo times {', '.join(echoes)} in one series, expected one", Refusal.MIXED)
    check_count((*first.shape, len(series.slices)), name)


def order(series: Series) -> tuple[list[Slice], float]:
    """Slices along their normal, and the step between them in mm.

    Raises:
        ScanError: too few slices, two at one place, or uneven steps (a slice is missing).
    """
    name, found = series.name, len(series.slices)
    if found < MIN_SLICES:
        expected = f"a stack of at least {MIN_SLICES}"
        raise ScanError(f"{name}: found {found} slices, expected {expected}", Refusal.TOO_SMALL)
    normal = normal_of(series.slices[0].cosines)
    ordered = sorted(series.slices, key=lambda one: float(normal @ one.position))
    places = np.array([one.position for one in ordered])
    steps = np.diff(places @ normal)
    step = float(np.median(steps))
    if steps.min() < 1e-3:
        raise ScanError(f"{name}: found several pictures at one place, expected one of each slice", Refusal.MIXED)
    if np.abs(steps - step).max() > MAX_STEP_OFF * step:
        uneven = f"steps of {steps.min():.2f} to {steps.max():.2f} mm"
        raise ScanError(f"{name}: found {uneven}, expected even ones", Refusal.GAP)
    _check_stack(places, normal, ordered[0].pixel_mm, name)
    return ordered, step


def _check_stack(
    places: NDArray[np.float64], normal: NDArray[np.float64], pixel_mm: Sequence[float], name: str
) -> None:
    shift = places - places[0]
    aside = float(np.linalg.norm(shift - np.outer(shift @ normal, normal), axis=1).max())
    if aside > max(pixel_mm):
        found = f"slices shifted by {aside:.1f} mm in their plane"
        raise ScanError(f"{name}: found {found}, expected a stack along its normal", Refusal.GEOMETRY)


def number_of(text: str) -> float | None:
    """A header's number, ``None`` if it is none or not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
