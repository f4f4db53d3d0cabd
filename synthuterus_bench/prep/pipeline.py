"""Preparation: resample, find the body, crop to the view, choose slices, z-score, window. Pure and recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.prep.intensity import BODY_SHARE, MIN_BODY, body_mask, check_finite, standardise
from synthuterus_bench.prep.spatial import (
    PIXEL_MM,
    SLICE_MM,
    SLICES,
    crop,
    middle,
    resample,
    resample_labels,
    uterus_centre,
)
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, staged_folder
from synthuterus_bench.vocab import VIEW_SIZE, View

STEPS = "resample body crop slices standardise window"


class SliceChoice(StrEnum):
    """Which slices of a volume become images: all, the three about the centre, or the one at it."""

    ALL = "all"
    CENTRAL3 = "central3"
    MID = "mid"


@dataclass(frozen=True)
class PrepOptions:
    """What to prepare: the view, images (2) or volumes of 24 slices at 4 mm (3), and for images which slices."""

    view: View
    dims: Dims = 2
    slices: SliceChoice = SliceChoice.CENTRAL3


@dataclass(frozen=True, slots=True)
class Stored:
    """A volume on the common grid, cropped in plane: pixels, where the body is, labels, and the central slice."""

    pixels: NDArray[np.float32]
    body: NDArray[np.bool_]
    mask: NDArray[np.uint8] | None
    central: int


def prepare_cohort(
    cohort: Cohort,
    out: Path,
    options: PrepOptions,
    tell: Callable[[str], None] = lambda line: None,
    track: Track = silent,
) -> Cohort:
    """Write ``cohort`` prepared as ``out``. Splits, patients and labels are kept; the parameters go to the manifest.

    Args:
        tell: takes a line for each scan whose region of interest had to be guessed.

    Raises:
        CohortError: ``cohort`` is not one of volumes, or is prepared already.
        ScanError: a scan holds values that are not finite, is constant, or has no body in view.
        DataError: ``out`` is in use.
    """
    check_input(cohort, options)
    prep = parameters(cohort, options)
    update = {"view": options.view, "dims": options.dims, "intensity": "window", "splits": {}, "prep": prep}
    windowed = cohort.manifest.intensity == "window"
    with staged_folder(out) as folder:
        writer = CohortWriter(folder, Manifest.model_validate(cohort.manifest.model_dump() | update))
        for scan in track(cohort.scans(), "prepare", len(cohort)):
            if options.view is View.ROI and uterus_centre(scan.mask) is None:
                tell(f"{scan.scan_id}: found no uterus in a mask; took the middle of the scan")
            for prepared in prepare_scan(scan, options, windowed):
                writer.add(prepared)
        writer.close()
    return load_cohort(out)


def check_input(cohort: Cohort, options: PrepOptions) -> None:
    """Refuse cohorts that cannot be prepared.

    Raises:
        CohortError: prepared already, or not of volumes.
        UsageError: the whole pelvis is wanted of a cohort that holds the uterus alone.
    """
    manifest = cohort.manifest
    if manifest.prep is not None:
        raise CohortError(f"{cohort.root}: found a prepared cohort, expected an imported one")
    if manifest.dims != 3:
        raise CohortError(f"{cohort.root}: found a cohort of 2D images, expected volumes")
    if manifest.view is View.ROI and options.view is View.FULL:
        raise UsageError(f"{cohort.root}: found view roi, expected full to make view full from")


def parameters(cohort: Cohort, options: PrepOptions) -> dict[str, str | float | int]:
    """All that decides what comes out, and its digest."""
    plain: dict[str, str | float | int] = {
        "steps": STEPS,
        "view": options.view.value,
        "side": VIEW_SIZE[options.view],
        "dims": options.dims,
        "slices": options.slices.value if options.dims == 2 else SLICES,
        "pixel_mm": PIXEL_MM,
        "slice_mm": SLICE_MM if options.dims == 3 else 0.0,
        "body_share": BODY_SHARE,
        "input_digest": cohort.manifest.digest,
    }
    return plain | {"digest": digest_json(plain)}


def prepare_scan(scan: Scan, options: PrepOptions, windowed: bool = False) -> Iterator[Scan]:
    """One scan prepared: an image for each chosen slice (``<id>-s12``), or one volume.

    Every image or volume has mean 0 and standard deviation 1 over the body in it, each by itself.

    Args:
        windowed: whether its pixels are in the fixed window rather than the scanner's numbers.

    Raises:
        ScanError: see :func:`prepare_cohort`.
    """
    stored = store_view(scan, options, windowed)
    if options.dims == 3:
        pixels = to_window(standardise(stored.pixels, stored.body, scan.scan_id))
        spacing = (SLICE_MM, PIXEL_MM, PIXEL_MM)
        yield replace(scan, pixels=pixels, mask=stored.mask, spacing_mm=spacing, view=options.view)
        return
    for index in chosen(options.slices, stored.body, stored.central):
        name = f"{scan.scan_id}-s{index:02d}"
        yield replace(
            scan,
            scan_id=name,
            pixels=to_window(standardise(stored.pixels[index], stored.body[index], name)),
            mask=None if stored.mask is None else stored.mask[index],
            spacing_mm=(PIXEL_MM, PIXEL_MM),
            view=options.view,
        )


def store_view(scan: Scan, options: PrepOptions, windowed: bool) -> Stored:
    """The scan on the common grid, cropped to the view about the uterus (``roi``) or the middle (``full``).

    The body is found before the crop, so that a view full of tissue counts as body; places outside the scan get
    its least value.
    """
    native = from_window(scan.pixels.astype(np.uint16)) if windowed else scan.pixels.astype(np.float32)
    check_finite(native, scan.scan_id)
    target = (SLICE_MM if options.dims == 3 else scan.spacing_mm[0], PIXEL_MM, PIXEL_MM)
    pixels = resample(native, scan.spacing_mm, target)
    mask = None if scan.mask is None else resample_labels(scan.mask, scan.spacing_mm, target)
    uterus = uterus_centre(mask) or middle(pixels.shape)
    box = _box(options, pixels.shape, uterus)
    return Stored(
        pixels=crop(pixels, *box, fill=float(pixels.min())),
        body=crop(body_mask(pixels, scan.scan_id), *box, fill=False),
        mask=None if mask is None else crop(mask, *box, fill=0),
        central=uterus[0],
    )


def _box(
    options: PrepOptions, shape: tuple[int, ...], uterus: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Centre and size of what is stored; images keep all slices to choose from."""
    side = VIEW_SIZE[options.view]
    across, rows, columns = uterus if options.view is View.ROI else (uterus[0], *middle(shape)[1:])
    if options.dims == 3:
        return (across, rows, columns), (SLICES, side, side)
    return (shape[0] // 2, rows, columns), (shape[0], side, side)


def chosen(slices: SliceChoice, body: NDArray[np.bool_], central: int) -> list[int]:
    """Indices of the slices to take: all that show the body, or those about the central one.

    Three stay three at the ends of a stack, as long as it has three.
    """
    count = len(body)
    if slices is SliceChoice.ALL:
        return [index for index in range(count) if body[index].sum() >= MIN_BODY]
    number = min(count, 3 if slices is SliceChoice.CENTRAL3 else 1)
    first = min(max(central - number // 2, 0), count - number)
    return [*range(first, first + number)]
