"""Who a phantom patient is: sizes, angles and fillings, drawn from priors.

Lengths in mm, angles in degrees. World axes of the sagittal plane: x from anterior to posterior, y from inferior to
superior. An axis at angle ``a`` points along ``(-sin a, cos a)``: 0 is straight up, positive leans forward.
Every patient is drawn at least ``MARGIN_DEG`` inside the cuts of :mod:`synthuterus_bench.cohorts.cuts`, as measured on
the centreline before the picture is warped; the warp (about 2 mm) changes the angles seen in the picture by 6 (version)
and 8 degrees (flexion, standard deviations) and takes about 2 % of patients past a cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.vocab import Orientation

MARGIN_DEG = 5.0
_ANTEVERTED = (Orientation.AV_AF, Orientation.AV_RF)
_ANTEFLEXED = (Orientation.AV_AF, Orientation.RV_AF)


@dataclass(frozen=True, slots=True)
class Uterus:
    """Shape of one uterus. Radii are half-thicknesses in the sagittal plane."""

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


@dataclass(frozen=True, slots=True)
class Pelvis:
    """Everything around the uterus. ``clutter`` has one row (x, y, radius, aspect, angle, kind) a bowel loop."""

    bladder_fill: float
    bladder_shape: NDArray[np.float64]
    rectum_radius: float
    rectum_content: int
    rectum_wobble: NDArray[np.float64]
    sacrum: NDArray[np.float64]
    wall_fat: float
    douglas_fluid: float
    bowel: NDArray[np.float64]
    vessels: NDArray[np.float64]
    tilt_deg: float
    scale: float
    warp: float


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One patient."""

    orientation: Orientation
    uterus: Uterus
    pelvis: Pelvis


def truncated(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal number inside [low, high], by rejection."""
    while True:
        value = rng.normal(mean, sd)
        if low <= value <= high:
            return float(value)


def draw_anatomy(rng: np.random.Generator, orientation: Orientation) -> Anatomy:
    """A patient of the given class."""
    return Anatomy(orientation, draw_uterus(rng, orientation), draw_pelvis(rng))


def draw_uterus(rng: np.random.Generator, orientation: Orientation) -> Uterus:
    """A uterus whose angles lie inside its class. Sizes: uterus 6-9 cm, endometrium 4-10 mm, junctional zone 3-7 mm."""
    anteverted, anteflexed = orientation in _ANTEVERTED, orientation in _ANTEFLEXED
    version = truncated(rng, 60, 16, 18, 98) if anteverted else -truncated(rng, 32, 10, 13, 55)
    flexion = truncated(rng, 52, 10, 38, 80) if anteflexed else -truncated(rng, 50, 9, 38, 75)
    cervix_radius = truncated(rng, 12.3, 1.4, 9.5, 15.5)
    return Uterus(
        vagina_deg=-truncated(rng, 30, 7, 14, 46),
        version_deg=version,
        flexion_deg=flexion,
        cervix_length=truncated(rng, 29, 3.2, 22, 37),
        corpus_length=truncated(rng, 47, 5.5, 35, 60),
        bend_width=truncated(rng, 4.0, 0.9, 2.5, 6),
        cervix_radius=cervix_radius,
        isthmus_ratio=truncated(rng, 0.82, 0.05, 0.7, 0.94),
        corpus_radius=truncated(rng, 20, 2.3, 15.5, 26),
        fundus=truncated(rng, 0.62, 0.1, 0.4, 0.85),
        endometrium=truncated(rng, 3.3, 0.9, 1.9, 5.2),
        junctional_zone=truncated(rng, 4.6, 0.9, 3.0, 7.0),
        canal=truncated(rng, 1.5, 0.35, 0.8, 2.4),
        stroma=truncated(rng, 0.66, 0.06, 0.52, 0.8),
        os=(rng.normal(0, 5), rng.normal(-4, 4.5)),
    )


def draw_pelvis(rng: np.random.Generator) -> Pelvis:
    """Surroundings, drawn the same way for every class."""
    loops, vessels = int(rng.integers(7, 15)), int(rng.integers(8, 18))
    kinds = rng.choice(3, (loops, 1), p=[0.4, 0.4, 0.2])
    bowel = rng.uniform([-80, 22, 7, 0.55, 0], [55, 115, 16, 1.0, np.pi], (loops, 5))
    return Pelvis(
        bladder_fill=float(np.clip(rng.beta(1.6, 1.8), 0.06, 1)),
        bladder_shape=rng.normal(0, 1, 3),
        rectum_radius=truncated(rng, 12.5, 3, 8, 20),
        rectum_content=int(rng.choice(4, p=[0.35, 0.3, 0.2, 0.15])),
        rectum_wobble=rng.normal(0, 2.5, 8),
        sacrum=rng.normal(0, 1, 3),
        wall_fat=truncated(rng, 24, 10, 8, 50),
        douglas_fluid=truncated(rng, 4, 2, 1, 9) if rng.random() < 0.25 else 0.0,
        bowel=np.hstack([bowel, kinds]),
        vessels=rng.uniform([-90, -95, 1.2, 0.35, 0], [100, 110, 3.0, 1.0, np.pi], (vessels, 5)),
        tilt_deg=float(rng.normal(0, 6)),
        scale=truncated(rng, 1, 0.05, 0.88, 1.13),
        warp=truncated(rng, 1.8, 0.5, 0.6, 3.2),
    )
