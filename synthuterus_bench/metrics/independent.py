"""Rows that may count as independent draws: one image of each patient."""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Rows


def one_a_unit(rows: Rows, units: NDArray[np.int64]) -> Rows:
    """The first of the rows of each patient, in order."""
    return np.sort(rows[np.unique(units[rows], return_index=True)[1]])


def spread(rows: Rows, n: int) -> Rows:
    """``n`` of the rows, evenly spaced; all of them if they are fewer."""
    n = min(n, len(rows))
    return rows[np.linspace(0, len(rows) - 1, n).round().astype(np.int64)]
