"""What is done to one scan: an ordered list of steps, which is data, and its digest.

The order, and why:

1. ``body`` and ``n4`` on the scan's own grid: the field lies on the signal as acquired (:mod:`.n4`), and N4 must not
   see air.
2. ``resample`` to 1 mm, then ``body`` again: without the field, one threshold fits the whole pelvis.
3. ``z-score`` of the whole scan inside the body, as in the paper: what the localiser sees, whatever the view.
4. ``locate``, then for each view ``crop`` and ``slices``: both views of a scan share all that comes before, and lie
   around the same place.
5. ``z-score`` again, inside the body that is stored: of every image, or of a volume. A z-score is affine, so the first
   one leaves no trace but where values lie; the second fixes what ``intensity = window`` means everywhere: *each
   stored picture has mean 0 and standard deviation 1 over the body in it*. Phantoms are drawn so, and folders handed
   in for evaluation are brought there, so that a region full of dark muscle and one full of bright fat compare by what
   they show and not by how much fat happened to lie outside the crop.
6. ``window`` to 16 bit, last, as it rounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Dims, Scan
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.prep.roi import Find
from synthuterus_bench.prep.spatial import SLICE_MM, SLICES
from synthuterus_bench.prep.steps import (
    CorrectField,
    Extent,
    Facts,
    FindBody,
    Locate,
    Resample,
    Standardise,
    State,
    Step,
    begin,
    facts_of,
    slice_name,
)
from synthuterus_bench.prep.view import Choose, Crop, Window
from synthuterus_bench.repro import digest_json
from synthuterus_bench.vocab import Otherwise, SliceChoice, View


@dataclass(frozen=True)
class PrepOptions:
    """What to prepare.

    Args:
        views: one or both, of one preparation.
        dims: images (2) or volumes of 24 slices at 4 mm (3).
        slices: for images, which.
        n4: whether to correct the bias field.
        otherwise: where the uterus is in scans without a mask.
    """

    views: tuple[View, ...] = (View.ROI,)
    dims: Dims = 2
    slices: SliceChoice = SliceChoice.CENTRAL3
    n4: bool = True
    otherwise: Otherwise = Otherwise.LOCALISER


@dataclass(frozen=True)
class Pipeline:
    """Steps that all views share, and those of each view."""

    shared: tuple[Step, ...]
    views: dict[View, tuple[Step, ...]]

    def steps(self, view: View) -> tuple[Step, ...]:
        """All that is done for a view, in order."""
        return self.shared + self.views[view]

    def digest(self, view: View) -> str:
        """SHA-256 over names and parameters of a view's steps, in order."""
        return digest_json([[step.name, facts_of(step)] for step in self.steps(view)])

    def facts(self, view: View) -> Facts:
        """The record for ``Manifest.prep``: names in order, ``02-n4.levels`` and the like, and the digest."""
        steps = self.steps(view)
        facts: Facts = {"steps": " ".join(step.name for step in steps), "digest": self.digest(view)}
        for number, step in enumerate(steps, 1):
            facts |= {f"{number:02d}-{step.name}.{name}": value for name, value in facts_of(step).items()}
        return facts


@dataclass(frozen=True)
class Prepared:
    """What became of one scan: the rows of every view, and the state that the views were taken from."""

    scans: list[Scan]
    state: State


def make_pipeline(options: PrepOptions, localiser: str = "") -> Pipeline:
    """The list of steps for what is wanted; ``localiser`` is the digest of its weights."""
    volumes = options.dims == 3
    shared: tuple[Step, ...] = (
        *((FindBody(), CorrectField()) if options.n4 else ()),
        Resample(slice_mm=SLICE_MM if volumes else 0.0),
        FindBody(),
        Standardise(),
        Locate(options.otherwise, localiser),
    )
    return Pipeline(shared, {view: _of_view(view, options) for view in options.views})


def _of_view(view: View, options: PrepOptions) -> tuple[Step, ...]:
    if options.dims == 3:
        return (Crop.of(view, SLICES), Standardise(Extent.VOLUME), Window())
    return (Crop.of(view), Choose(options.slices), Standardise(Extent.SLICE), Window())


def prepare_scan(scan: Scan, pipeline: Pipeline, windowed: bool = False, find: Find | None = None) -> Prepared:
    """One scan prepared: for each view an image of each chosen slice (``<id>-s12``), or one volume.

    Args:
        scan: a volume.
        windowed: whether its pixels are in the fixed window rather than the scanner's numbers.
        find: the localiser, for scans without a uterus in their mask.

    Raises:
        ScanError: values that are not finite, a constant volume, no body in view, or no field found.
    """
    state = begin(scan.scan_id, native(scan.pixels, windowed), scan.spacing_mm, scan.mask)
    state = _run(pipeline.shared, state, find)
    rows = [row for view, steps in pipeline.views.items() for row in _rows(scan, view, _run(steps, state, find))]
    return Prepared(rows, state)


def _run(steps: tuple[Step, ...], state: State, find: Find | None) -> State:
    for step in steps:
        state = step(state, find)
    return state


def native(pixels: NDArray[Any], windowed: bool) -> NDArray[np.float32]:
    """Stored values as numbers: the scanner's own, or z-scores out of the window."""
    return from_window(pixels.astype(np.uint16)) if windowed else pixels.astype(np.float32)


def _rows(scan: Scan, view: View, stored: State) -> Iterator[Scan]:
    if not stored.images:
        yield replace(scan, pixels=stored.pixels, mask=stored.mask, spacing_mm=stored.spacing_mm, view=view)
        return
    across, *spacing = stored.spacing_mm
    for index, number in enumerate(stored.numbers):
        yield replace(
            scan,
            scan_id=slice_name(scan.scan_id, number),
            pixels=stored.pixels[index],
            mask=None if stored.mask is None else stored.mask[index],
            spacing_mm=tuple(spacing),
            view=view,
            slice_mm=(number - stored.central) * across,
        )
