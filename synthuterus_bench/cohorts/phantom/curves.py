"""Curves in the sagittal plane: centreline of the uterus, distances to lines and ellipses, splines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from synthuterus_bench.cohorts.phantom.anatomy import Uterus
from synthuterus_bench.cohorts.phantom.noise import Field

_KNOTS = 64


def logistic(x: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    """Smooth step from 0 to 1 at ``centre``."""
    return 1 / (1 + np.exp(-(x - centre) / width))


@dataclass(frozen=True, slots=True)
class Centreline:
    """The uterus along its axis, from the external os to the fundus; arrays over the same knots.

    ``arc`` is the distance from the os, ``points`` (knots, 2) lie relative to the os, ``radius`` is the outer
    half-thickness; the others are half-thicknesses of their layer.
    """

    arc: NDArray[np.float64]
    points: NDArray[np.float64]
    radius: NDArray[np.float64]
    endometrium: NDArray[np.float64]
    junctional_zone: NDArray[np.float64]
    canal: NDArray[np.float64]


def centreline(uterus: Uterus) -> Centreline:
    """Cervix, a smooth bend at the isthmus, corpus; layer thicknesses along it."""
    length = uterus.cervix_length + uterus.corpus_length - 0.8 * uterus.corpus_radius
    arc = np.linspace(0, length, _KNOTS)
    bend = logistic(arc, uterus.cervix_length + 2, uterus.bend_width)
    angle = np.deg2rad(uterus.vagina_deg + uterus.version_deg + uterus.flexion_deg * bend)
    steps = np.stack([-np.sin(angle), np.cos(angle)], 1)
    middle = (steps[1:] + steps[:-1]) / 2 * arc[1]
    points = np.vstack([np.zeros(2), np.cumsum(middle, 0)])
    inner, zone, canal = _layers(uterus, arc, length)
    radius = _radius(uterus, arc, length)
    return Centreline(arc, points, radius, inner, zone, canal)


def _radius(uterus: Uterus, arc: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    cervix, corpus = uterus.cervix_radius, uterus.corpus_radius
    isthmus = cervix * uterus.isthmus_ratio
    waist = uterus.cervix_length + 0.24 * uterus.corpus_length
    radius = cervix + (isthmus - cervix) * logistic(arc, uterus.cervix_length - 9, 3.0)
    radius = radius + (corpus - isthmus) * logistic(arc, waist, 0.09 * uterus.corpus_length)
    cap = np.clip((arc - (length - 0.9 * corpus)) / (0.9 * corpus), 0, 1)
    radius = radius * (1 - (0.28 - 0.30 * (uterus.fundus - 0.4)) * cap**2)
    return radius * (1 - 0.3 * np.clip(1 - arc / 5, 0, 1) ** 2)


def _layers(uterus: Uterus, arc: NDArray[np.float64], length: float) -> tuple[NDArray[np.float64], ...]:
    corpus, cervix = uterus.corpus_length, uterus.cervix_length
    rise = np.clip((arc - cervix - 1) / (0.35 * corpus), 0, 1) ** 0.8
    tip = np.sqrt(np.clip((length - arc) / (0.18 * corpus), 0, 1))
    zone_tip = np.sqrt(np.clip((length + 4 - arc) / (4 + 0.18 * corpus), 0, 1))
    zone = uterus.junctional_zone * np.clip((arc - cervix + 2) / 6, 0, 1) * zone_tip
    canal = uterus.canal * (1 + 0.4 * np.sin(np.pi * np.clip(arc / cervix, 0, 1)))
    return uterus.endometrium * rise * tip, zone, canal * np.clip((cervix + 2 - arc) / 4, 0, 1)


def spline(points: list[list[float]] | NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """``count`` points on the cubic spline through ``points``, evenly spaced along the chords."""
    knots = np.asarray(points, float)
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(knots, axis=0).T))]
    return np.asarray(CubicSpline(along / along[-1], knots)(np.linspace(0, 1, count)))


@dataclass(frozen=True, slots=True)
class Nearest:
    """For every pixel: distance to a polyline (mm), and position along it (in points)."""

    distance: Field
    position: Field


def nearest_on(x: Field, y: Field, points: NDArray[np.float64]) -> Nearest:
    """Exact distance to a polyline: its nearest vertex, then the two segments that meet there.

    Elementwise arithmetic alone, so that every kind of processor gives the same numbers.
    """
    line = points.astype(np.float32)
    vertex = _nearest_vertex(x, y, line)
    before = _on_segment(x, y, line, np.maximum(vertex - 1, 0))
    after = _on_segment(x, y, line, np.minimum(vertex, len(line) - 2))
    closer = before[0] <= after[0]
    squared, position = (np.where(closer, a, b) for a, b in zip(before, after, strict=True))
    return Nearest(np.sqrt(squared), position)


def _nearest_vertex(x: Field, y: Field, line: Field) -> NDArray[np.intp]:
    best = np.full(x.shape, np.inf, np.float32)
    vertex = np.zeros(x.shape, np.intp)
    for index, (at_x, at_y) in enumerate(line):
        dx, dy = x - at_x, y - at_y
        squared = dx * dx + dy * dy
        vertex[squared < best] = index
        np.minimum(best, squared, out=best)
    return vertex


def _on_segment(x: Field, y: Field, line: Field, first: NDArray[np.intp]) -> tuple[Field, Field]:
    """Squared distance to a segment of the line, and the place on it."""
    along, start = np.diff(line, axis=0), line[:-1]
    length = along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1] + np.float32(1e-9)
    ax, ay = along[:, 0][first], along[:, 1][first]
    dx, dy = x - start[:, 0][first], y - start[:, 1][first]
    t = np.clip((dx * ax + dy * ay) / length[first], 0, 1)
    miss_x, miss_y = dx - t * ax, dy - t * ay
    return miss_x * miss_x + miss_y * miss_y, (first + t).astype(np.float32)


def ellipse(x: Field, y: Field, centre: tuple[float, float], axes: tuple[float, float], angle: float = 0.0) -> Field:
    """Signed distance to an ellipse, first order: ``(q - 1) q / |grad q^2 / 2|``; negative inside."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    u, v = (dx * cos + dy * sin) / np.float32(axes[0]), (-dx * sin + dy * cos) / np.float32(axes[1])
    q = np.sqrt(u * u + v * v) + np.float32(1e-6)
    slope = np.sqrt((u / np.float32(axes[0])) ** 2 + (v / np.float32(axes[1])) ** 2) + np.float32(1e-6)
    return (q - 1) * q / slope
