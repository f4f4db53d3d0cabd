"""Painting a slice: organs from back to front, each with a soft edge of one pixel."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.curves import ellipse
from synthuterus_bench.cohorts.phantom.grid import Distances, Grid
from synthuterus_bench.cohorts.phantom.layout import Layout
from synthuterus_bench.cohorts.phantom.noise import Field
from synthuterus_bench.cohorts.phantom.signal import Protocol, Tissue
from synthuterus_bench.vocab import Label

EVERYWHERE = (slice(None), slice(None))


@dataclass
class Canvas:
    """Signal and labels of one slice while it is painted."""

    anatomy: Anatomy
    grid: Grid
    layout: Layout
    distances: Distances
    protocol: Protocol
    signals: dict[Tissue, np.float32]
    image: Field = field(init=False)
    labels: NDArray[np.uint8] = field(init=False)
    uterus: Field = field(init=False)

    def __post_init__(self) -> None:
        self.image = self.signals[Tissue.FAT] * (
            1 + np.float32(0.05) * (self.grid.fine + self.grid.medium) + np.float32(0.06) * self.grid.coarse
        )
        self.labels = np.full(self.grid.x.shape, Label.FAT, np.uint8)
        self.uterus = uterus_distance(self)

    def put(
        self,
        distance: Field,
        tissue: Tissue,
        label: Label | None = None,
        texture: Field | None = None,
        within: Field | None = None,
        part: tuple[slice, slice] = EVERYWHERE,
    ) -> None:
        """Paint where ``distance`` (mm, negative inside) says.

        Args:
            within: limits it, in [0, 1].
            part: the rows and columns that ``distance``, ``texture`` and ``within`` cover.
        """
        cover = np.clip(np.float32(0.5) - distance, 0, 1)
        if within is not None:
            cover = cover * within
        value = self.signals[tissue] if texture is None else self.signals[tissue] * (1 + texture)
        self.image[part] += cover * (value - self.image[part])
        if label is not None:
            self.labels[part][cover > 0.5] = label

    def blob(
        self, place: tuple[float, float], axes: tuple[float, float], angle: float
    ) -> tuple[Field, tuple[slice, slice]]:
        """Distance to an ellipse, and the part of the slice it can touch."""
        part = self.grid.window(*place, max(axes) + 4)
        return ellipse(self.grid.px[part], self.grid.py[part], place, axes, angle), part

    def along(self, values: NDArray[np.float64]) -> Field:
        """A quantity of the uterus' axis, seen from every pixel."""
        return np.interp(self.distances.uterus.position, np.arange(len(values)), values).astype(np.float32)


def section(z: float | NDArray[np.float64], half_width: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of an elliptic body's sagittal radius that is left ``z`` mm from its middle; 0 beyond its half-width."""
    return np.sqrt(np.clip(1 - np.square(np.asarray(z) / half_width), 0, 1))


def off_plane(canvas: Canvas) -> NDArray[np.float64]:
    """How far the slice lies from the uterus' own plane, at every knot of its axis."""
    uterus = canvas.anatomy.uterus
    return canvas.grid.z - uterus.plane - uterus.lean * canvas.layout.line.arc


def uterus_distance(canvas: Canvas) -> Field:
    """Distance to the outer wall of the uterus; its lateral half-width makes slices off its plane smaller."""
    uterus, line = canvas.anatomy.uterus, canvas.layout.line
    wide = np.interp(
        line.arc - uterus.cervix_length,
        [0, 0.6 * uterus.corpus_length],
        [1.15 * uterus.cervix_radius, 1.3 * uterus.corpus_radius],
    )
    radius = canvas.along(line.radius * section(off_plane(canvas), wide)) * (1 + np.float32(0.02) * canvas.grid.coarse)
    gone = (radius < 0.5).astype(np.float32) * 9
    return canvas.distances.uterus.distance - radius + gone
