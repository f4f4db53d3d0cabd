"""Painting a slice: organs from back to front, each with a soft edge of one pixel."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.curves import Field, ellipse
from synthuterus_bench.cohorts.phantom.grid import Distances, Grid, Layout
from synthuterus_bench.cohorts.phantom.signal import Tissue
from synthuterus_bench.vocab import Label


@dataclass
class Canvas:
    """Signal and labels of one slice while it is painted; ``z`` is the slice's place in mm from the midline."""

    anatomy: Anatomy
    grid: Grid
    layout: Layout
    distances: Distances
    signals: dict[Tissue, np.float32]
    z: float
    image: Field = field(init=False)
    labels: NDArray[np.uint8] = field(init=False)
    uterus: Field = field(init=False)

    def __post_init__(self) -> None:
        self.image = self.signals[Tissue.FAT] * (1 + 0.05 * self.grid.fine + 0.05 * self.grid.medium)
        self.labels = np.full(self.grid.x.shape, Label.FAT, np.uint8)
        self.uterus = uterus_distance(self)

    def put(
        self,
        distance: Field,
        tissue: Tissue,
        label: Label | None = None,
        texture: Field | None = None,
        within: Field | None = None,
    ) -> None:
        """Paint where ``distance`` (mm, negative inside) says; ``within`` in [0, 1] limits it."""
        cover = np.clip(np.float32(0.5) - distance, 0, 1)
        if within is not None:
            cover = cover * within
        value = self.signals[tissue] if texture is None else self.signals[tissue] * (1 + texture)
        self.image += cover * (value - self.image)
        if label is not None:
            self.labels[cover > 0.5] = label

    def along(self, values: NDArray[np.float64]) -> Field:
        """A quantity of the uterus' axis, seen from every pixel."""
        return _interp(self.distances.uterus.position, values)


def _interp(position: Field, values: NDArray[np.float64]) -> Field:
    return np.interp(position, np.arange(len(values)), values).astype(np.float32)


def uterus_distance(canvas: Canvas) -> Field:
    """Distance to the outer wall of the uterus; its lateral half-width makes slices off the midline smaller."""
    uterus, line = canvas.anatomy.uterus, canvas.layout.line
    wide = np.interp(
        line.arc - uterus.cervix_length,
        [0, 0.6 * uterus.corpus_length],
        [1.15 * uterus.cervix_radius, 1.3 * uterus.corpus_radius],
    )
    share = np.sqrt(np.clip(1 - (canvas.z / wide) ** 2, 0.0, 1))
    return canvas.distances.uterus.distance - canvas.along(line.radius * share) * (1 + 0.02 * canvas.grid.coarse)


def paint_surroundings(canvas: Canvas) -> None:
    """Vessels, wall, bowel, back, sacrum, pubis, floor: everything behind the organs of interest."""
    _vessels(canvas)
    _bowel(canvas)
    _back(canvas)
    _sacrum(canvas)
    _pubis(canvas)


def _vessels(canvas: Canvas) -> None:
    for x, y, radius, aspect, angle in canvas.anatomy.pelvis.vessels:
        shape = ellipse(canvas.grid.px, canvas.grid.py, (x, y), (radius * 2.2, radius * aspect + 0.6), angle)
        canvas.put(shape, Tissue.VESSEL)


def _bowel(canvas: Canvas) -> None:
    contents = (Tissue.BOWEL, Tissue.STOOL, Tissue.GAS)
    for x, y, radius, aspect, angle, kind in canvas.anatomy.pelvis.bowel:
        size = radius * np.sqrt(max(0.05, 1 - (canvas.z / 45) ** 2))
        shape = ellipse(canvas.grid.px, canvas.grid.py, (x, y), (size * 1.3, size * aspect), angle)
        canvas.put(shape, Tissue.WALL, Label.BOWEL)
        canvas.put(shape + 2.2, contents[int(kind)], Label.BOWEL, 0.15 * canvas.grid.medium)


def _back(canvas: Canvas) -> None:
    x, y = canvas.grid.px, canvas.grid.py
    edge = np.interp(y, [-120, -30, 10, 60, 110, 150], [68, 88, 118, 118, 90, 68]).astype(np.float32)
    low = np.clip((y + 12) / 4, 0, 1)
    canvas.put(edge - x, Tissue.MUSCLE, Label.MUSCLE, 0.18 * canvas.grid.medium, low)
    canvas.put(edge + 17 - x, Tissue.FAT, Label.FAT, 0.06 * canvas.grid.fine)
    wall = -92 + 0.0012 * (y - 20) ** 2 + np.float32(0.6 * canvas.anatomy.pelvis.wall_fat + 8)
    canvas.put(
        np.abs(x - wall) - 3.2, Tissue.MUSCLE, Label.MUSCLE, 0.12 * canvas.grid.fine, np.clip((y + 18) / 4, 0, 1)
    )


def _sacrum(canvas: Canvas) -> None:
    near = canvas.distances.sacrum
    level = near.position / 63 * 7
    half = np.interp(level, np.arange(8), [20, 19, 16, 13, 10, 8, 5, 3]).astype(np.float32)
    surface = near.distance - half
    behind = canvas.grid.px > np.interp(level, np.arange(8), canvas.layout.sacrum[:: 63 // 7, 0][:8])
    canal = np.abs(near.distance - half - 5) - 3.2
    canvas.put(canal, Tissue.FLUID, None, within=(behind & (level < 3.6)).astype(np.float32))
    canvas.put(surface - 1.3, Tissue.CORTEX, Label.BONE, within=(level < 6.99).astype(np.float32))
    canvas.put(surface + 0.4, Tissue.MARROW, Label.BONE, 0.1 * canvas.grid.fine)
    gap = np.abs(level - np.floor(level) - 0.5)
    thickness = np.interp(level, np.arange(8), [0.16, 0.15, 0.08, 0.06, 0.06, 0.06, 0.1, 0.1])
    height = np.interp(level, np.arange(8), [38, 33, 28, 26, 23, 24, 18, 15])
    inside = np.clip(0.5 - surface, 0, 1)
    canvas.put(((gap - thickness) * height).astype(np.float32), Tissue.DISC, Label.BONE, within=inside)


def _pubis(canvas: Canvas) -> None:
    shape = ellipse(canvas.grid.px, canvas.grid.py, (-60, -34), (21, 9.5), np.deg2rad(-52))
    canvas.put(shape - 1, Tissue.CORTEX, Label.BONE)
    content = Tissue.CARTILAGE if abs(canvas.z) < 4 else Tissue.MARROW
    canvas.put(shape + 1, content, Label.BONE, 0.1 * canvas.grid.fine)
    floor = ellipse(canvas.grid.px, canvas.grid.py, (-4, -84), (13, 9), 0.5)
    canvas.put(floor, Tissue.MUSCLE, Label.MUSCLE, 0.15 * canvas.grid.fine)


def paint_outside(canvas: Canvas) -> None:
    """Skin and air around the body."""
    x, y = canvas.grid.px, canvas.grid.py
    front = x - (-92 + 0.0012 * (y - 20) ** 2 - 1.5 * np.sin(y / 30))
    back = np.interp(y, [-140, -100, -40, 30, 100, 150], [60, 95, 142, 152, 140, 128]).astype(np.float32) - x
    below = y - (-112 + 0.002 * (x - 10) ** 2)
    inside = np.minimum(np.minimum(front, back), below)
    canvas.put(inside - 2, Tissue.SKIN)
    cover = np.clip(np.float32(0.5) - inside, 0, 1)
    canvas.image *= 1 - cover
    canvas.labels[cover > 0.5] = Label.BACKGROUND
