"""One slice of one patient, with its labels and its true bias field."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom import organs, paint
from synthuterus_bench.cohorts.phantom.acquire import acquire
from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.curves import Centreline, Field
from synthuterus_bench.cohorts.phantom.grid import make_grid, make_layout, measure, pixel_grid, uterus_centre
from synthuterus_bench.cohorts.phantom.signal import Protocol, Tissue
from synthuterus_bench.vocab import VIEW_SIZE, View

FULL_CENTRE = (8.0, 8.0)
JITTER_MM = 5.0


@dataclass(frozen=True, slots=True)
class Slice:
    """A magnitude image, its labels and the multiplicative field that lies over it; all (rows, columns)."""

    image: Field
    labels: NDArray[np.uint8]
    field: Field


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything drawn about one patient and examination."""

    anatomy: Anatomy
    line: Centreline
    protocol: Protocol
    signals: dict[Tissue, np.float32]


def render_slices(
    patient: Patient, view: View, offsets: list[float], shape: np.random.Generator, noise: list[np.random.Generator]
) -> list[Slice]:
    """Draw the slices at ``offsets`` mm from the midline at 1 mm.

    Args:
        shape: the patient's stream for textures, warp and the jitter of the ROI.
        noise: one stream a slice.
    """
    layout = make_layout(patient.anatomy, patient.line)
    jitter = shape.normal(0, JITTER_MM, 2)
    middle = uterus_centre(patient.anatomy, layout)
    centre = FULL_CENTRE if view is View.FULL else (middle[0] + jitter[0], middle[1] + jitter[1])
    x, y = pixel_grid(VIEW_SIZE[view], centre)
    grid = make_grid(patient.anatomy, x, y, shape)
    distances = measure(grid, layout)
    slices = []
    for z, stream in zip(offsets, noise, strict=True):
        canvas = paint.Canvas(patient.anatomy, grid, layout, distances, patient.signals, z)
        paint.paint_surroundings(canvas)
        for organ in (organs.paint_bladder, organs.paint_rectum, organs.paint_vagina, organs.paint_uterus):
            organ(canvas)
        paint.paint_outside(canvas)
        image, field = acquire(canvas.image, patient.protocol, x, y, stream)
        slices.append(Slice(image, canvas.labels, field))
    return slices
