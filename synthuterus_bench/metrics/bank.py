"""The feature bank: what every metric reads, made once; and the fixed chunks that fill it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Need

CHUNK = 32
Params = dict[str, str | int | float | bool]


@dataclass(slots=True)
class FeatureBank:
    """What metrics read, one array a need, and the identity of its extractor; or why it cannot be had.

    Every array has one row an image; that of ``Need.LPIPS`` is (rows, rows) distances, 0 where none was wanted.
    """

    arrays: dict[Need, NDArray[np.floating]] = field(default_factory=dict)
    identity: dict[Need, Params] = field(default_factory=dict)
    missing: dict[Need, str] = field(default_factory=dict)

    def add(self, need: Need, array: NDArray[np.floating], **identity: str | int | float | bool) -> None:
        """Take an array with what made it; one with numbers that are not finite is missing, with the reason."""
        odd = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))
        if len(odd):
            self.missing[need] = f"{need}: found features that are not finite of {len(odd)} images of {len(array)}"
            return
        self.arrays[need], self.identity[need] = array, identity

    def only(self, needs: set[Need]) -> "FeatureBank":
        """The bank of some needs."""
        return FeatureBank(
            {need: array for need, array in self.arrays.items() if need in needs},
            {need: params for need, params in self.identity.items() if need in needs},
            {need: why for need, why in self.missing.items() if need in needs},
        )

    def take(self, rows: NDArray[np.int64]) -> "FeatureBank":
        """The bank of some of the images; not for distances between them."""
        arrays: dict[Need, NDArray[np.floating]] = {
            need: array[rows] for need, array in self.arrays.items() if need is not Need.LPIPS
        }
        return FeatureBank(arrays, dict(self.identity), dict(self.missing))


def chunks(pixels: NDArray[Any], size: int = CHUNK) -> Iterator[tuple[NDArray[Any], int]]:
    """Pieces of ``size`` images and how many of each count; the last is filled up with its last image.

    One batch size for all: it changes the last bits of a convolution.
    """
    for start in range(0, len(pixels), size):
        piece = pixels[start : start + size]
        kept = len(piece)
        yield np.concatenate([piece, np.repeat(piece[-1:], size - kept, 0)]), kept
