"""Position of the uterus in what a generator drew untold: measured by the localiser, ``ambiguous`` allowed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.position.orientation import Basis, measure
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.segmenter import Localiser
from synthuterus_bench.prep.localise import locate
from synthuterus_bench.vocab import Orientation


@dataclass(frozen=True, slots=True)
class Position:
    """Class of a uterus with its angles in degrees, what version was measured against, and how sure that is."""

    orientation: Orientation = Orientation.AMBIGUOUS
    confidence: float = 0.0
    version_deg: float | None = None
    flexion_deg: float | None = None
    basis: Basis | None = None


def find_position(pixels: NDArray[np.uint16], spacing_mm: tuple[float, ...], localiser: Localiser) -> Position:
    """Measure a windowed image (H, W) or volume (S, H, W); ``ambiguous`` where no uterus can be measured."""
    z = from_window(pixels)
    found = locate(z if z.ndim == 3 else z[None], localiser)
    if found is None:
        return Position()
    measured = measure(found.mask if z.ndim == 3 else found.mask[0], spacing_mm)
    return Position(
        measured.orientation, measured.confidence, measured.version_deg, measured.flexion_deg, measured.basis
    )
