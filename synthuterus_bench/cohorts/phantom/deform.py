"""From the scanner's millimetres to the straight patient's and back: tilt and size, then a smooth warp."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.noise import Field, plane, sample

WARP_CORR_MM = 26.0
LASTING, PASSING = np.float32(0.8), np.float32(0.6)
"""Parts of the warp that stay with the patient and that change with the day; their squares sum to 1."""

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Deform:
    """The deformation of one slice: ``warp`` (2, n, n) in mm, hung on the scanner's axes."""

    tilt_deg: float
    scale: float
    warp: NDArray[np.float32]

    def straight(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Where the straight patient has what the scanner sees at ``x``, ``y``."""
        turned_x, turned_y = self._turned(x, y)
        shift = [sample(flat, WARP_CORR_MM, x, y) for flat in self.warp]
        return turned_x + shift[0], turned_y + shift[1]

    def scanner(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the scanner sees points (n, 2) of the straight patient: the inverse, by fixed-point iteration."""
        seen = self.unwarped(points)
        for _ in range(_ROUNDS):
            shift = np.stack([sample(flat, WARP_CORR_MM, seen[:, 0], seen[:, 1]) for flat in self.warp], 1)
            seen = self.unwarped(points - shift)
        return seen

    def unwarped(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tilt and size alone, from the straight patient to the scanner."""
        tilt = np.deg2rad(self.tilt_deg)
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        x, y = points[:, 0], points[:, 1]
        return self.scale * np.stack([x * turn[0, 0] - y * turn[0, 1], x * turn[0, 1] + y * turn[0, 0]], 1)

    def _turned(self, x: Field, y: Field) -> tuple[Field, Field]:
        tilt = np.deg2rad(self.tilt_deg)
        cos, sin = np.float32(np.cos(tilt) / self.scale), np.float32(np.sin(tilt) / self.scale)
        return x * cos + y * sin, -x * sin + y * cos


def deform_at(anatomy: Anatomy, z: float) -> Deform:
    """The deformation of the slice at ``z`` mm."""
    both = LASTING * anatomy.pelvis.warp + PASSING * anatomy.state.warp
    warp = np.float32(anatomy.state.warp_mm) * plane(both, WARP_CORR_MM, z)
    return Deform(anatomy.state.tilt_deg, anatomy.pelvis.scale, warp)
