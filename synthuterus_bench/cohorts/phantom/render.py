"""Slices of one examination, with their labels and their true bias field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.acquire import BIAS_CORR_MM, acquire, bias_field
from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.deform import deform_at
from synthuterus_bench.cohorts.phantom.grid import COARSE_MM, make_grid, measure, pixel_grid
from synthuterus_bench.cohorts.phantom.layout import Layout
from synthuterus_bench.cohorts.phantom.noise import Field, lattice
from synthuterus_bench.cohorts.phantom.organs import paint_organs
from synthuterus_bench.cohorts.phantom.paint import Canvas
from synthuterus_bench.cohorts.phantom.signal import Protocol, Tissue
from synthuterus_bench.cohorts.phantom.surroundings import paint_outside, paint_surroundings
from synthuterus_bench.vocab import VIEW_SIZE, View

SLICES, SLICE_MM = 24, 4.0
FULL_CENTRE = (8.0, 8.0)
_JITTER_MM, _HALF_MM, _LEAST_MM = 10.0, 62.0, 3.0


@dataclass(frozen=True, slots=True)
class Slice:
    """A magnitude image, its labels and the multiplicative field that lies over it; all (rows, columns)."""

    image: Field
    labels: NDArray[np.uint8]
    field: Field


@dataclass(frozen=True, slots=True)
class Exam:
    """Everything drawn about one examination of a patient."""

    anatomy: Anatomy
    layout: Layout
    protocol: Protocol
    signals: dict[Tissue, np.float32]


def place_of(index: int) -> float:
    """Mm from the midline of slice ``index`` of the 24 of a volume."""
    return (index - (SLICES - 1) / 2) * SLICE_MM


def render(
    exam: Exam, view: View, indices: Sequence[int], shape: np.random.Generator, noise: Sequence[np.random.Generator]
) -> Iterator[Slice]:
    """Draw slices ``indices`` of the 24 at 1 mm in plane.

    Args:
        shape: the examination's stream for what slices share: textures, bias field, jitter of the ROI.
        noise: one stream a slice, for fine textures and noise.
    """
    coarse, waves = lattice(shape, COARSE_MM), lattice(shape, BIAS_CORR_MM)
    centre = _centre(exam, view, shape)
    x, y = pixel_grid(VIEW_SIZE[view], centre)
    for index, rng in zip(indices, noise, strict=True):
        z = place_of(index)
        grid = make_grid(z, deform_at(exam.anatomy, z), x, y, coarse, rng)
        distances = measure(grid, exam.layout)
        canvas = Canvas(exam.anatomy, grid, exam.layout, distances, exam.protocol, exam.signals)
        paint_surroundings(canvas)
        paint_organs(canvas)
        depth = paint_outside(canvas)
        field = bias_field(exam.protocol, waves, x, y, z)
        yield Slice(acquire(canvas.image, depth, field, exam.protocol, rng), canvas.labels, field)


def _centre(exam: Exam, view: View, rng: np.random.Generator) -> tuple[float, float]:
    """Middle of the view: fixed for the whole pelvis, else that of the uterus' box, missed by some millimetres."""
    if view is View.FULL:
        return FULL_CENTRE
    line = exam.layout.line
    seen = deform_at(exam.anatomy, 0.0).scanner(exam.layout.uterus)
    reach = line.radius[:, None] * exam.anatomy.pelvis.scale
    low, high = (seen - reach).min(0), (seen + reach).max(0)
    most = np.maximum(_HALF_MM - (high - low) / 2, _LEAST_MM)
    x, y = (low + high) / 2 + np.clip(rng.normal(0, _JITTER_MM, 2), -most, most)
    return float(x), float(y)
