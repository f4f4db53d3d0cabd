"""The training images as the privacy filter sees them: codes of two depths, salted keys, and what is normal there."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.privacy.calibration import Calibration
from synthuterus_bench.privacy.search import EXACT_UP_TO, Approximate, Codes, Found, approximate, nearest, unit


@dataclass(frozen=True)
class Space:
    """Where raw outputs of an encoder are compared: less the mean (L,), times the basis (L, K), length one."""

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    def __call__(self, raw: NDArray[np.float32]) -> Codes:
        """Unit codes (n, K) of raw outputs (n, L).

        In double precision, since a product of another shape rounds otherwise.
        """
        return unit((raw - self.mean).astype(np.float64) @ self.basis.astype(np.float64))


def fit_space(raw: NDArray[np.float32], width: int) -> Space:
    """The first ``width`` whitened principal axes of the training images' raw outputs (N, L).

    No more axes than a quarter of the images, so that each has some to be estimated from. Half precision, as stored.
    """
    mean = raw.mean(0, dtype=np.float64)
    values, axes = np.linalg.eigh(np.cov((raw - mean).T.astype(np.float64)))
    kept = max(1, min(width, len(raw) // 4, int((values > values[-1] * 1e-6).sum())))
    basis = axes[:, ::-1][:, :kept] / np.sqrt(np.maximum(values[::-1][:kept], values[-1] * 1e-9))
    scale = np.abs(basis).max()
    return Space(mean.astype(np.float32), (basis / scale).astype(np.float16).astype(np.float32))


@dataclass(frozen=True)
class Level:
    """One depth of comparison: unit codes (N, K) of the training images, and where raw outputs become such codes.

    ``space`` is None where the encoder gives centred unit codes itself.
    """

    codes: Codes
    space: Space | None = None

    def read(self, raw: NDArray[np.float32]) -> Codes:
        """Unit codes of an encoder's outputs."""
        return raw if self.space is None else self.space(raw)

    def nearest(self, codes: Codes) -> Found:
        """Largest cosine of each code (n, K) to any training image, and its row: exact up to ``EXACT_UP_TO`` rows."""
        return nearest(codes, self.codes) if self.lists is None else self.lists.nearest(codes)

    @cached_property
    def lists(self) -> Approximate | None:
        """What is searched instead of every row, above ``EXACT_UP_TO`` of them."""
        return approximate(self.codes) if len(self.codes) > EXACT_UP_TO else None


@dataclass(frozen=True)
class ReferenceIndex:
    """Codes (N, E) float32 with unit rows, and a salted key (16 hex digits) a row that names no one.

    Attributes:
        codes: of the encoder's read-out.
        keys: one an image, or a slice of a volume.
        encoder_sha256: of the encoder's weights.
        reference_digest: of the training cohort.
        groups: the salted key of each row's patient.
        volumes: of a 3D reference the number of each row's volume.
        layer: codes of an intermediate layer.
        space: where the read-out is compared, for encoders that do not centre it.
        calibration: what held-out patients score, and the bounds from it; None where nobody was held out.
        search: how neighbours are found, with the recall of an approximate search.
    """

    codes: Codes
    keys: list[str]
    encoder_sha256: str
    reference_digest: str
    groups: list[str] | None = None
    volumes: NDArray[np.int32] | None = None
    layer: Level | None = None
    space: Space | None = None
    calibration: Calibration | None = None
    search: dict[str, Any] = field(default_factory=lambda: {"kind": "exact"})

    @cached_property
    def readout(self) -> Level:
        """The read-out as a depth of comparison."""
        return Level(self.codes, self.space)

    @cached_property
    def whole(self) -> Level | None:
        """Of a 3D reference: a code a volume with anything on it, the direction of the mean of its slices' codes."""
        if self.volumes is None:
            return None
        return Level(volume_codes(self.codes, np.unique(self.volumes, return_inverse=True)[1]))

    def nearest(self, codes: Codes) -> Found:
        """Largest cosine of every read-out code (n, E) to any training image, and that image's row."""
        return self.readout.nearest(codes)


def volume_codes(codes: Codes, volumes: NDArray[np.integer[Any]]) -> Codes:
    """A code a volume, (V, E), of its slices' codes (n, E); ``volumes`` (n,) says whose each is, 0 to V - 1."""
    total = np.zeros((int(volumes.max()) + 1, codes.shape[1]), np.float32)
    np.add.at(total, volumes, codes)
    return unit(total)
