"""The axes of cervix, corpus and vagina as straight lines in a sagittal mask.

Points are (row, column) in mm, as in :mod:`.skeleton`. An axis at angle ``a`` (degrees) points along (-sin a, cos a) in
(x backwards, y upwards): 0 is straight up, positive leans forward.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from synthuterus_bench.cohorts.position.centreline import across, arc, point_at
from synthuterus_bench.cohorts.position.skeleton import Body, Points
from synthuterus_bench.vocab import Label

BEND_MM = 8.0
"""Left out on either side of the isthmus, where the uterus bends: twice the mean width of the phantom's bend."""

VAGINA_MM = 32.0
VAGINA_MIN_MM = 12.0
VAGINA_GAP_MM = 20.0
LONG = 2.0
HINGE_RANGE = (0.3, 0.6)


@dataclass(frozen=True, slots=True)
class Chord:
    """A straight axis from its lower to its upper end, (row, column) in mm."""

    low: Points
    high: Points

    @property
    def degrees(self) -> float:
        """Its angle; 0 is straight up, positive leans forward."""
        down, back = self.high - self.low
        return float(np.rad2deg(np.arctan2(-back, -down)))

    @property
    def length(self) -> float:
        """In mm."""
        return float(np.hypot(*(self.high - self.low)))


def uterine_chords(body: Body, line: Points) -> tuple[Chord, Chord]:
    """Chords of cervix and corpus on the centreline, ``BEND_MM`` (at most 0.4 of either part) clear of the isthmus."""
    length = float(arc(line)[-1])
    bend = isthmus(body, line)
    below, above = bend - min(BEND_MM, 0.4 * bend), bend + min(BEND_MM, 0.4 * (length - bend))
    return Chord(line[0], point_at(line, below)), Chord(point_at(line, above), line[-1])


def isthmus(body: Body, line: Points) -> float:
    """Place of the isthmus on the centreline, mm from the os.

    Up to where more of what lies across is labelled cervix than corpus; where no cervix is labelled, the hinge.
    """
    profile = across(body, line)
    corpus = np.isin(body.labels, (Label.MYOMETRIUM, Label.JUNCTIONAL_ZONE, Label.ENDOMETRIUM))
    cervix = np.flatnonzero(profile.much(body.labels == Label.CERVIX) > profile.much(corpus))
    return float(arc(line)[cervix[-1]]) if len(cervix) else hinge(line)


def hinge(line: Points) -> float:
    """Where a line bends, in mm: the joint of the two straight pieces closest to it, from 0.3 to 0.6 of its length."""
    along = arc(line)
    places = np.linspace(*HINGE_RANGE, 31) * along[-1]
    return float(min(places, key=lambda place: _misfit(line, along, float(place))))


def _misfit(line: Points, along: NDArray[np.float64], place: float) -> float:
    knots = np.stack([np.ones_like(along), along, np.maximum(along - place, 0)], 1)
    rest = line - knots @ np.linalg.lstsq(knots, line, rcond=None)[0]
    return float((rest**2).sum())


def vaginal_chord(labels: NDArray[np.uint8], os: Points) -> Chord | None:
    """Axis of the upper vagina from its largest piece.

    The mean of two directions: from the place ``VAGINA_MM`` (or as far as it is seen) below the os to the os, and the
    principal axis of what lies nearer than that, if it is at least ``LONG`` times as long as wide. None where less
    than ``VAGINA_MIN_MM`` below the os are seen, or nothing within ``VAGINA_GAP_MM`` of it.
    """
    piece = _largest_piece(labels == Label.VAGINA)
    far = np.hypot(*(piece - os).T)
    reach = min(VAGINA_MM, float(far.max(initial=0)) - 4)
    if reach < VAGINA_MIN_MM or far.min() > VAGINA_GAP_MM:
        return None
    place = piece[np.abs(far - reach) < 6].mean(0)
    above = piece[far < reach + 8]
    toward = (os - place) / np.hypot(*(os - place))
    _, spread, axes = np.linalg.svd(above - above.mean(0), full_matrices=False)
    if spread[0] >= LONG * spread[-1]:
        toward = toward + axes[0] * np.sign(axes[0] @ toward)
    return Chord(os - reach * toward / np.hypot(*toward), os)


def _largest_piece(kind: NDArray[np.bool_]) -> Points:
    pieces, _ = label(kind, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=2)
    return np.argwhere(pieces == 1 + sizes[1:].argmax()).astype(float)
