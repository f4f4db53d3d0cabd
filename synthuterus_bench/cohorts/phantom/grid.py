"""One slice of the patient on a pixel grid: where each pixel lies, its textures, its distance to the long organs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.curves import Nearest, nearest_on
from synthuterus_bench.cohorts.phantom.deform import Deform
from synthuterus_bench.cohorts.phantom.layout import Layout
from synthuterus_bench.cohorts.phantom.noise import Field, flat_lattice, plane, sample

FINE_MM, MEDIUM_MM, COARSE_MM = 2.2, 4.5, 9.0
_WARP_REACH_MM = 11.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixel places in mm as the scanner sees them (``x``, ``y``) and as the straight patient has them (``px``, ``py``).

    ``fine``, ``medium`` and ``coarse`` are textures of 2, 5 and 9 mm, of about unit variance.
    """

    z: float
    deform: Deform
    x: Field
    y: Field
    px: Field
    py: Field
    fine: Field
    medium: Field
    coarse: Field

    def window(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Rows and columns that hold everything within ``reach`` mm of a point of the straight patient."""
        seen_x, seen_y = self.deform.unwarped(np.array([[x, y]]))[0]
        side, far = self.x.shape[0], reach * self.deform.scale + _WARP_REACH_MM
        row, column = float(self.y[0, 0]) - seen_y, seen_x - float(self.x[0, 0])
        return _span(row, far, side), _span(column, far, side)


def _span(middle: float, far: float, side: int) -> slice:
    start, stop = (int(np.clip(edge, 0, side)) for edge in (np.floor(middle - far), np.ceil(middle + far) + 1))
    return slice(start, stop)


def pixel_grid(size: int, centre: tuple[float, float]) -> tuple[Field, Field]:
    """Places of the pixels of a square view around ``centre`` at 1 mm: x grows to the right, y upwards."""
    axis = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    x, y = np.meshgrid(axis + np.float32(centre[0]), np.float32(centre[1]) - axis)
    return x, y


def make_grid(
    z: float, deform: Deform, x: Field, y: Field, coarse: NDArray[np.float32], rng: np.random.Generator
) -> Grid:
    """Undo the deformation of the slice at ``z`` and draw its textures.

    Args:
        coarse: the examination's lattice of 9 mm, which neighbouring slices share.
        rng: the stream of this slice, for the finer textures.
    """
    px, py = deform.straight(x, y)
    fine, medium = (sample(flat_lattice(rng, corr), corr, px, py) for corr in (FINE_MM, MEDIUM_MM))
    return Grid(z, deform, x, y, px, py, fine, medium, sample(plane(coarse, COARSE_MM, z)[0], COARSE_MM, px, py))


@dataclass(frozen=True, slots=True)
class Distances:
    """The layout seen from every pixel."""

    uterus: Nearest
    vagina: Nearest
    rectum: Nearest
    sacrum: Nearest


def measure(grid: Grid, layout: Layout) -> Distances:
    """Distances from every pixel to the layout's curves."""
    curves = (layout.uterus, layout.vagina, layout.rectum, layout.sacrum)
    return Distances(*(nearest_on(grid.px, grid.py, curve) for curve in curves))
