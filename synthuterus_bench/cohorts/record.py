"""One scan and one schema: cohorts and releases share these columns."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.vocab import Orientation, Sequence, Split, Vendor, View

SCHEMA_VERSION = 1
Dims = Literal[2, 3]


@dataclass(frozen=True, slots=True)
class Scan:
    """One image or volume with its facts.

    ``pixels`` is (rows, columns) or (slices, rows, columns): rows run from superior to inferior, columns from
    anterior to posterior, slices from the patient's left to right. In a prepared cohort it is uint16 in the fixed
    window of :mod:`synthuterus_bench.cohorts.window`; in an imported one it holds the scanner's own numbers.
    ``spacing_mm`` has one entry an axis of ``pixels``. ``mask`` has its shape, with values of ``vocab.Label``.
    ``session`` tells a patient's examinations apart; ``slice_mm`` is an image's distance from the central slice,
    towards the patient's right. ``angle_basis`` says what version was measured against (``drawn`` for the phantom's
    truth); ``orientation_confidence`` is in [0, 1]; ``figo`` is a myoma's type as the user's table has it.
    """

    scan_id: str
    pixels: NDArray[np.generic]
    spacing_mm: tuple[float, ...]
    split: Split
    source: str
    view: View = View.FULL
    patient_id: str | None = None
    orientation: Orientation = Orientation.AMBIGUOUS
    field_strength: float | None = None
    vendor: Vendor | None = None
    sequence: Sequence | None = None
    contrast: bool | None = None
    mask: NDArray[np.uint8] | None = None
    session: str | None = None
    slice_mm: float | None = None
    version_deg: float | None = None
    flexion_deg: float | None = None
    angle_basis: str | None = None
    orientation_confidence: float | None = None
    figo: str | None = None
    prompt: str | None = None
    seed: int | None = None
    generator: str | None = None
    max_similarity: float | None = None


def field_strengths(scans: list[Scan]) -> NDArray[np.float64]:
    """Tesla of each scan, NaN where unknown, (n,)."""
    return np.array([scan.field_strength or np.nan for scan in scans], np.float64)


class Manifest(BaseModel):
    """``cohort.json``: what a cohort folder says about itself. No names, no paths, no times."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = SCHEMA_VERSION
    name: str
    view: View
    dims: Dims
    intensity: Literal["window", "native"]
    splits: dict[Split, int]
    digest: str
    preset: str | None = None
    seed: int | None = None
    prep: dict[str, str | float | int] | None = None
