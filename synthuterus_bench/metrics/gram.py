"""Inner products of all pairs of feature rows: one matrix product, from which several metrics are read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gram:
    """Of n rows of d features, in double precision.

    Rows are taken relative to the last one before they are multiplied: a large common offset would leave few digits of
    their differences. In a feature bank that one is real, so that a floor does not depend on what is submitted.

    Attributes:
        rows: relative rows (n, d).
        products: inner products of those, (n, n).
        origin: what was taken away, (d,).
    """

    rows: Floats
    products: Floats
    origin: Floats

    @staticmethod
    def of(features: NDArray[np.floating]) -> "Gram":
        """The Gram matrix of features (n, d)."""
        origin = features[-1].astype(np.float64)
        rows = features - origin
        return Gram(rows, rows @ rows.T, origin)

    def raw(self) -> Floats:
        """Inner products of the rows as they were, (n, n)."""
        own = self.rows @ self.origin
        found = self.products + own[:, None]
        found += own + self.origin @ self.origin
        return found

    def square_distances(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Floats:
        """Squared Euclidean distances of two groups of rows, (n, m)."""
        own = np.diagonal(self.products)
        return np.maximum(own[left][:, None] + own[right] - 2 * self.products[np.ix_(left, right)], 0)
