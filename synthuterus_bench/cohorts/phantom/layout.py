"""Where the long organs of a patient run in the straight sagittal plane: uterus, vagina, rectum, sacrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.curves import Centreline, centreline, spline

SACRUM = np.array([[22, 135], [44, 104], [66, 82], [82, 57], [89, 32], [86, 10], [74, -12], [60, -24]], float)
VAGINA_CHORD_MM = 32.0
"""Length of the vagina below the os whose chord is its axis."""

_SLACK_MM = 4.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Polylines (points, 2) in mm; ``line`` is the uterus relative to its external ``os``."""

    line: Centreline
    os: tuple[float, float]
    uterus: NDArray[np.float64]
    vagina: NDArray[np.float64]
    rectum: NDArray[np.float64]
    sacrum: NDArray[np.float64]


def make_layout(anatomy: Anatomy) -> Layout:
    """Place the uterus clear of sacrum, front wall and pubis; then vagina and rectum."""
    line = centreline(anatomy.uterus)
    sacrum = _sacrum(anatomy)
    os = _place(anatomy, line, sacrum)
    end, up = np.array(os), vagina_direction(anatomy)
    vagina = spline(np.array([end + up * 7, end - up * 3, end - up * 32 - [0, 2], end - up * 86 + [6, 0]]), 30)
    return Layout(line, os, line.points + end, vagina, _rectum(anatomy), spline(sacrum, 64))


def vagina_direction(anatomy: Anatomy) -> NDArray[np.float64]:
    """Unit vector from the introitus to the os."""
    tilt = np.deg2rad(anatomy.uterus.vagina_deg)
    return np.array([-np.sin(tilt), np.cos(tilt)])


def _sacrum(anatomy: Anatomy) -> NDArray[np.float64]:
    shift, bow, height = anatomy.pelvis.sacrum
    points = SACRUM.copy()
    points[:, 0] += 3 * shift + 2.5 * bow * np.sin(np.linspace(0, np.pi, 8))
    points[:, 1] += 3 * height
    return points


def _rectum(anatomy: Anatomy) -> NDArray[np.float64]:
    wobble = anatomy.state.rectum_wobble
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


def clear_of_bone(layout: Layout) -> bool:
    """Whether the uterus was placed: nothing of it closer to the sacrum, the wall or the pubis than 4 mm of slack."""
    shortfall = _shortfall(layout.uterus, layout.line, spline(layout.sacrum[::9][1:], 40))
    return min(shortfall.behind, shortfall.front, shortfall.low) >= -_SLACK_MM


@dataclass(frozen=True, slots=True)
class _Shortfall:
    """Room in mm behind, in front and below (negative: too close), and the way out from behind."""

    behind: float
    front: float
    low: float
    away: NDArray[np.float64]


def _shortfall(points: NDArray[np.float64], line: Centreline, spine: NDArray[np.float64]) -> _Shortfall:
    gap = np.linalg.norm(points[:, None] - spine[None], axis=-1) - line.radius[:, None] - 20
    worst, bone = np.unravel_index(gap.argmin(), gap.shape)
    away = points[worst] - spine[bone]
    if points[worst, 0] > spine[bone, 0]:
        gap, away = -np.abs(gap) - 40, -away
    front = (points[:, 0] - line.radius).min() + 66
    low = (points[:, 1] - line.radius + 38 - 0.35 * (points[:, 0] + 30)).min() + 14
    return _Shortfall(float(gap[worst, bone]), float(front), float(low), away / (np.linalg.norm(away) + 1e-6))


def _place(anatomy: Anatomy, line: Centreline, sacrum: NDArray[np.float64]) -> tuple[float, float]:
    """Shift the os until the uterus keeps 20 mm from the sacrum and stays behind the wall and above the pubis."""
    os, spine = np.array(anatomy.uterus.os), spline(sacrum[1:], 40)
    for _ in range(16):
        short = _shortfall(line.points + os, line, spine)
        if min(short.behind, short.front, short.low) >= 0:
            break
        os = os + 0.7 * max(0.0, -short.behind) * short.away
        os = os + np.array([0.7 * max(0.0, -short.front), 0.5 * max(0.0, -short.low)])
    return float(os[0]), float(os[1])
