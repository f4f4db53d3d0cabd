"""What a report shows of single images. It stays in memory: no result file holds it.

Of a reference that is not public nothing is shown: no image, no neighbour, no point.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.curves import Points, Projection
from synthuterus_bench.bench.examples import A_CLASS
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.vocab import CLASSES

NEIGHBOURS = 3
"""Pairs of a class that are shown."""

DRAWN = 200
"""Points of a class and set in the projection."""

Pixels = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A synthetic image, the real training image nearest to it, and their cosine."""

    synthetic: Pixels
    real: Pixels
    cosine: float


@dataclass(frozen=True, slots=True)
class Gallery:
    """Images of a submission and its reference by class, nearest pairs by class, and the projection."""

    images: Mapping[str, list[Pixels]]
    reference: Mapping[str, list[Pixels]]
    neighbours: Mapping[str, tuple[Neighbour, ...]]
    projection: Projection


def make_gallery(sets: Sets, own: FeatureBank) -> Gallery:
    """Gather what is shown.

    Args:
        own: the embedder's features of all images of ``sets``.
    """
    ours, real = sets.submission, sets.real
    public = real.public
    return Gallery(
        images=_first(ours.pixels, ours.labels),
        reference=_first(real.test.pixels, real.test.labels) if public else {},
        neighbours=_neighbours(sets, own) if public else {},
        projection=_projection(sets, own),
    )


def _first(pixels: Pixels, labels: NDArray[np.int64]) -> dict[str, list[Pixels]]:
    return {str(name): list(pixels[np.flatnonzero(labels == k)[:A_CLASS]]) for k, name in enumerate(CLASSES)}


def _neighbours(sets: Sets, own: FeatureBank) -> dict[str, tuple[Neighbour, ...]]:
    """The pairs of each class that are closest."""
    fake, train, _ = np.split(own.arrays[Need.CODES], np.cumsum(sets.sizes)[:-1])
    cosines = fake @ train.T
    nearest, best = cosines.argmax(1), cosines.max(1)
    found = {}
    for k, name in enumerate(CLASSES):
        rows = np.flatnonzero(sets.submission.labels == k)
        closest = rows[np.argsort(-best[rows], kind="stable")][:NEIGHBOURS]
        found[str(name)] = tuple(
            Neighbour(sets.submission.pixels[row], sets.real.train.pixels[nearest[row]], float(best[row]))
            for row in closest
        )
    return {name: pairs for name, pairs in found.items() if pairs}


def _projection(sets: Sets, own: FeatureBank) -> Projection:
    """Principal components of held-out real features, or of the submission's where the reference is not public."""
    fake, _, test = np.split(own.arrays[Need.EMBEDDER].astype(np.float64), np.cumsum(sets.sizes)[:-1])
    base = test if sets.real.public else fake
    scale = np.maximum(base.std(0), 1e-9)
    centred = (base - base.mean(0)) / scale
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    share = singular**2 / max(float((singular**2).sum()), 1e-12)
    share = np.append(share, [0.0, 0.0])[:2]
    axes = np.pad(axes, ((0, max(0, 2 - len(axes))), (0, 0)))[:2]
    axes *= np.where(axes.sum(1, keepdims=True) < 0, -1, 1)

    def points(features: Points, labels: NDArray[np.int64]) -> dict[str, Points]:
        placed = ((features - base.mean(0)) / scale) @ axes.T
        return {str(name): placed[np.flatnonzero(labels == k)[:DRAWN]] for k, name in enumerate(CLASSES)}

    real = points(test, sets.real.test.labels) if sets.real.public else {}
    return Projection(real, points(fake, sets.submission.labels), (float(share[0]), float(share[1])))
