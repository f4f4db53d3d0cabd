"""The privacy filter: a candidate too similar to any training image is rejected.

Similarity is the largest cosine of centred codes to any image of the reference; the paper's bound is tau = 0.95.
A volume is judged by the most similar of its slices. A filter reduces the risk of publishing a copy and proves nothing.
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
    """One candidate's largest similarity, the salted key of that training image, and what rejected it, if anything.

    ``slice_index`` is the slice of a volume that was so similar; None for an image.
    """

    max_similarity: float
    neighbour: str
    bound: Bound | None
    slice_index: int | None = None

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
        """Verdicts of windowed images (n, H, W) or volumes (n, S, H, W).

        A similarity equal to tau passes; all else falls, and so does what is constant. Constant slices of a volume,
        which lie outside the scans that it learned from, are not compared.
        """
        stacks = pixels if pixels.ndim == 4 else pixels[:, None]
        similarity, rows = self.index.nearest(self.embedder(from_window(stacks.reshape(-1, *stacks.shape[2:]))).codes)
        shape = stacks.shape[:2]
        judged = zip(stacks, similarity.reshape(shape), rows.reshape(shape), strict=True)
        return [self._verdict(*one, volume=pixels.ndim == 4) for one in judged]

    def _verdict(
        self, stack: NDArray[np.uint16], similarity: NDArray[np.float32], rows: NDArray[np.int64], volume: bool
    ) -> Verdict:
        """Of one stack (S, H, W): that of its most similar slice, a similarity that is no number above all."""
        blank = np.ptp(stack, axis=(1, 2)) == 0
        counted = np.where(np.isnan(similarity), np.inf, similarity)
        worst = int(np.argmax(counted if blank.all() else np.where(blank, -np.inf, counted)))
        value = float(similarity[worst])
        bound = Bound.BLANK if blank.all() else None if value <= self.tau else Bound.TAU
        return Verdict(round(value, 6), self.index.keys[rows[worst]], bound, worst if volume else None)
