"""The patient laid out on a pixel grid: warped coordinates, textures, and the curves every organ hangs on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.curves import Centreline, Field, Nearest, nearest_on, smooth_noise, spline

SACRUM = np.array([[22, 135], [44, 104], [66, 82], [82, 57], [89, 32], [86, 10], [74, -12], [60, -24]], float)


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixel places in mm as the scanner sees them (``x``, ``y``) and as the straight patient has them (``px``, ``py``).

    ``fine``, ``medium`` and ``coarse`` are textures of 2, 5 and 9 mm.
    """

    x: Field
    y: Field
    px: Field
    py: Field
    fine: Field
    medium: Field
    coarse: Field


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the long organs run: uterus (with os in world mm), vagina, rectum, sacrum."""

    line: Centreline
    os: tuple[float, float]
    uterus: NDArray[np.float64]
    vagina: NDArray[np.float64]
    rectum: NDArray[np.float64]
    sacrum: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distances:
    """The layout seen from every pixel."""

    uterus: Nearest
    vagina: Nearest
    rectum: Nearest
    sacrum: Nearest


def pixel_grid(size: int, centre: tuple[float, float], spacing: float = 1.0) -> tuple[Field, Field]:
    """Places of the pixels of a square view around ``centre``: x grows to the right, y upwards."""
    axis = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * np.float32(spacing)
    x, y = np.meshgrid(axis + np.float32(centre[0]), np.float32(centre[1]) - axis)
    return x, y


def make_grid(anatomy: Anatomy, x: Field, y: Field, rng: np.random.Generator) -> Grid:
    """Undo tilt, scale and a smooth warp, and draw the patient's textures (``rng``: the patient's shape stream)."""
    pelvis = anatomy.pelvis
    tilt = np.deg2rad(pelvis.tilt_deg)
    cos, sin = np.float32(np.cos(tilt) / pelvis.scale), np.float32(np.sin(tilt) / pelvis.scale)
    straight_x, straight_y = x * cos + y * sin, -x * sin + y * cos
    warp = [np.float32(pelvis.warp) * smooth_noise(rng, x, y, 24.0) for _ in range(2)]
    textures = [smooth_noise(rng, straight_x, straight_y, corr) for corr in (2.2, 4.5, 9.0)]
    return Grid(x, y, straight_x + warp[0], straight_y + warp[1], *textures)


def make_layout(anatomy: Anatomy, line: Centreline) -> Layout:
    """Place the uterus clear of sacrum, front wall and pubis; then vagina and rectum."""
    sacrum = _sacrum(anatomy)
    os = _place(anatomy, line, sacrum)
    tilt = np.deg2rad(anatomy.uterus.vagina_deg)
    up = np.array([-np.sin(tilt), np.cos(tilt)])
    end = np.array(os)
    vagina = spline(np.array([end + up * 7, end - up * 3, end - up * 32 - [0, 2], end - up * 86 + [6, 0]]), 30)
    return Layout(line, os, line.points + end, vagina, _rectum(anatomy), spline(sacrum, 64))


def measure(grid: Grid, layout: Layout) -> Distances:
    """Distances from every pixel to the layout's curves."""
    curves = (layout.uterus, layout.vagina, layout.rectum, layout.sacrum)
    return Distances(*(nearest_on(grid.px, grid.py, curve) for curve in curves))


def uterus_centre(anatomy: Anatomy, layout: Layout) -> tuple[float, float]:
    """Centre of the uterus' bounding box in scanner mm."""
    radius = layout.line.radius[:, None]
    box = [(layout.uterus - radius).min(0), (layout.uterus + radius).max(0)]
    x, y = (box[0] + box[1]) / 2
    tilt, scale = np.deg2rad(anatomy.pelvis.tilt_deg), anatomy.pelvis.scale
    return (
        float(scale * (x * np.cos(tilt) - y * np.sin(tilt))),
        float(scale * (x * np.sin(tilt) + y * np.cos(tilt))),
    )


def _sacrum(anatomy: Anatomy) -> NDArray[np.float64]:
    shift, bow, height = anatomy.pelvis.sacrum
    points = SACRUM.copy()
    points[:, 0] += 3 * shift + 2.5 * bow * np.sin(np.linspace(0, np.pi, 8))
    points[:, 1] += 3 * height
    return points


def _rectum(anatomy: Anatomy) -> NDArray[np.float64]:
    wobble = anatomy.pelvis.rectum_wobble
    return spline(
        [
            [8, -100],
            [9, -80],
            [14, -62],
            [38 + wobble[0], -40],
            [60 + 0.6 * wobble[1], -14],
            [66 + 0.6 * wobble[2], 14],
            [62 + wobble[3], 42],
            [48 + wobble[4], 66],
            [24 + 2 * wobble[5], 80 + wobble[6]],
        ],
        44,
    )


def _place(anatomy: Anatomy, line: Centreline, sacrum: NDArray[np.float64]) -> tuple[float, float]:
    """Shift the os until the uterus keeps 20 mm from the sacrum and stays behind the wall and above the pubis."""
    os = np.array(anatomy.uterus.os)
    spine = spline(sacrum[1:], 40)
    for _ in range(12):
        points = line.points + os
        gap = np.linalg.norm(points[:, None] - spine[None], axis=-1) - line.radius[:, None] - 20
        worst, bone = np.unravel_index(gap.argmin(), gap.shape)
        front = (points[:, 0] - line.radius).min() + 66
        low = (points[:, 1] - line.radius + 38 - 0.35 * (points[:, 0] + 30)).min() + 14
        if min(gap[worst, bone], front, low) >= 0:
            break
        away = points[worst] - spine[bone]
        os = os + max(0.0, -gap[worst, bone]) * 0.7 * away / (np.linalg.norm(away) + 1e-6)
        os = os + np.array([0.7 * max(0.0, -front), 0.5 * max(0.0, -low)])
    return float(os[0]), float(os[1])
