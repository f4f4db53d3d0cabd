"""Myomas and Nabothian cysts: drawn only where a cohort asks for them.

Myomas grow in the wall of the corpus, under the mucosa (FIGO 2), within the wall (4) or under the serosa (6); cysts lie
in the cervix. Shares and sizes are assumptions.
"""

from dataclasses import dataclass

import numpy as np

MYOMA_SHARE = 0.7
FIGO_TYPES = ("2", "4", "6")
_DEPTH = {"2": 0.45, "4": 0.7, "6": 1.1}
"""Where in the wall the centre lies, in half-thicknesses from the axis."""
_LARGEST_MM = {"2": 8.0, "4": 12.0, "6": 26.0}
"""Largest radius, so that the cavity stays visible."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """A ball: ``along`` the axis in [0, 1] of its part, ``side`` +1 or -1, ``depth`` in half-thicknesses, ``z`` in mm.

    ``figo`` is a myoma's type, ``None`` for a cyst.
    """

    along: float
    side: int
    depth: float
    z: float
    radius: float
    figo: str | None


def draw_lesions(rng: np.random.Generator) -> tuple[Lesion, ...]:
    """Up to four myomas and three cysts."""
    myomas = int(rng.integers(1, 5)) if rng.random() < MYOMA_SHARE else 0
    return (*(_myoma(rng) for _ in range(myomas)), *(_cyst(rng) for _ in range(int(rng.integers(0, 4)))))


def _myoma(rng: np.random.Generator) -> Lesion:
    figo = FIGO_TYPES[int(rng.choice(3, p=[0.2, 0.45, 0.35]))]
    radius = float(np.clip(np.exp(rng.normal(2.1, 0.45)), 4, _LARGEST_MM[figo]))
    side = int(rng.choice([-1, 1]))
    return Lesion(float(rng.uniform(0.2, 0.95)), side, _DEPTH[figo], float(rng.normal(0, 8)), radius, figo)


def _cyst(rng: np.random.Generator) -> Lesion:
    side = int(rng.choice([-1, 1]))
    place = float(rng.uniform(0.2, 0.8)), side, float(rng.uniform(0.3, 0.6)), float(rng.normal(0, 5))
    return Lesion(*place, float(rng.uniform(1.5, 4.5)), None)


def largest_figo(lesions: tuple[Lesion, ...]) -> str | None:
    """Type of the largest myoma, ``None`` without one."""
    myomas = [lesion for lesion in lesions if lesion.figo]
    return max(myomas, key=lambda lesion: lesion.radius).figo if myomas else None
