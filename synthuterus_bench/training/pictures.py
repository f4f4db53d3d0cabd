"""What a generator learns from: the pictures or volumes of a split in memory, their conditions, where the uterus is."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.slices import each_slice
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.nets.condition import NULL_CLASS, class_index
from synthuterus_bench.vocab import (
    CLASSES,
    FIELD_STRENGTHS,
    UTERUS,
    VIEW_SIZE,
    Conditioning,
    Family,
    Label,
    SliceChoice,
    Split,
)

_DEPTH = {
    Label.CERVIX: 1,
    Label.MYOMETRIUM: 2,
    Label.MYOMA: 2,
    Label.CYST: 2,
    Label.JUNCTIONAL_ZONE: 3,
    Label.ENDOMETRIUM: 4,
}
LAYERS = np.array([_DEPTH.get(label, 0) for label in Label], np.uint8)
"""How deep in the uterus a label lies, by label: 0 outside, then cervix, wall, junctional zone, endometrium."""


@dataclass(frozen=True)
class Pictures:
    """Pictures (N, rows, columns) or volumes (N, slices, rows, columns) of a split, in the 16-bit window.

    ``uterus`` is True inside it, ``layers`` counts them from outside in (``LAYERS``), both ``None`` where a scan has no
    mask; ``classes`` are indices, ``NULL_CLASS`` for none;
    ``prompts`` are empty where there is none; ``patients`` are numbers that mean nothing elsewhere.
    """

    pixels: NDArray[np.uint16]
    uterus: NDArray[np.bool_] | None
    classes: NDArray[np.int64]
    prompts: list[str]
    patients: NDArray[np.int64]
    layers: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Probability of each picture when the classes are drawn equally often; those without one keep their share."""
        counts = np.bincount(self.classes, minlength=NULL_CLASS + 1)
        known, unknown = np.count_nonzero(counts[:NULL_CLASS]), counts[NULL_CLASS] / len(self)
        each = (1 - unknown) / np.maximum(1.0, known * counts[self.classes])
        each = np.where(self.classes == NULL_CLASS, 1 / len(self), each)
        return each / each.sum()

    def batch(self, rng: np.random.Generator, count: int, balance: bool = True) -> NDArray[np.int64]:
        """Indices of a batch, with replacement."""
        return rng.choice(len(self), count, p=self.weights if balance else None)

    def take(self, rows: NDArray[np.int64]) -> "Pictures":
        """Some of them."""
        uterus = None if self.uterus is None else self.uterus[rows]
        prompts = [self.prompts[row] for row in rows]
        layers = None if self.layers is None else self.layers[rows]
        return Pictures(self.pixels[rows], uterus, self.classes[rows], prompts, self.patients[rows], layers)


def read_pictures(cohort: Cohort, split: Split, model: ModelId, slices: SliceChoice) -> Pictures:
    """What ``model`` can learn from a split: scans with every condition it is told.

    Raises:
        CohortError: the cohort is not prepared, of another view, has volumes where pictures are needed or the other way
            round, or holds no such scan; or the central slices are asked for and positions are not known.
    """
    check_cohort(cohort, model)
    chosen: list[tuple[Scan, Condition | None]] = []
    for scan in _chosen(cohort, split, model, slices):
        condition = _condition(scan)
        if (condition is not None or not model.conditioning.by_text) and (
            scan.orientation in CLASSES or not model.conditioning.by_class
        ):
            chosen.append((scan, condition))
    if not chosen:
        needs = {
            Conditioning.UNCOND: "pixels",
            Conditioning.CLASS: "a class",
        }.get(model.conditioning, f"a class, a sequence and one of {FIELD_STRENGTHS} T")
        raise CohortError(f"{cohort.root}: no scan of split {split} has {needs}, as {model} needs")
    masks = [scan.mask for scan, _ in chosen if scan.mask is not None]
    masked = len(masks) == len(chosen)
    return Pictures(
        np.stack([scan.pixels for scan, _ in chosen]).astype(np.uint16),
        np.stack([np.isin(mask, UTERUS) for mask in masks]) if masked else None,
        np.array([class_index(scan.orientation) for scan, _ in chosen]),
        [render(condition) if condition else "" for _, condition in chosen],
        np.unique([scan.patient_id or scan.scan_id for scan, _ in chosen], return_inverse=True)[1],
        np.stack([LAYERS[mask] for mask in masks]) if masked else None,
    )


def check_cohort(cohort: Cohort, model: ModelId) -> None:
    """Whether a cohort's scans are of a kind that ``model`` learns from.

    Raises:
        CohortError: they are not.
    """
    manifest = cohort.manifest
    found = f"{cohort.root}: found a {manifest.dims}D {manifest.view} cohort"
    if manifest.intensity != "window":
        raise CohortError(f"{found} in the scanner's own intensities, expected a prepared one for {model}")
    if manifest.view is not model.view or (manifest.dims != 3 and model.family is Family.DDPM3D):
        dims = "3D" if model.family is Family.DDPM3D else "2D"
        raise CohortError(f"{found}, expected a {dims} {model.view} one for {model}")


def _chosen(cohort: Cohort, split: Split, model: ModelId, slices: SliceChoice) -> Iterator[Scan]:
    """Volumes for a model of volumes, else planes.

    Raises:
        CohortError: a scan has another size than the view.
    """
    side = VIEW_SIZE[model.view]
    volumes = model.family is Family.DDPM3D
    scans = cohort.scans(split) if volumes else (scan for _, scan in each_slice(cohort, split, slices))
    for scan in scans:
        if scan.pixels.shape[-2:] != (side, side):
            found = " x ".join(map(str, scan.pixels.shape))
            raise CohortError(f"{cohort.root}: scan {scan.scan_id}: found {found} pixels, expected {side} x {side}")
        yield scan


def _condition(scan: Scan) -> Condition | None:
    if scan.orientation not in CLASSES or scan.field_strength is None or scan.sequence is None:
        return None
    field_strength = round(float(scan.field_strength), 2)
    return Condition(scan.orientation, field_strength, scan.sequence) if field_strength in FIELD_STRENGTHS else None
