"""The centreline of the uterus: from the external os up the middle of cervix and corpus to the tip of the cavity.

Points are (row, column) in mm, as in :mod:`synthuterus_bench.cohorts.position.skeleton`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates

from synthuterus_bench.cohorts.position.skeleton import Body, Inside, Points, path
from synthuterus_bench.vocab import Label

SMOOTHING_MM = 3.0
ROUNDS = 4
STRIDE_MM = 2.0
REACH_MM = 60.0
CAVITY_MM = 12.0
LIP_MM = 6.0
TAPER = 0.7
NEAR_MM = 20.0
_STEP_MM = 0.5


def centreline(body: Body) -> Points:
    """About one point a mm, from the os upwards; shape (points, 2).

    It begins as the cheapest path, and moves in a few rounds to the middle of the cavity where it crosses one, else of
    the wall, smoothed each time by a Gaussian of ``SMOOTHING_MM``. It ends at the top of the endometrium; where none is
    labelled, ``TAPER`` of the fundus' thickness below the top of the uterus.
    """
    line = _trimmed(body, path(body))
    if not body.cavity.any():
        line = _trimmed(body, line[::-1])[::-1]
    line = smooth(line)
    for _ in range(ROUNDS):
        line = _with_lip(body, smooth(_recentred(body, line)))
    return line


def arc(line: Points) -> NDArray[np.float64]:
    """Length in mm from the start of a line to each of its points."""
    return np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]


def point_at(line: Points, along: float) -> Points:
    """The point of a line ``along`` mm from its start; (2,)."""
    length = arc(line)
    return np.array([np.interp(along, length, line[:, axis]) for axis in (0, 1)])


def smooth(line: Points) -> Points:
    """The line at steps of about 1 mm, smoothed by a Gaussian of ``SMOOTHING_MM`` along it; its ends go on straight."""
    along = arc(line)
    steps = np.linspace(0, along[-1], max(3, round(along[-1]) + 1))
    even = np.stack([np.interp(steps, along, line[:, axis]) for axis in (0, 1)], 1)
    pad = min(len(even) - 1, int(4 * SMOOTHING_MM))
    before, after = 2 * even[0] - even[pad:0:-1], 2 * even[-1] - even[-2 : -pad - 2 : -1]
    return gaussian_filter1d(np.vstack([before, even, after]), SMOOTHING_MM, axis=0)[pad:-pad]


@dataclass(frozen=True, slots=True)
class Profile:
    """What lies across a line, (points, offsets) each.

    ``offsets`` are in mm, ``at`` is (2, points, offsets), ``run`` the uterus as far as it is one piece with the line.
    """

    offsets: NDArray[np.float64]
    at: NDArray[np.float64]
    run: Inside

    def much(self, kind: Inside) -> NDArray[np.float64]:
        """How many mm of a kind (a mask) of uterus lie across each point."""
        there = map_coordinates(kind.astype(np.float32), self.at, order=1) * self.run
        return np.asarray(there.sum(1) * _STEP_MM)


def across(body: Body, line: Points) -> Profile:
    """Samples along the normals of a line, every half mm to either side."""
    offsets = np.arange(-REACH_MM, REACH_MM + _STEP_MM / 2, _STEP_MM)
    at = np.moveaxis(line[:, None] + offsets[None, :, None] * normals(line)[:, None], 2, 0)
    inside = map_coordinates(body.inside.astype(np.float32), at, order=1) > 0.5
    middle = len(offsets) // 2
    back = np.logical_and.accumulate(inside[:, middle:], axis=1)
    front = np.logical_and.accumulate(inside[:, middle::-1], axis=1)[:, ::-1]
    return Profile(offsets, at, np.hstack([front[:, :-1], back]))


def normals(line: Points) -> Points:
    """Unit normals of a line at its points, all to one side."""
    slope = np.gradient(line, axis=0)
    slope = slope / (np.hypot(*slope.T)[:, None] + 1e-9)
    return np.stack([-slope[:, 1], slope[:, 0]], 1)


def _recentred(body: Body, line: Points) -> Points:
    """Every point moved across the line by at most ``STRIDE_MM``: towards the middle of cavity or sound wall."""
    profile = across(body, line)
    near = np.abs(profile.offsets) <= CAVITY_MM
    cavity = map_coordinates(body.cavity.astype(np.float32), profile.at, order=1) * profile.run * near
    crossed = cavity.sum(1, keepdims=True) * _STEP_MM > 1.0
    myoma = map_coordinates((body.labels == Label.MYOMA).astype(np.float32), profile.at, order=1)
    weight = np.where(crossed, cavity, profile.run * (1 - myoma))
    shift = (weight * profile.offsets).sum(1) / np.maximum(weight.sum(1), 1e-6)
    return line + np.clip(shift, -STRIDE_MM, STRIDE_MM)[:, None] * normals(line)


def _trimmed(body: Body, line: Points) -> Points:
    """The line without its first part, ``TAPER`` times the largest depth within ``NEAR_MM`` of its start long.

    A rounded end has the middle of its rounding there: the medial axis begins at it.
    """
    along = arc(line)
    depth = map_coordinates(body.depth, line.T, order=1)
    start = TAPER * depth[along < NEAR_MM].max()
    return line[min(int(np.searchsorted(along, start)), max(len(line) - 3, 0)) :]


def _with_lip(body: Body, line: Points) -> Points:
    """The line with its first ``LIP_MM`` replaced: straight on from what follows, to its end inside the lip."""
    along = arc(line)
    first = int(np.searchsorted(along, min(LIP_MM, along[-1] / 3)))
    second = int(np.searchsorted(along, min(2.5 * LIP_MM, along[-1] / 2)))
    slope = (line[first] - line[second]) / (np.hypot(*(line[first] - line[second])) + 1e-9)
    tail = line[first] + np.arange(1, REACH_MM)[:, None] * slope
    outside = np.flatnonzero(map_coordinates(body.depth, tail.T, order=1) <= 0.5)
    tail = tail[: outside[0]] if len(outside) else tail
    return _trimmed(body, np.vstack([tail[::-1], line[first:]]))
