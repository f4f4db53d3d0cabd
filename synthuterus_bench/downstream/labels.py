"""Few labels: the subset of a set whose labels a classifier may see."""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.repro import stream

Ints = NDArray[np.int64]


def few_labels(labels: Ints, units: Ints, share: float, number: int) -> Ints:
    """Rows of the ``number``-th subset that holds ``share`` of the patients of each class, at least one.

    A patient is in a subset with all images or with none, and belongs to the class of the first. Subsets of different
    numbers have no patient in common as long as their class has enough: after the last one the deal starts anew.
    """
    names, first = np.unique(units, return_index=True)
    class_of = labels[first]
    taken = [_dealt(names[class_of == k], share, number, int(k)) for k in np.unique(class_of)]
    return np.flatnonzero(np.isin(units, np.concatenate(taken)))


def _dealt(patients: Ints, share: float, number: int, which: int) -> Ints:
    order = stream(0, "downstream", "labels", which).permutation(patients)
    size = max(1, round(share * len(order)))
    return np.take(order, np.arange(number * size, (number + 1) * size), mode="wrap")
