"""Position of the uterus from a mask: version and flexion angles, the class they give, and how sure that is.

Version is the angle from the vagina's axis to the cervix', flexion from the cervix' to the corpus', both in degrees,
positive forward. Where the vagina is not labelled, the cervix is measured against the body's vertical (the rows of the
mask) and an assumed tilt of the vagina, ``VAGINA_TILT_DEG``; the result says which of the two it was. The cuts
between classes are an assumption of this project, see :mod:`synthuterus_bench.cohorts.cuts`.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from synthuterus_bench.cohorts.cuts import ANTEVERTED_MIN, FLEXION_MIN, RETROVERTED_MAX, classify
from synthuterus_bench.cohorts.position.centreline import arc, centreline
from synthuterus_bench.cohorts.position.chords import VAGINA_MM, Chord, uterine_chords, vaginal_chord
from synthuterus_bench.cohorts.position.sagittal import Plane, check_mask, mid_sagittal, take_plane
from synthuterus_bench.cohorts.position.skeleton import Body, uterus_body
from synthuterus_bench.vocab import LESIONS, Label, Orientation

VAGINA_TILT_DEG = -30.0
"""Assumed angle of the vagina where it is not labelled: its upper end leans 30 degrees backwards, as the phantom's."""

LENGTH_MM = (30.0, 200.0)
MIN_CHORD_MM = 8.0
MIN_SHARE = 0.6
UNLABELLED, CUT = 0.85, 0.7


class Basis(StrEnum):
    """What version was measured against."""

    VAGINA = "vagina"
    BODY = "body"


VERSION_SD_DEG = {Basis.VAGINA: 4.5, Basis.BODY: 12.5}
FLEXION_SD_DEG = 4.5
"""Standard deviations of the errors on phantoms, by ``benchmarks/orientation.py``."""

Ends = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axes:
    """What was measured, as (row, column) indices of the mask's pixels: ends of each axis (2, 2), low end first.

    ``vagina`` is None where it was not labelled; ``centreline`` is (points, 2), from the os upwards.
    """

    cervix: Ends
    corpus: Ends
    vagina: Ends | None
    centreline: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Position of a uterus. Where it cannot be measured, ``reason`` says why and the angles are None.

    ``confidence`` in [0, 1] is the probability of ``orientation`` given the angles and the method's errors, times the
    quality of the mask. ``slice_index`` is the slice measured of a volume.
    """

    orientation: Orientation
    confidence: float
    version_deg: float | None = None
    flexion_deg: float | None = None
    basis: Basis | None = None
    axes: Axes | None = None
    slice_index: int | None = None
    reason: str | None = None


def measure(mask: NDArray[np.uint8], spacing_mm: tuple[float, ...]) -> Measured:
    """Version, flexion and class of the uterus in a mask of ``vocab.Label``.

    Args:
        mask: (rows, columns), or (slices, rows, columns) of which the mid-sagittal slice is measured: the one with
            the largest area of endometrium, or where none shows any with the largest uterus. Rows run from superior
            to inferior, columns from anterior to posterior. Lesions count as uterus. The vagina, and either cervix or
            cavity, may be unlabelled.
        spacing_mm: one entry an axis.

    Raises:
        ScanError: mask and spacing do not fit each other.
    """
    check_mask(mask, spacing_mm)
    index = mid_sagittal(mask, spacing_mm) if mask.ndim == 3 else None
    plane = take_plane(mask if index is None else mask[index], (spacing_mm[-2], spacing_mm[-1]))
    body = None if plane is None else uterus_body(plane.labels)
    if plane is None or body is None:
        return _refused("no uterus in the mask", index)
    if body.share < MIN_SHARE:
        return _refused(f"the largest piece holds {body.share:.0%} of the uterus, expected {MIN_SHARE:.0%}", index)
    if not (body.has(Label.CERVIX) or body.cavity.any()):
        return _refused("neither cervix nor cavity in the mask, expected one to tell its ends apart by", index)
    return _measured(plane, body, index)


def _refused(reason: str, index: int | None) -> Measured:
    return Measured(Orientation.AMBIGUOUS, 0.0, slice_index=index, reason=reason)


def _measured(plane: Plane, body: Body, index: int | None) -> Measured:
    line = centreline(body)
    length = float(arc(line)[-1])
    if not LENGTH_MM[0] <= length <= LENGTH_MM[1]:
        return _refused(f"the uterus is {length:.0f} mm long, expected {LENGTH_MM[0]:g} to {LENGTH_MM[1]:g}", index)
    cervix, corpus = uterine_chords(body, line)
    for name, chord in (("cervix", cervix), ("corpus", corpus)):
        if chord.length < MIN_CHORD_MM:
            return _refused(f"{chord.length:.0f} mm of {name} seen, expected at least {MIN_CHORD_MM:g}", index)
    vagina = vaginal_chord(plane.labels, line[0])
    version = wrapped(cervix.degrees - (VAGINA_TILT_DEG if vagina is None else vagina.degrees))
    flexion = wrapped(corpus.degrees - cervix.degrees)
    seen = None if vagina is None else _ends(plane, vagina)
    return Measured(
        classify(version, flexion),
        probability(version, flexion, version_sd(vagina)) * quality(plane, body),
        version,
        flexion,
        Basis.BODY if vagina is None else Basis.VAGINA,
        Axes(_ends(plane, cervix), _ends(plane, corpus), seen, plane.to_pixels(line)),
        index,
    )


def version_sd(vagina: Chord | None) -> float:
    """Standard deviation of version's error in degrees; it grows as less of the vagina is seen (None: nothing)."""
    if vagina is None:
        return VERSION_SD_DEG[Basis.BODY]
    return min(VERSION_SD_DEG[Basis.VAGINA] * (VAGINA_MM / vagina.length) ** 1.5, VERSION_SD_DEG[Basis.BODY])


def _ends(plane: Plane, chord: Chord) -> Ends:
    return plane.to_pixels(np.stack([chord.low, chord.high]))


def wrapped(degrees: float) -> float:
    """An angle in [-180, 180)."""
    return (degrees + 180) % 360 - 180


def probability(version_deg: float, flexion_deg: float, version_sd_deg: float) -> float:
    """Probability of the class of two measured angles, their errors normal and independent."""
    forward, backward = version_deg - ANTEVERTED_MIN, RETROVERTED_MAX - version_deg
    version = float(ndtr(forward / version_sd_deg)), float(ndtr(backward / version_sd_deg))
    bends = flexion_deg - FLEXION_MIN, -FLEXION_MIN - flexion_deg
    flexion = float(ndtr(bends[0] / FLEXION_SD_DEG)), float(ndtr(bends[1] / FLEXION_SD_DEG))
    if classify(version_deg, flexion_deg) is Orientation.AMBIGUOUS:
        return 1 - sum(version) * sum(flexion)
    return max(version) * max(flexion)


def quality(plane: Plane, body: Body) -> float:
    """Quality of a mask in (0, 1].

    The largest piece's share of the uterus; less for a part that is not labelled, for a uterus cut off at the mask's
    edge, and for lesions, which push the wall away from its axis: half their share of the uterus.
    """
    unlabelled = 2 - body.has(Label.CERVIX) - bool(body.cavity.any())
    lesions = float(np.isin(body.labels[body.inside], LESIONS).mean())
    return body.share * UNLABELLED**unlabelled * (CUT if plane.cut else 1.0) * (1 - lesions / 2)
