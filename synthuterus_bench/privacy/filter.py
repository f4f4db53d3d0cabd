"""The privacy filter: a candidate too similar to any training image is rejected.

Similarity is the largest cosine of centred codes to any image of the reference, of the candidate as it is or mirrored.
Bounds are the paper's tau = 0.95; a tau of the candidate's class, calibrated on held-out patients against the same
index; the same at an intermediate layer; and for volumes the same as a whole. A volume is judged by the most similar
of its slices. A filter reduces the risk of publishing a copy and proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.scores import Scores, score

if TYPE_CHECKING:
    from synthuterus_bench.privacy.encoders import Encoder

TAU = 0.95


class Decision(StrEnum):
    """What became of a candidate."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Bound(StrEnum):
    """What rejected a candidate: one of its similarities, that it shows nothing, or that it was drawn before."""

    TAU = "tau"
    BLANK = "blank"
    CALIBRATED = "calibrated tau"
    LAYER = "layer"
    VOLUME = "volume"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One candidate's largest similarity, the salted key of that training image, and what rejected it, if anything.

    Attributes:
        slice_index: the slice of a volume that was so similar; None for an image.
        layer_similarity: the largest similarity at the intermediate layer, where the index has one.
        volume_similarity: of the whole volume, where index and candidate are 3D.
        twin: the index of the earlier candidate that this one repeats.
        code: (E,), by which repetitions are found.
    """

    max_similarity: float
    neighbour: str
    bound: Bound | None
    slice_index: int | None = None
    layer_similarity: float | None = None
    volume_similarity: float | None = None
    twin: int | None = None
    code: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    @property
    def decision(self) -> Decision:
        """Accepted if no bound rejected it."""
        return Decision.ACCEPTED if self.bound is None else Decision.REJECTED

    @property
    def details(self) -> dict[str, Any]:
        """What an audit record says beyond similarity, neighbour, bound and decision, as far as there is something."""
        found = {
            "slice": self.slice_index,
            "layer_similarity": self.layer_similarity,
            "volume_similarity": self.volume_similarity,
            "duplicate_of": self.twin,
        }
        return {name: value for name, value in found.items() if value is not None}


def codes_of(verdicts: Sequence[Verdict]) -> NDArray[np.float32]:
    """Codes (n, E) of judged scans, by which repetitions are found."""
    return np.stack([one.code for one in verdicts if one.code is not None])


@dataclass(frozen=True)
class PrivacyFilter:
    """Judges images one by one: no verdict depends on the others.

    ``tau`` bounds the read-out for every class; the index's calibration bounds it for each, and the other depths.

    Raises:
        WeightsError: the index was made by another encoder.
    """

    embedder: "Encoder"
    index: ReferenceIndex
    tau: float = TAU

    def __post_init__(self) -> None:
        if self.index.encoder_sha256 != self.embedder.sha256:
            found, expected = self.index.encoder_sha256[:12], self.embedder.sha256[:12]
            raise WeightsError(f"index made by encoder {found}, expected {expected}", "build it anew with --reference")

    def judge(self, pixels: NDArray[np.uint16], classes: Sequence[str | None] | None = None) -> list[Verdict]:
        """Verdicts of windowed images (n, H, W) or volumes (n, S, H, W).

        A similarity equal to its bound passes; all else falls, and so does what is constant. Constant slices of a
        volume, which lie outside the scans that it learned from, are not compared.

        Args:
            classes: of each, for the calibrated bounds; None for one whose class was not told.
        """
        return self.verdicts(score(self.embedder, self.index, pixels), classes, volume=pixels.ndim == 4)

    def verdicts(self, scores: Scores, classes: Sequence[str | None] | None, volume: bool) -> list[Verdict]:
        """Verdicts of scans whose similarities are known."""
        told = classes if classes is not None else [None] * len(scores.readout)
        bounds = [self._bound(scores, row, name) for row, name in enumerate(told)]
        return [
            Verdict(
                round(float(scores.readout[row]), 6),
                self.index.keys[scores.rows[row]],
                bound,
                int(scores.slices[row]) if volume else None,
                _rounded(scores.layer, row),
                _rounded(scores.volume, row),
                code=scores.codes[row],
            )
            for row, bound in enumerate(bounds)
        ]

    def _bound(self, scores: Scores, row: int, name: str | None) -> Bound | None:
        """The first bound that a scan breaks."""
        if scores.blank[row]:
            return Bound.BLANK
        return next((bound for bound, broken in self.broken(scores, row, name).items() if broken), None)

    def broken(self, scores: Scores, row: int, name: str | None) -> dict[Bound, bool]:
        """Whether a scan of a class breaks each bound there is; a similarity that is no number breaks it."""
        own = self.index.calibration.of(name) if self.index.calibration else None
        limits: list[tuple[Bound, NDArray[Any] | None, float | None]] = [(Bound.TAU, scores.readout, self.tau)]
        if own is not None:
            limits.append((Bound.CALIBRATED, scores.readout, own.readout))
            limits.append((Bound.LAYER, scores.layer, own.layer))
            limits.append((Bound.VOLUME, scores.volume, own.volume))
        return {
            bound: not float(values[row]) <= limit
            for bound, values, limit in limits
            if values is not None and limit is not None
        }

    @property
    def facts(self) -> dict[str, Any]:
        """What the header of an audit log says of encoder, reference and bounds."""
        index = self.index
        calibration = None if index.calibration is None else index.calibration.model_dump(mode="json")
        return {
            "encoder": str(self.embedder.name),
            "encoder_sha256": index.encoder_sha256,
            "reference_digest": index.reference_digest,
            "reference_scans": len(index.keys),
            "reference_patients": None if index.groups is None else len(set(index.groups)),
            "threshold": self.tau,
            "calibration": calibration,
            "search": index.search,
        }


def _rounded(values: NDArray[np.float32] | None, row: int) -> float | None:
    return None if values is None else round(float(values[row]), 6)
