"""Where the uterus is: the network's answer drawn as a mask, and whether that could be a uterus at all.

What a network draws on a picture without a uterus is judged by anatomy, so that ``None`` is an answer. The bounds
are those of adult uteri (6-9 cm long, 3-6 cm thick in the sagittal plane), widened for bent uteri, whose ends lie
closer together than the organ is long, for slices beside the midline and for the localiser's own errors; shares and
the least probability were set on validation patients of the phantom. All are judged in the slice that shows most of the
uterus, since what is drawn far beside it matters less.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.nets.segmenter import PARTS, UTERUS_PARTS, Localiser
from synthuterus_bench.vocab import UTERUS, VIEW_SIZE, Label, View

THRESHOLD = 0.5
SEAM_MM = 2
_DIRECTIONS = np.linspace(0, np.pi, 36, endpoint=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a plausible uterus is; lengths in mm, areas in mm2, in the sagittal slice that shows most of it."""

    dominant: float = 0.8
    """Least share of the slice's uterine pixels in the largest connected piece: a patient has one uterus."""
    length: tuple[float, float] = (45.0, 120.0)
    """Largest extent. 6 cm bent by 80 degrees measure 4.6 from end to end; myomas make it longer than 9."""
    area: tuple[float, float] = (1000.0, 6000.0)
    """Ellipses of 6 x 3 and 9 x 6 cm have 1400 and 4200."""
    thickness: tuple[float, float] = (15.0, 60.0)
    """Area over length: a uterus is neither a thread nor a disc."""
    cavity: float = 50.0
    """Least area of cavity with junctional zone: a line of 2 x 25 mm, as thin as it gets after the menopause."""
    enclosed: float = 0.7
    """Least share of the cavity's rim that borders on wall or cervix: a cavity lies inside a wall."""
    confidence: float = 0.75
    """Least mean probability inside the uterus."""


class Flaw(StrEnum):
    """Why what was drawn cannot be a uterus."""

    ABSENT = "no uterus drawn"
    SCATTERED = "no dominant piece"
    LENGTH = "length out of bounds"
    AREA = "area out of bounds"
    THICKNESS = "thickness out of bounds"
    NO_CAVITY = "no cavity"
    OPEN_CAVITY = "cavity not inside a wall"
    UNSURE = "mean probability too low"


ADULT = Bounds()


@dataclass(frozen=True)
class Located:
    """A plausible uterus.

    ``centre`` (slice, row, column) is the voxel nearest to its centroid; ``mask``, of the picture's shape, has
    ``vocab.Label`` values (cavity with junctional zone as ENDOMETRIUM); ``confidence`` in [0, 1] is the mean
    probability inside the uterus.
    """

    centre: tuple[int, int, int]
    mask: NDArray[np.uint8]
    confidence: float


def locate(z: NDArray[np.float32], localiser: Localiser, bounds: Bounds = ADULT) -> Located | None:
    """The uterus in z-scores (slices, rows, columns) at 1 mm in plane; ``None`` where nothing plausible is.

    A picture larger than the region of interest is looked at twice: the first look finds, the second draws and is
    judged.
    """
    probabilities = second_look(z, localiser(z), localiser)
    mask = draw(probabilities)
    piece = largest_piece(mask)
    if flaws(mask, confidence := mean_probability(probabilities, piece), bounds):
        return None
    kept = np.where(np.isin(mask, UTERUS) & ~piece, np.uint8(Label.BACKGROUND), mask)
    across, row, column = np.rint(np.argwhere(piece).mean(0)).astype(int).tolist()
    return Located((across, row, column), kept, confidence)


def second_look(
    z: NDArray[np.float32], probabilities: NDArray[np.float32], localiser: Localiser
) -> NDArray[np.float32]:
    """Probabilities (S, 5, H, W) anew in the 128 x 128 about the largest piece, with no uterus outside them.

    Without a piece, or in pictures no larger, they stay as they are.
    """
    piece = largest_piece(draw(probabilities))
    if not piece.any() or max(z.shape[1:]) <= VIEW_SIZE[View.ROI]:
        return probabilities
    middle = np.argwhere(piece[int(np.argmax(piece.sum((1, 2))))]).mean(0)
    rows, columns = (_window(round(place), length) for place, length in zip(middle, z.shape[1:], strict=True))
    again = probabilities.copy()
    again[:, :UTERUS_PARTS] = 0
    again[:, :, rows, columns] = localiser(z[:, rows, columns])
    return again


