"""The uterus in a sagittal mask, and the cheapest path through it from the lip of the cervix to the top of the cavity.

Masks here have pixels of 1 x 1 mm. Points are (row, column) in mm from the centre of the first pixel; rows grow
downwards, columns backwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, distance_transform_edt, label
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from synthuterus_bench.vocab import LESIONS, UTERUS, Label

Points = NDArray[np.float64]
Inside = NDArray[np.bool_]

MYOMA_COST = 5.0
_INFERIOR = 0.2
_MOVES = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))


@dataclass(frozen=True, slots=True)
class Body:
    """The uterus of a mask: its largest piece without holes, the cavity in it, and the depth below its surface in mm.

    ``share`` is the part of the uterus' pixels that the largest piece holds. Lesions belong to the uterus.
    """

    labels: NDArray[np.uint8]
    inside: Inside
    cavity: Inside
    depth: NDArray[np.float64]
    share: float

    def has(self, kind: Label) -> bool:
        """Whether a label occurs in it."""
        return bool(np.any(self.labels[self.inside] == kind))


def uterus_body(labels: NDArray[np.uint8]) -> Body | None:
    """The uterus in a mask of 1 mm pixels; None where there is none."""
    uterus = np.isin(labels, (*UTERUS, *LESIONS))
    pieces, count = label(uterus, np.ones((3, 3)))
    if count == 0:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    inside = binary_fill_holes(pieces == 1 + sizes.argmax())
    cavity = inside & (labels == Label.ENDOMETRIUM)
    depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    return Body(labels, inside, cavity, depth, float(sizes.max() / sizes.sum()))


def path(body: Body) -> Points:
    """Pixels from the lip of the cervix to the top of the endometrium (or without one of the fundus), (points, 2).

    The path is the cheapest where a step costs less the deeper inside it lies, least in the cavity and most in a myoma.
    """
    pixels = np.argwhere(body.inside)
    low, high = _ends(body, pixels)
    myoma = body.labels == Label.MYOMA
    cost = np.where(body.cavity, 0.4, np.where(myoma, MYOMA_COST, 1.0)) / (1 + body.depth) ** 2
    _, before = dijkstra(_graph(body.inside, cost), directed=False, indices=low, return_predecessors=True)
    steps = [high]
    while steps[-1] != low and before[steps[-1]] >= 0:
        steps.append(int(before[steps[-1]]))
    return pixels[steps[::-1]].astype(float)


def _graph(inside: Inside, cost: NDArray[np.float64]) -> csr_array:
    """Pixels inside, in order, joined to 16 neighbours; a step costs its length times the mean cost of its ends."""
    number: NDArray[np.intp] = np.full(inside.shape, -1)
    size = int(inside.sum())
    number[inside] = np.arange(size)
    starts, ends, weights = [], [], []
    rows, columns = np.nonzero(inside)
    for down, back in _MOVES:
        row, column = rows + down, columns + back
        there = (row < number.shape[0]) & (column >= 0) & (column < number.shape[1])
        a, b = (rows[there], columns[there]), (row[there], column[there])
        both = number[b] >= 0
        starts.append(number[a][both])
        ends.append(number[b][both])
        weights.append((cost[a] + cost[b])[both] * np.hypot(down, back) / 2)
    joined = (np.concatenate(weights), (np.concatenate(starts), np.concatenate(ends)))
    return csr_array(joined, shape=(size, size))


def _ends(body: Body, pixels: NDArray[np.intp]) -> tuple[int, int]:
    """Numbers of the first and the last pixel of the path.

    The lip is the pixel of the cervix farthest (inside the uterus) from the middle of the cavity. Where no cervix is
    labelled, it is the farthest of the wall, a place further down counting a fifth of its height more. The top is
    the pixel of the endometrium, or of the uterus, for which distance from the lip and depth together are largest.
    """
    plain = _graph(body.inside, np.ones(body.inside.shape))
    tissue = body.labels[body.inside]
    centre = _middle(body, pixels)
    far = dijkstra(plain, directed=False, indices=centre)
    lips = tissue == Label.CERVIX
    if not lips.any():
        lips = ~np.isin(tissue, LESIONS)
        far = far + _INFERIOR * (pixels[:, 0] - pixels[centre, 0])
    low = _farthest(far, lips)
    far = dijkstra(plain, directed=False, indices=low)
    return low, _farthest(far + body.depth[body.inside], body.cavity[body.inside])


def _middle(body: Body, pixels: NDArray[np.intp]) -> int:
    """Number of the pixel amid the cavity, or the deepest one where no cavity is labelled."""
    core = np.flatnonzero(body.cavity[body.inside])
    if not len(core):
        return int(body.depth[body.inside].argmax())
    return int(core[np.hypot(*(pixels[core] - pixels[core].mean(0)).T).argmin()])


def _farthest(far: NDArray[np.float64], among: Inside) -> int:
    reached = np.isfinite(far)
    wanted = among & reached
    return int(np.where(wanted if wanted.any() else reached, far, -np.inf).argmax())
