"""Pictures whose conditions anyone can read: stripes at an angle by class, broad by sequence, and finer ones by field.

All at random phases: nothing but the conditions decides what a picture shows.
"""

from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence, Split, View

ANGLE = dict(zip(CLASSES, np.deg2rad([0, 45, 90, 135]), strict=True))
PERIOD = {Sequence.TSE: 16.0, Sequence.HASTE: 32.0}
FINE = dict(zip(FIELD_STRENGTHS, (6.0, 8.0, 11.0), strict=True))
ROWS, COLUMNS = np.mgrid[:128, :128]


def wave(angle: float, period: float) -> NDArray[np.complex128]:
    """A plane wave, (128, 128)."""
    along = COLUMNS * np.cos(angle) + ROWS * np.sin(angle)
    return np.exp(2j * np.pi * along / period)


def coarse(orientation: Orientation, sequence: Sequence) -> NDArray[np.complex128]:
    """The stripes of a class and a sequence."""
    return wave(ANGLE[orientation], PERIOD[sequence])


def fine(field: float) -> NDArray[np.complex128]:
    """The stripes of a field strength."""
    return wave(np.deg2rad(20), FINE[field])


def picture(orientation: Orientation, field: float, sequence: Sequence, rng: np.random.Generator) -> NDArray[np.uint16]:
    """One picture of a condition."""
    first, second = np.exp(2j * np.pi * rng.random(2))
    return to_window((coarse(orientation, sequence) * first + fine(field) * second).real)


def planted_cohort(home: Path, each: int) -> Cohort:
    """``each`` pictures of every condition, all for training."""
    manifest = Manifest(name="planted", view=View.ROI, dims=2, intensity="window", splits={}, digest="")
    writer, rng = CohortWriter(home, manifest), np.random.default_rng(0)
    conditions = product(CLASSES, FIELD_STRENGTHS, Sequence, range(each))
    for number, (orientation, field, sequence, _) in enumerate(conditions):
        writer.add(
            Scan(
                scan_id=f"planted-{number:04d}",
                patient_id=f"patient-{number:04d}",
                pixels=picture(orientation, field, sequence, rng),
                spacing_mm=(1.0, 1.0),
                split=Split.TRAIN,
                source="planted",
                view=View.ROI,
                orientation=orientation,
                field_strength=field,
                sequence=sequence,
            )
        )
    return writer.close()


def traits(z: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a classifier looks at, (N, 11): how much of each wave is in a picture."""
    every = [coarse(orientation, sequence) for orientation in CLASSES for sequence in Sequence]
    every += [fine(field) for field in FIELD_STRENGTHS]
    return np.stack([np.abs((z * one).mean((1, 2))) for one in every], 1).astype(np.float64)
