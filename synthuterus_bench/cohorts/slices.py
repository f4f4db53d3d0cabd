"""Cohorts as pictures: the images of a 2D cohort, or the slices of its volumes, all of them or those at the centre."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import SliceChoice, Split

CENTRAL = {SliceChoice.CENTRAL3: 3, SliceChoice.MID: 1}
Placed = tuple[int, Scan]
"""A scan of one plane, and its place among all slices of its split."""


@dataclass(frozen=True)
class Slices:
    """Windowed ``pixels`` (N, H, W); whose and of which scan each is; its ``places`` among all slices of a split."""

    pixels: NDArray[np.uint16]
    patients: list[str]
    scans: list[str]
    places: NDArray[np.int64]


def read_slices(cohort: Cohort, split: Split, slices: SliceChoice = SliceChoice.ALL) -> Slices:
    """The pictures of a split of a prepared cohort, as :func:`each_slice` gives them.

    Raises:
        CohortError: not prepared, no scans in the split, or images that do not say where they lie.
    """
    placed = list(each_slice(cohort, split, slices))
    if not placed:
        raise CohortError(f"{cohort.root}: no scans in split {split}, expected at least one")
    places, chosen = zip(*placed, strict=True)
    pixels = np.stack([scan.pixels for scan in chosen]).astype(np.uint16)
    names = [scan.scan_id for scan in chosen]
    return Slices(pixels, [scan.patient_id or scan.scan_id for scan in chosen], names, np.array(places))


def each_slice(cohort: Cohort, split: Split, slices: SliceChoice = SliceChoice.ALL) -> Iterator[Placed]:
    """Scans of one plane, each with its mask where there is one.

    ``all`` are all images that are stored, or all slices of a volume but empty ones (one value everywhere, where a view
    reaches out of the scan). The central three of an examination are its images nearest to the central slice, of two
    that are equally near the one towards the patient's right, or the middle three slices of a volume.

    Raises:
        CohortError: not prepared, or images that do not say where they lie.
    """
    if cohort.manifest.intensity != "window":
        raise CohortError(f"{cohort.root}: found an imported cohort, expected a prepared one (1 mm, z-scores)")
    scans = cohort.scans(split)
    return _of_volumes(scans, slices) if cohort.manifest.dims == 3 else _of_images(scans, slices)


def _of_volumes(scans: Iterator[Scan], slices: SliceChoice) -> Iterator[Placed]:
    before = 0
    for scan in scans:
        count = len(scan.pixels)
        number = min(count, CENTRAL.get(slices, count))
        first = min(max(count // 2 - number // 2, 0), count - number)
        for k in range(first, first + number):
            if np.ptp(scan.pixels[k]):
                mask = None if scan.mask is None else scan.mask[k]
                yield before + k, replace(scan, pixels=scan.pixels[k], mask=mask, spacing_mm=scan.spacing_mm[1:])
        before += count


def _of_images(scans: Iterator[Scan], slices: SliceChoice) -> Iterator[Placed]:
    numbered = enumerate(scans)
    if slices is SliceChoice.ALL:
        yield from numbered
        return
    for _, group in groupby(numbered, _examination):
        yield from _central(list(group), CENTRAL[slices])


def _examination(placed: Placed) -> tuple[str, str | None, str | None]:
    _, scan = placed
    return scan.patient_id or scan.scan_id, scan.session, scan.sequence


def _central(group: list[Placed], number: int) -> list[Placed]:
    """The ``number`` images of an examination that are nearest to its central slice, in stored order."""
    if len(group) <= number:
        return group
    places = [scan.slice_mm for _, scan in group]
    if any(place is None for place in places):
        name = group[0][1].scan_id
        raise CohortError(f"{name}: no slice_mm, so that the central slices of its examination are unknown")
    nearest = sorted(range(len(group)), key=lambda index: (abs(places[index] or 0), -(places[index] or 0)))
    return [group[index] for index in sorted(nearest[:number])]
