"""Who a phantom patient is: sizes and angles of the uterus, and the pelvis around it, drawn from priors.

Lengths in mm, angles in degrees. World axes: x from anterior to posterior, y from inferior to superior, z from the
patient's left to right, 0 in the midline. An axis at angle ``a`` points along ``(-sin a, cos a)``: 0 is straight up,
positive leans forward. Sizes: uterus 6-9 cm, endometrium 4-10 mm over the cycle, junctional zone 3-7 mm; the spreads
are assumptions.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.lesions import Lesion
from synthuterus_bench.cohorts.phantom.state import State
from synthuterus_bench.vocab import Orientation

ANTEVERTED = (Orientation.AV_AF, Orientation.AV_RF)
ANTEFLEXED = (Orientation.AV_AF, Orientation.RV_AF)


@dataclass(frozen=True, slots=True)
class Uterus:
    """Shape of one uterus. Radii are half-thicknesses in the sagittal plane.

    ``plane`` is its lateral place in mm, ``lean`` how far that moves for each mm along the axis; ``cavity_width`` is
    the half-width of the cavity at the fundus, from left to right.
    """

    vagina_deg: float
    version_deg: float
    flexion_deg: float
    cervix_length: float
    corpus_length: float
    bend_width: float
    cervix_radius: float
    isthmus_ratio: float
    corpus_radius: float
    fundus: float
    endometrium: float
    junctional_zone: float
    canal: float
    stroma: float
    os: tuple[float, float]
    plane: float
    lean: float
    cavity_width: float


@dataclass(frozen=True, slots=True)
class Pelvis:
    """What does not change from day to day around the uterus.

    ``ovaries`` has one row (x, y, z, radius) a side; ``vessels`` one row (x, y, z, radius, aspect, angle) a vessel.
    """

    bladder_shape: NDArray[np.float64]
    sacrum: NDArray[np.float64]
    wall_fat: float
    ovaries: NDArray[np.float64]
    vessels: NDArray[np.float64]
    scale: float
    warp: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One patient on one day."""

    orientation: Orientation
    uterus: Uterus
    pelvis: Pelvis
    state: State
    lesions: tuple[Lesion, ...] = field(default=())


def truncated(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal number inside [low, high], by rejection."""
    while True:
        value = rng.normal(mean, sd)
        if low <= value <= high:
            return float(value)


def draw_uterus(rng: np.random.Generator, orientation: Orientation) -> Uterus:
    """A uterus of about the right angles; which ones are kept is decided on the warped centreline."""
    version = truncated(rng, 56, 26, 12, 108) if orientation in ANTEVERTED else -truncated(rng, 32, 17, 7, 66)
    flexion = truncated(rng, 54, 16, 33, 92) if orientation in ANTEFLEXED else -truncated(rng, 52, 15, 33, 84)
    return Uterus(
        vagina_deg=-truncated(rng, 30, 8, 10, 50),
        version_deg=version,
        flexion_deg=flexion,
        cervix_length=truncated(rng, 29, 3.5, 22, 38),
        corpus_length=truncated(rng, 47, 6, 34, 60),
        bend_width=truncated(rng, 4.0, 0.9, 2.5, 6),
        cervix_radius=truncated(rng, 12.3, 1.5, 9.5, 15.5),
        isthmus_ratio=truncated(rng, 0.82, 0.05, 0.7, 0.94),
        corpus_radius=truncated(rng, 20, 2.5, 15, 26),
        fundus=truncated(rng, 0.62, 0.1, 0.4, 0.85),
        endometrium=truncated(rng, 3.3, 0.9, 1.9, 5.2),
        junctional_zone=truncated(rng, 4.6, 0.9, 3.0, 7.0),
        canal=truncated(rng, 1.5, 0.35, 0.8, 2.4),
        stroma=truncated(rng, 0.66, 0.06, 0.52, 0.8),
        os=(truncated(rng, 0, 9, -22, 22), truncated(rng, -4, 7, -22, 14)),
        plane=truncated(rng, 0, 1.5, -3.5, 3.5),
        lean=truncated(rng, 0, 0.05, -0.12, 0.12),
        cavity_width=truncated(rng, 15, 2.5, 10, 21),
    )


def draw_pelvis(rng: np.random.Generator, warp: NDArray[np.float32]) -> Pelvis:
    """Surroundings, drawn the same way for every class."""
    vessels = int(rng.integers(26, 46))
    return Pelvis(
        bladder_shape=rng.normal(0, 1, 3),
        sacrum=rng.normal(0, 1, 3),
        wall_fat=truncated(rng, 24, 10, 8, 50),
        ovaries=rng.uniform([[-20, 0, -46, 9], [-20, 0, 28, 9]], [[35, 45, -28, 14], [35, 45, 46, 14]]),
        vessels=rng.uniform([-90, -95, -50, 1.2, 0.35, 0], [100, 110, 50, 3.0, 1.0, np.pi], (vessels, 6)),
        scale=truncated(rng, 1, 0.05, 0.88, 1.13),
        warp=warp,
    )
