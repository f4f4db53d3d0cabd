"""Smooth random fields that hang on the patient and not on the grid: lattices, interpolated by quadratic B-splines.

A lattice has ``layers`` along z, between which fields go over smoothly, so that neighbouring slices agree as far as
the correlation length says.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Field = NDArray[np.floating]
EXTENT_MM, DEPTH_MM = 400.0, 60.0
_UNIT = np.float32(0.55)
"""Standard deviation of a quadratic B-spline through a white lattice, so that fields have about unit variance."""


def lattice(rng: np.random.Generator, corr_mm: float, fields: int = 1) -> NDArray[np.float32]:
    """White noise (fields, layers, n, n) that covers the pelvis at one value every ``corr_mm``."""
    side, layers = int(EXTENT_MM / corr_mm), int(2 * DEPTH_MM / corr_mm) + 2
    return rng.standard_normal((fields, layers, side, side), dtype=np.float32)


def flat_lattice(rng: np.random.Generator, corr_mm: float) -> NDArray[np.float32]:
    """White noise (n, n) of one slice, for textures that change from slice to slice."""
    side = int(EXTENT_MM / corr_mm)
    return rng.standard_normal((side, side), dtype=np.float32)


def plane(lattices: NDArray[np.float32], corr_mm: float, z: float) -> NDArray[np.float32]:
    """The lattices at ``z`` mm (fields, n, n), of unit variance."""
    place = float(np.clip((z + DEPTH_MM) / corr_mm, 0, lattices.shape[1] - 1.001))
    below, part = int(place), np.float32(place - int(place))
    blend = (1 - part) * lattices[:, below] + part * lattices[:, below + 1]
    return blend / np.sqrt(part * part + (1 - part) * (1 - part))


def sample(flat: NDArray[np.float32], corr_mm: float, x: Field, y: Field) -> Field:
    """One plane of a lattice at the places ``x``, ``y`` in mm."""
    at = np.stack([(y + EXTENT_MM / 2) / corr_mm, (x + EXTENT_MM / 2) / corr_mm])
    return map_coordinates(flat, at, order=2, mode="grid-wrap", prefilter=False) / _UNIT
