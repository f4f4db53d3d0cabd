"""The privacy filter: a candidate too similar to any training image is rejected.

Similarity is the largest cosine of centred codes to any image of the reference; the paper's bound is tau = 0.95.
A filter reduces the risk of publishing a copy and proves nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.embedder import Embedder
from synthuterus_bench.privacy.index import ReferenceIndex

TAU = 0.95


class Decision(StrEnum):
    """What became of a candidate."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Bound(StrEnum):
    """What rejected a candidate: its similarity, or that it shows nothing."""

    TAU = "tau"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One candidate's largest similarity, the salted key of that training image, and what rejected it, if anything."""

    max_similarity: float
    neighbour: str
    bound: Bound | None

    @property
    def decision(self) -> Decision:
        """Accepted if no bound rejected it."""
        return Decision.ACCEPTED if self.bound is None else Decision.REJECTED


@dataclass(frozen=True)
class PrivacyFilter:
    """Judges images one by one: no verdict depends on the others.

    Raises:
        WeightsError: the index was made by another encoder.
    """

    embedder: Embedder
    index: ReferenceIndex
    tau: float = TAU

    def __post_init__(self) -> None:
        if self.index.encoder_sha256 != self.embedder.sha256:
            found, expected = self.index.encoder_sha256[:12], self.embedder.sha256[:12]
            raise WeightsError(f"index made by encoder {found}, expected {expected}", "build it anew with --reference")

    def judge(self, pixels: NDArray[np.uint16]) -> list[Verdict]:
        """Verdicts of windowed images (n, H, W). A similarity equal to tau passes; all else, and blank images, fall."""
        similarity, rows = self.index.nearest(self.embedder(from_window(pixels)).codes)
        return [
            Verdict(round(float(s), 6), self.index.keys[row], self._bound(image, float(s)))
            for image, s, row in zip(pixels, similarity, rows, strict=True)
        ]

    def _bound(self, image: NDArray[np.uint16], similarity: float) -> Bound | None:
        if np.ptp(image) == 0:
            return Bound.BLANK
        return None if similarity <= self.tau else Bound.TAU
