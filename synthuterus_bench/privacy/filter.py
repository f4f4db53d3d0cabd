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


@dataclass(frozen=True, slots=True)
class Verdict:
    """One candidate's largest similarity, the salted key of that training image, and the decision."""

    max_similarity: float
    neighbour: str
    decision: Decision


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
        """Verdicts of windowed images (n, H, W). A similarity equal to tau passes, above it is rejected."""
        similarity, rows = self.index.nearest(self.embedder(from_window(pixels)).codes)
        return [
            Verdict(round(float(s), 6), self.index.keys[row], Decision.REJECTED if s > self.tau else Decision.ACCEPTED)
            for s, row in zip(similarity, rows, strict=True)
        ]
