"""The anatomy metric on one picture: what the segmenter sees, and whether the raw pixels bear it out.

Valid anatomy is one uterus of plausible size (:mod:`synthuterus_bench.prep.localise`) with a cavity inside its wall and
an axis from cervix to fundus, and tissues in their order in the pixels themselves (:mod:`.layers`). Every picture is
judged alone: no verdict depends on its company.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.cohorts.position.orientation import Measured, measure
from synthuterus_bench.cohorts.position.sagittal import mid_sagittal
from synthuterus_bench.errors import ScanError
from synthuterus_bench.metrics.layers import ORDER, Layers, Order, largest, measure_layers
from synthuterus_bench.nets.segmenter import Localiser
from synthuterus_bench.prep.localise import (
    ADULT,
    Bounds,
    Flaw,
    draw,
    flaws,
    largest_piece,
    mean_probability,
    second_look,
)
from synthuterus_bench.vocab import UTERUS, Label, Orientation

SECOND_AREA = 500.0
"""mm2 from which a separate piece is a uterus of its own: half the least area of a plausible one."""

SECOND_CAVITY = 0.5
"""A second cavity in one piece: at least this share of the first one's area, and no less than a plausible cavity."""


CERVIX_AREA = 200.0
"""Least mm2 of cervix in one piece; unseen real slices up to 6 mm beside the midline have 400 and more."""


class Defect(StrEnum):
    """What speaks against one uterus beyond its size and shape."""

    PIECE = "a second uterus"
    CAVITY = "a second cavity"
    CERVIX = "no cervix"
    AXIS = "no axis from cervix to fundus"


@dataclass(frozen=True)
class Anatomy:
    """What was seen in one picture or volume.

    Attributes:
        flaws: everything that speaks against one plausible uterus with cervix, corpus and cavity.
        layers: contrasts between its tissues; None where too little of one is drawn to tell.
        measured: position of the uterus drawn, plausible or not; its version is against the body's vertical, since the
            segmenter draws no vagina.
        confidence: mean probability of uterus inside it, in [0, 1].
        mask: ``vocab.Label`` of the slice judged, (H, W); cavity with junctional zone as ENDOMETRIUM.
        slice_index: which slice of a volume that is; None for a picture.
        order: the margins that ``layers`` is held to.
    """

    flaws: tuple[Flaw | Defect, ...]
    layers: Layers | None
    measured: Measured
    confidence: float
    mask: NDArray[np.uint8]
    slice_index: int | None = None
    order: Order = ORDER

    @property
    def plausible(self) -> bool:
        """One uterus of plausible size and shape is drawn, with cervix, axis, and a cavity inside its wall."""
        return not self.flaws

    @property
    def ordered(self) -> bool:
        """The pixels show endometrium, junctional zone and myometrium in their order of brightness."""
        return self.layers is not None and self.layers.in_order(self.order)

    @property
    def valid(self) -> bool:
        """Plausible and ordered."""
        return self.plausible and self.ordered

    @property
    def orientation(self) -> Orientation:
        """The class of an unlabelled sample: as measured, ``ambiguous`` without valid anatomy."""
        return self.measured.orientation if self.valid else Orientation.AMBIGUOUS


def examine(z: NDArray[np.float32], localiser: Localiser, *, bounds: Bounds = ADULT, order: Order = ORDER) -> Anatomy:
    """Judge one picture (H, W) or volume (S, H, W) of z-scores at 1 mm in plane, rows superior to inferior.

    Size and shape of a volume's uterus are judged in the slice that shows most of it, tissues and position in the one
    that shows most of its cavity. Pictures larger than the region of interest are looked at twice.

    Raises:
        ScanError: neither two nor three axes, or values that are not finite.
    """
    if z.ndim not in (2, 3) or not z.size or not np.isfinite(z).all():
        raise ScanError(f"picture: found shape {z.shape}, expected finite numbers on two or three axes")
    volume = np.asarray(z, np.float32).reshape(-1, *z.shape[-2:])
    first = localiser(volume)
    probabilities = second_look(volume, first, localiser)
    mask = draw(probabilities)
    piece = largest_piece(mask)
    confidence = mean_probability(probabilities, piece)
    whole = mask if probabilities is first else draw(first)
    doubles = [*_beside(whole, bounds), *_within(mask, piece, bounds)]
    uterus = np.where(np.isin(mask, UTERUS) & ~piece, np.uint8(Label.BACKGROUND), mask)
    index = mid_sagittal(uterus, (1.0, 1.0))
    measured = measure(uterus[index], (1.0, 1.0))
    return Anatomy(
        (*flaws(mask, confidence, bounds), *doubles, *_ends(uterus[index], measured)),
        measure_layers(volume[index], uterus[index]),
        measured,
        confidence,
        mask[index],
        index if z.ndim == 3 else None,
        order,
    )


def _beside(mask: NDArray[np.uint8], bounds: Bounds) -> Iterator[Defect]:
    """A second uterus anywhere in the fullest slice of the first look; the second look sees no more than one."""
    piece = largest_piece(mask)
    fullest = int(np.argmax(piece.sum((1, 2))))
    rest = largest(np.isin(mask[fullest], UTERUS) & ~piece[fullest])
    if rest.sum() >= SECOND_AREA and (rest & (mask[fullest] == Label.ENDOMETRIUM)).sum() >= bounds.cavity:
        yield Defect.PIECE


def _within(mask: NDArray[np.uint8], piece: NDArray[np.bool_], bounds: Bounds) -> Iterator[Defect]:
    """A second cavity in the fullest slice of the piece."""
    fullest = int(np.argmax(piece.sum((1, 2))))
    pieces, count = ndimage.label(piece[fullest] & (mask[fullest] == Label.ENDOMETRIUM))
    first, second = np.sort(np.bincount(pieces.ravel(), minlength=3)[1:])[:-3:-1]
    if count > 1 and second >= max(bounds.cavity, SECOND_CAVITY * first):
        yield Defect.CAVITY


def _ends(uterus: NDArray[np.uint8], measured: Measured) -> Iterator[Defect]:
    """What lacks of a cervix below and a corpus above, on one line."""
    if not np.isin(uterus, UTERUS).any():
        return
    if largest(uterus == Label.CERVIX).sum() < CERVIX_AREA:
        yield Defect.CERVIX
    if measured.reason is not None:
        yield Defect.AXIS
