"""What changes from one examination of a patient to the next: bladder, bowel, cycle, how she lies.

``endometrium`` and ``junctional_zone`` are factors on the patient's thicknesses (the cycle); a full bladder pushes
the uterus back by ``version_shift`` degrees. ``bowel`` has one row (x, y, z, radius, aspect, angle, kind) a loop.
All spreads are assumptions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLADDER_PUSH_DEG = 14.0
BOWEL_KINDS = 4


@dataclass(frozen=True, slots=True)
class State:
    """One examination's day. ``warp`` (2, layers, n, n) bends the straight anatomy, see :mod:`.noise`."""

    bladder_fill: float
    rectum_radius: float
    rectum_content: int
    rectum_wobble: NDArray[np.float64]
    endometrium: float
    junctional_zone: float
    version_shift: float
    douglas_fluid: float
    bowel: NDArray[np.float64]
    tilt_deg: float
    warp_mm: float
    warp: NDArray[np.float32]


def draw_state(rng: np.random.Generator, warp: NDArray[np.float32]) -> State:
    """A day, drawn the same way for every class and patient."""
    fill = float(np.clip(rng.beta(1.6, 1.8), 0.06, 1))
    loops = int(rng.integers(48, 72))
    kinds = rng.choice(BOWEL_KINDS, (loops, 1), p=[0.22, 0.26, 0.14, 0.38])
    bowel = rng.uniform([-85, -5, -50, 6, 0.5, 0], [58, 118, 50, 15, 1.0, np.pi], (loops, 6))
    return State(
        bladder_fill=fill,
        rectum_radius=float(np.clip(rng.normal(12.5, 3), 8, 20)),
        rectum_content=int(rng.choice(4, p=[0.35, 0.3, 0.2, 0.15])),
        rectum_wobble=rng.normal(0, 2.5, 8),
        endometrium=float(np.exp(rng.uniform(-0.4, 0.4))),
        junctional_zone=float(np.exp(rng.uniform(-0.15, 0.15))),
        version_shift=float(np.clip(rng.normal(0, 4), -9, 9)) - BLADDER_PUSH_DEG * (fill - 0.47),
        douglas_fluid=float(rng.uniform(1, 8)) if rng.random() < 0.3 else 0.0,
        bowel=np.hstack([bowel, kinds]),
        tilt_deg=float(np.clip(rng.normal(0, 9), -21, 21)),
        warp_mm=float(np.clip(rng.normal(1.7, 0.5), 0.6, 3.0)),
        warp=warp,
    )
