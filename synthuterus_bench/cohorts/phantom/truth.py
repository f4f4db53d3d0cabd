"""The true angles of a patient as the picture shows them: chords of the warped curves in the scanner's plane.

The cervix is the chord from the external os to where the bend begins, the corpus from where it ends to the end of the
centreline; the vagina's axis is the line of its upper 32 mm before it bends 2 mm out of it on its way down. Version is
cervix against vagina, flexion corpus against cervix.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.cuts import classify
from synthuterus_bench.cohorts.phantom.anatomy import Anatomy
from synthuterus_bench.cohorts.phantom.deform import deform_at
from synthuterus_bench.cohorts.phantom.layout import VAGINA_CHORD_MM, Layout, vagina_direction
from synthuterus_bench.vocab import Orientation


@dataclass(frozen=True, slots=True)
class Angles:
    """Version and flexion in degrees, positive forward."""

    version_deg: float
    flexion_deg: float

    def orientation(self, margin: float = 0.0) -> Orientation:
        """The class, ``ambiguous`` if an angle is closer than ``margin`` to a cut."""
        return classify(self.version_deg, self.flexion_deg, margin)


def angles_at(anatomy: Anatomy, layout: Layout, z: float) -> Angles:
    """The angles in the slice at ``z`` mm."""
    uterus, line, end = anatomy.uterus, layout.line, np.array(layout.os)
    bend = 2 * uterus.bend_width
    arcs = [0, uterus.cervix_length - bend, uterus.cervix_length + bend, float(line.arc[-1])]
    axis = np.stack([np.interp(arcs, line.arc, layout.uterus[:, k]) for k in (0, 1)], 1)
    below = end - vagina_direction(anatomy) * VAGINA_CHORD_MM
    seen = deform_at(anatomy, z).scanner(np.vstack([axis, below, end]))
    cervix, corpus, vagina = (direction(seen[k : k + 2]) for k in (0, 2, 4))
    return Angles(_wrapped(cervix - vagina), _wrapped(corpus - cervix))


def direction(ends: NDArray[np.float64]) -> float:
    """Angle in degrees of the line from the first to the second point (2, 2); 0 is up, positive forward."""
    dx, dy = ends[1] - ends[0]
    return float(np.rad2deg(np.arctan2(-dx, dy)))


def _wrapped(degrees: float) -> float:
    return (degrees + 180) % 360 - 180
