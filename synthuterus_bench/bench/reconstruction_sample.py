"""What a reconstruction is measured on: the pictures of a split, their patients, and the yardsticks made of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from synthuterus_bench.cohorts.slices import read_slices
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.nets.autoencoder import DOWNSAMPLE
from synthuterus_bench.vocab import SliceChoice, Split

Ints = NDArray[np.int64]
GiveBack = Callable[[Ints], torch.Tensor]
"""From rows of a sample to z-scored pictures (B, 1, H, W) in their place."""


@dataclass(frozen=True)
class Sample:
    """The pictures of a split, the patient number of each, and the rows of each region."""

    pixels: NDArray[np.uint16]
    patients: Ints
    regions: dict[SliceChoice, Ints]
    device: str = "cpu"

    def z(self, rows: Ints) -> torch.Tensor:
        """z-scores (B, 1, H, W) of some rows."""
        return torch.from_numpy(from_window(self.pixels[rows])).unsqueeze(1).to(self.device)


def read_sample(cohort: Cohort, split: Split, device: str = "cpu") -> Sample:
    """The pictures to measure; each is once in it, whatever regions it is in.

    Raises:
        CohortError: the cohort is not prepared, lacks the split, or its sides are no multiples of 8.
    """
    if not cohort.manifest.splits.get(split):
        held = ", ".join(name for name, count in cohort.manifest.splits.items() if count)
        raise CohortError(f"{cohort.root}: no scans in split {split}, found {held}", "name one with --split")
    data = read_slices(cohort, split)
    rows, columns = data.pixels.shape[1:]
    if rows % DOWNSAMPLE or columns % DOWNSAMPLE:
        raise CohortError(f"{cohort.root}: found pictures of {rows} x {columns}, expected multiples of {DOWNSAMPLE}")
    patients = np.unique(data.patients, return_inverse=True)[1].astype(np.int64)
    central = read_slices(cohort, split, SliceChoice.CENTRAL3).places
    middle = np.flatnonzero(np.isin(data.places, central))
    regions = {SliceChoice.ALL: np.arange(len(patients)), SliceChoice.CENTRAL3: middle}
    return Sample(data.pixels, patients, regions, device)


def bicubic(z: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 1, H, W) after means of 4 x 4 pixels and bicubic interpolation back."""
    return functional.interpolate(functional.avg_pool2d(z, 4), scale_factor=4, mode="bicubic", align_corners=False)


def next_patient(patients: Ints) -> Ints:
    """For each row a row of the next patient: the one as far into her rows, or her last."""
    own = [np.flatnonzero(patients == number) for number in np.unique(patients)]
    partner = np.empty(len(patients), np.int64)
    for rows, theirs in zip(own, [*own[1:], own[0]], strict=True):
        partner[rows] = theirs[np.minimum(np.arange(len(rows)), len(theirs) - 1)]
    return partner
