"""How similar candidates are to training images, at each depth of comparison."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy.search import Codes, unit

if TYPE_CHECKING:
    from synthuterus_bench.nets.embedder import Embedding
    from synthuterus_bench.privacy.encoders import Encoder
    from synthuterus_bench.privacy.reference import Level, ReferenceIndex

Floats = NDArray[np.float32]
PIECE = 256
"""Images embedded at once."""


@dataclass(frozen=True)
class Scores:
    """Largest similarities of n scans to any training image, each scan as it is and mirrored, whichever is larger.

    Attributes:
        readout: cosine of the encoder's read-out, (n,); of a volume that of its most similar slice.
        rows: which training image that is, (n,).
        slices: which slice it is, (n,); 0 for images.
        layer: cosine at the intermediate layer, (n,), where the index has one.
        volume: cosine of the whole volume, (n,), where index and scans are 3D.
        codes: read-out code of each scan as it is, (n, E); of a volume that of the whole.
        blank: whether nothing is to be seen on it, (n,).
    """

    readout: Floats
    rows: NDArray[np.int64]
    slices: NDArray[np.int64]
    layer: Floats | None
    volume: Floats | None
    codes: Codes
    blank: NDArray[np.bool_]

    @property
    def depths(self) -> dict[str, Floats]:
        """Similarities by the name of their depth."""
        found = {"readout": self.readout, "layer": self.layer, "volume": self.volume}
        return {name: values for name, values in found.items() if values is not None}


def score(encoder: "Encoder", index: "ReferenceIndex", pixels: NDArray[np.uint16]) -> Scores:
    """Compare windowed images (n, H, W) or volumes (n, S, H, W), and their mirror images, with the training images.

    Constant slices of a volume, which lie outside the scans it learned from, are not compared.
    """
    return larger(score_as_is(encoder, index, pixels), score_as_is(encoder, index, pixels[..., ::-1]))


def score_as_is(encoder: "Encoder", index: "ReferenceIndex", pixels: NDArray[np.uint16]) -> Scores:
    """:func:`score` without mirror images."""
    stacks = pixels if pixels.ndim == 4 else pixels[:, None]
    shape, blank = stacks.shape[:2], np.ptp(stacks, axis=(2, 3)) == 0
    codes, deep = embed(encoder, index.readout, index.layer, stacks.reshape(-1, *stacks.shape[2:]))
    cosines, nearest = index.nearest(codes)
    similarity, rows = cosines.reshape(shape), nearest.reshape(shape)
    worst, everyone = _most_similar(similarity, blank), np.arange(len(stacks))
    layer = None
    if index.layer is not None and deep is not None:
        layer = index.layer.nearest(deep)[0].reshape(shape)
        layer = layer[everyone, _most_similar(layer, blank)]
    own = _scan_codes(codes.reshape(*shape, -1), blank)
    whole = index.whole.nearest(own)[0] if index.whole is not None and pixels.ndim == 4 else None
    return Scores(similarity[everyone, worst], rows[everyone, worst], worst, layer, whole, own, blank.all(1))


def larger(one: Scores, other: Scores) -> Scores:
    """At each depth the larger similarity, one that is no number above all; codes are those of ``one``."""
    first = _above(one.readout, other.readout)
    return Scores(
        np.where(first, one.readout, other.readout),
        np.where(first, one.rows, other.rows),
        np.where(first, one.slices, other.slices),
        _deeper(one.layer, other.layer),
        _deeper(one.volume, other.volume),
        one.codes,
        one.blank,
    )


def _deeper(one: Floats | None, other: Floats | None) -> Floats | None:
    return None if one is None or other is None else np.where(_above(one, other), one, other)


def _above(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Where the first of two similarities counts."""
    return np.where(np.isnan(one), np.inf, one) >= np.where(np.isnan(other), np.inf, other)


def embed(
    encoder: "Encoder", readout: "Level", layer: "Level | None", images: NDArray[np.uint16]
) -> tuple[Codes, Codes | None]:
    """Unit codes of windowed images (n, H, W) at the read-out, and at the layer where there is one."""
    codes, deep = [], []
    for start in range(0, len(images), PIECE):
        made = embedded(encoder, images[start : start + PIECE])
        codes.append(readout.read(made.codes))
        if layer is not None:
            deep.append(layer.read(made.layer))
    return np.concatenate(codes), np.concatenate(deep) if layer is not None else None


def embedded(encoder: "Encoder", images: NDArray[np.uint16]) -> "Embedding":
    """What an encoder says of windowed images (n, H, W).

    Raises:
        WeightsError: something that is no number, which is like nothing and would pass or be passed by anything.
    """
    made = encoder(from_window(images))
    if not (np.isfinite(made.codes).all() and np.isfinite(made.layer).all()):
        raise WeightsError(f"encoder {encoder.sha256[:12]}: found codes that are no numbers, expected finite ones")
    return made


def _most_similar(similarity: Floats, blank: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The slice of each stack (n, S) that counts: blank ones do not, one whose similarity is no number does first."""
    counted = np.where(np.isnan(similarity), np.inf, similarity)
    return np.where(blank & ~blank.all(1, keepdims=True), -np.inf, counted).argmax(1)


def _scan_codes(codes: NDArray[np.float32], blank: NDArray[np.bool_]) -> Codes:
    """The code of each scan from those of its slices (n, S, E)."""
    if codes.shape[1] == 1:
        return codes[:, 0]
    return unit(np.where((blank & ~blank.all(1, keepdims=True))[..., None], 0, codes).sum(1))
