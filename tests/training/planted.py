"""Pictures whose conditions anyone can read: stripes at an angle by class, broad by sequence, bright by field."""

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
LEVEL = dict(zip(FIELD_STRENGTHS, (-1.0, 0.0, 1.0), strict=True))
PERIOD = {Sequence.TSE: 12.0, Sequence.HASTE: 24.0}
ROWS, COLUMNS = np.mgrid[:128, :128]


def waves(orientation: Orientation, sequence: Sequence) -> NDArray[np.complex128]:
    """The plane wave of a class and a sequence, (128, 128)."""
    angle = ANGLE[orientation]
    along = COLUMNS * np.cos(angle) + ROWS * np.sin(angle)
    return np.exp(2j * np.pi * along / PERIOD[sequence])


def picture(orientation: Orientation, field: float, sequence: Sequence, rng: np.random.Generator) -> NDArray[np.uint16]:
    """One picture of a condition, its stripes at any phase."""
    stripes = (waves(orientation, sequence) * np.exp(2j * np.pi * rng.random())).real
    return to_window(LEVEL[field] + stripes + 0.05 * rng.standard_normal((128, 128)))


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
    """What a classifier looks at, (N, 9): how much of each wave is in a picture, and its level."""
    every = [waves(orientation, sequence) for orientation in CLASSES for sequence in Sequence]
    parts = [np.abs((z * wave).mean((1, 2))) for wave in every]
    return np.stack([*parts, z.mean((1, 2))], 1).astype(np.float64)
