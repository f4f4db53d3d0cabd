"""Position of the uterus in what a generator drew untold: as the anatomy metric measures it, ``ambiguous`` allowed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.position.orientation import Basis
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.metrics.anatomy import examine
from synthuterus_bench.nets.segmenter import Localiser
from synthuterus_bench.vocab import Orientation


@dataclass(frozen=True, slots=True)
class Position:
    """Class of a uterus with its angles in degrees, what version was measured against, and how sure that is."""

    orientation: Orientation = Orientation.AMBIGUOUS
    confidence: float = 0.0
    version_deg: float | None = None
    flexion_deg: float | None = None
    basis: Basis | None = None


def find_position(pixels: NDArray[np.uint16], localiser: Localiser) -> Position:
    """Measure a windowed image (H, W) or volume (S, H, W); ``ambiguous`` with confidence 0 without valid anatomy."""
    seen = examine(from_window(pixels), localiser)
    if not seen.valid:
        return Position()
    found = seen.measured
    return Position(seen.orientation, found.confidence, found.version_deg, found.flexion_deg, found.basis)
