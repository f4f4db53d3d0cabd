"""Curves and fields in the sagittal plane: centreline of the uterus, distances, splines, smooth noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

from synthuterus_bench.cohorts.phantom.anatomy import Uterus

Field = NDArray[np.floating]
_KNOTS = 64


def logistic(x: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    """Smooth step from 0 to 1 at ``centre``."""
    return 1 / (1 + np.exp(-(x - centre) / width))


@dataclass(frozen=True, slots=True)
class Centreline:
    """The uterus along its axis, from the external os to the fundus; arrays over the same knots.

    ``arc`` is the distance from the os, ``points`` (knots, 2) lie relative to the os, ``radius`` is the outer
    half-thickness; the others are half-thicknesses of their layer. Angles are those of the chords.
    """

    arc: NDArray[np.float64]
    points: NDArray[np.float64]
    radius: NDArray[np.float64]
    endometrium: NDArray[np.float64]
    junctional_zone: NDArray[np.float64]
    canal: NDArray[np.float64]
    version_deg: float
    flexion_deg: float


def centreline(uterus: Uterus) -> Centreline:
    """Cervix, a smooth bend at the isthmus, corpus; layer thicknesses along it."""
    length = uterus.cervix_length + uterus.corpus_length - 0.8 * uterus.corpus_radius
    arc = np.linspace(0, length, _KNOTS)
    bend = logistic(arc, uterus.cervix_length + 2, uterus.bend_width)
    angle = np.deg2rad(uterus.vagina_deg + uterus.version_deg + uterus.flexion_deg * bend)
    steps = np.stack([-np.sin(angle), np.cos(angle)], 1)
    middle = (steps[1:] + steps[:-1]) / 2 * arc[1]
    points = np.vstack([np.zeros(2), np.cumsum(middle, 0)])
    cervix = chord_angle(points, arc, 0, uterus.cervix_length - 2 * uterus.bend_width)
    corpus = chord_angle(points, arc, uterus.cervix_length + 2 * uterus.bend_width, length)
    inner, zone, canal = _layers(uterus, arc, length)
    radius = _radius(uterus, arc, length)
    version, flexion = cervix - uterus.vagina_deg, corpus - cervix
    return Centreline(arc, points, radius, inner, zone, canal, version, flexion)


def chord_angle(points: NDArray[np.float64], arc: NDArray[np.float64], start: float, stop: float) -> float:
    """Angle in degrees of the straight line between two arc positions; 0 is up, positive forward."""
    ends = [np.array([np.interp(s, arc, points[:, axis]) for axis in (0, 1)]) for s in (start, stop)]
    dx, dy = ends[1] - ends[0]
    return float(np.rad2deg(np.arctan2(-dx, dy)))


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
    """For every pixel: distance to a polyline (mm), position along it (in points), and side (+1 or -1)."""

    distance: Field
    position: Field
    side: Field


def nearest_on(x: Field, y: Field, points: NDArray[np.float64]) -> Nearest:
    """Exact distance to a polyline: nearest vertex by one matrix product, then its two segments."""
    line = points.astype(np.float32)
    pixels = np.stack([x.ravel(), y.ravel()], 1)
    vertex = ((line * line).sum(1)[None] - 2 * (pixels @ line.T)).argmin(1)
    before = _on_segment(pixels, line, np.maximum(vertex - 1, 0))
    after = _on_segment(pixels, line, np.minimum(vertex, len(line) - 2))
    closer = before[0] <= after[0]
    squared, position, side = (np.where(closer, a, b).reshape(x.shape) for a, b in zip(before, after, strict=True))
    return Nearest(np.sqrt(squared), position, side)


def _on_segment(pixels: Field, line: Field, first: NDArray[np.intp]) -> tuple[Field, Field, Field]:
    start = line[first]
    along = line[first + 1] - start
    offset = pixels - start
    t = np.clip((offset * along).sum(1) / ((along * along).sum(1) + 1e-9), 0, 1)
    miss = offset - t[:, None] * along
    side = np.sign(offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0])
    return (miss * miss).sum(1), (first + t).astype(np.float32), side


def ellipse(x: Field, y: Field, centre: tuple[float, float], axes: tuple[float, float], angle: float = 0.0) -> Field:
    """Signed distance to an ellipse, first order: ``(q - 1) q / |grad q^2 / 2|``; negative inside."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    u, v = (dx * cos + dy * sin) / np.float32(axes[0]), (-dx * sin + dy * cos) / np.float32(axes[1])
    q = np.sqrt(u * u + v * v) + np.float32(1e-6)
    slope = np.sqrt((u / np.float32(axes[0])) ** 2 + (v / np.float32(axes[1])) ** 2) + np.float32(1e-6)
    return (q - 1) * q / slope


def smooth_noise(rng: np.random.Generator, x: Field, y: Field, corr_mm: float) -> Field:
    """Noise of about unit variance and correlation length ``corr_mm``, fixed to the patient, not to the grid."""
    lattice = rng.standard_normal((int(400 / corr_mm), int(400 / corr_mm))).astype(np.float32)
    at = np.stack([(y + 200) / corr_mm, (x + 200) / corr_mm])
    return map_coordinates(lattice, at, order=2, mode="grid-wrap", prefilter=False) / np.float32(0.55)
