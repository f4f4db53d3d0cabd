"""Pictures whose conditions anyone can read: a disc in a corner by class, hollow by sequence, in noise by field."""

from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence, Split, View

CORNERS = dict(zip(CLASSES, product((40, 88), repeat=2), strict=True))
NOISE = dict(zip(FIELD_STRENGTHS, (1.0, 0.5, 0.1), strict=True))
ROWS, COLUMNS = np.mgrid[:128, :128]


def picture(orientation: Orientation, field: float, sequence: Sequence, rng: np.random.Generator) -> NDArray[np.uint16]:
    """One picture of a condition."""
    row, column = CORNERS[orientation] + rng.uniform(-2, 2, 2)
    distance = np.hypot(ROWS - row, COLUMNS - column)
    shape = distance < 24 if sequence is Sequence.TSE else (distance < 24) & (distance > 14)
    return to_window(-1.0 + 3.0 * shape + NOISE[field] * rng.standard_normal((128, 128)))


def planted_cohort(home: Path, each: int) -> Cohort:
    """``each`` pictures of every condition, all for training."""
    from synthuterus_bench.cohorts.writer import CohortWriter

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
    """What a classifier looks at, (N, 4 + 2): brightness of the corners, of their middles, and the noise."""
    corners = [z[:, row - 20 : row + 20, column - 20 : column + 20].mean((1, 2)) for row, column in CORNERS.values()]
    middles = [z[:, row - 6 : row + 6, column - 6 : column + 6].mean((1, 2)) for row, column in CORNERS.values()]
    grain = np.log(np.abs(np.diff(z, axis=2)).mean((1, 2)))
    return np.stack([*corners, np.max(middles, 0), grain], 1).astype(np.float64)
