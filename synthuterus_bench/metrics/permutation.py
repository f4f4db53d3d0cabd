"""Excess over the null: how far a distance lies above what relabelling the pooled images by chance gives.

A Fréchet distance of few images is far from zero for equal distributions; the mean over random relabellings of the
synthetic and held-out real images together is what chance alone gives at these numbers, and takes that bias away. It
overstates the collapse of a generator's variance, so it is an excess, not an unbiased distance. Images of one patient
cannot change places with those of others one by one, so one image of each patient takes part; labels move within
their class.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Excess, Rows, Scope
from synthuterus_bench.metrics.independent import one_a_unit
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import exceedance

Draws = Sequence[tuple[Rows, Rows]]
Distances = Callable[[Draws], NDArray[np.float64]]
"""From pairs of (synthetic, real) rows to a distance each."""


def excess_over_null(distances: Distances, scope: Scope, permutations: int) -> Excess | None:
    """The excess of a distance; None where no permutations are wanted or a side has one image.

    Args:
        distances: called once, with the labels as they are first.
    """
    fake, real = (one_a_unit(rows, scope.units) for rows in (scope.fake, scope.test))
    if not permutations or min(len(fake), len(real)) < 2:
        return None
    value, *null = distances([(fake, real), *draw(fake, real, scope, permutations)])
    values = np.array(null)
    return Excess(float(value), float(values.mean()), exceedance(values >= value), permutations, len(real), len(fake))


def draw(fake: Rows, real: Rows, scope: Scope, permutations: int) -> Draws:
    """Relabellings within each class, of the same sizes; they depend on the scope's name and its rows' order only."""
    pooled = np.concatenate([fake, real])
    order = np.argsort(scope.strata[pooled], kind="stable")
    pooled, was_fake = pooled[order], (np.arange(len(pooled)) < len(fake))[order]
    edges = np.flatnonzero(np.diff(scope.strata[pooled])) + 1
    rng = stream(0, "permutations", scope.name)
    found = []
    for _ in range(permutations):
        labels = np.concatenate([rng.permutation(part) for part in np.split(was_fake, edges)])
        found.append((pooled[labels], pooled[~labels]))
    return found