def _window(place: int, length: int) -> slice:
    """The region of interest about a place, moved to lie inside the picture."""
    side = min(VIEW_SIZE[View.ROI], length)
    start = min(max(place - side // 2, 0), length - side)
    return slice(start, start + side)


def draw(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Labels (S, H, W) from probabilities (S, 5, H, W).

    The parts of the uterus exclude each other, so their probabilities add; where the sum is at least one half and
    more than bladder's and rectum's, the likeliest part is drawn. Seams up to 4 mm between parts and holes, where the
    network leaves the border open, are closed.
    """
    uterus = probabilities[:, :UTERUS_PARTS].sum(1, keepdims=True)
    organs = np.concatenate([uterus, probabilities[:, UTERUS_PARTS:]], 1)
    first, sure = organs.argmax(1), organs.max(1) >= THRESHOLD
    other = sure & (first > 0)
    shape = np.stack([_closed(plane) for plane in sure & (first == 0)]) & ~other if len(sure) else other
    parts = np.array(PARTS, np.uint8)
    labels = np.where(shape, parts[probabilities[:, :UTERUS_PARTS].argmax(1)], np.uint8(Label.BACKGROUND))
    return np.where(other, parts[UTERUS_PARTS - 1 + first], labels)


def _closed(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A shape without seams and holes; continued at the edge, so that closing does not eat it there."""
    if not plane.any():
        return plane
    edge = 2 * SEAM_MM
    padded = np.pad(plane, edge, mode="edge")
    place = ndimage.find_objects(padded.astype(np.uint8))[0]
    box = tuple(slice(max(0, side.start - edge), side.stop + edge) for side in place)
    padded[box] = ndimage.binary_fill_holes(ndimage.binary_closing(padded[box], iterations=SEAM_MM))
    return np.asarray(padded[edge:-edge, edge:-edge])


def largest_piece(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The connected piece of uterus in labels (S, H, W), across slices, that weighs most; all False without one."""
    pieces, count = ndimage.label(np.isin(mask, UTERUS))
    if not count:
        return np.zeros(mask.shape, bool)
    weights = np.broadcast_to(slice_weights(len(mask))[:, None, None], mask.shape)
    return pieces == 1 + int(np.argmax(np.bincount(pieces.ravel(), weights.ravel())[1:]))


def slice_weights(count: int) -> NDArray[np.float64]:
    """How much a pixel of each of ``count`` slices weighs: sagittal stacks are planned about the uterus, so that what
    looks like one near their ends is mostly bowel or muscle. A Hann window, 1 in the middle.
    """
    return np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2


def mean_probability(probabilities: NDArray[np.float32], piece: NDArray[np.bool_]) -> float:
    """Mean probability of uterus inside ``piece``; 0 where it is empty."""
    inside = np.minimum(probabilities[:, :UTERUS_PARTS].sum(1), 1)[piece]
    return float(inside.mean(dtype=np.float64)) if inside.size else 0.0


def flaws(mask: NDArray[np.uint8], confidence: float, bounds: Bounds = ADULT) -> list[Flaw]:
    """Everything that speaks against the uterus in labels (S, H, W); empty if it is plausible."""
    piece = largest_piece(mask)
    if not piece.any():
        return [Flaw.ABSENT]
    middle = int(np.argmax(piece.sum((1, 2))))
    shape, cavity = piece[middle], piece[middle] & (mask[middle] == Label.ENDOMETRIUM)
    length, area = extent(shape), float(shape.sum())
    checks = {
        Flaw.SCATTERED: area >= bounds.dominant * np.isin(mask[middle], UTERUS).sum(),
        Flaw.LENGTH: _within(length, bounds.length),
        Flaw.AREA: _within(area, bounds.area),
        Flaw.THICKNESS: _within(area / length, bounds.thickness),
        Flaw.NO_CAVITY: cavity.sum() >= bounds.cavity,
        Flaw.OPEN_CAVITY: enclosed(cavity, shape) >= bounds.enclosed,
        Flaw.UNSURE: confidence >= bounds.confidence,
    }
    return [flaw for flaw, passed in checks.items() if not passed]


def extent(shape: NDArray[np.bool_]) -> float:
    """Largest Feret diameter of a shape (H, W) in pixels, over 36 directions; one pixel has 1."""
    places = np.argwhere(shape) @ np.stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])
    return float(np.ptp(places, axis=0).max() + 1)


def enclosed(cavity: NDArray[np.bool_], uterus: NDArray[np.bool_]) -> float:
    """Share of the cavity's outer rim that is uterus; 1 for no cavity, which another check finds."""
    padded = np.pad(cavity, 1)
    rim = ndimage.binary_dilation(padded) & ~padded
    return float(np.pad(uterus, 1)[rim].mean()) if rim.any() else 1.0


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
