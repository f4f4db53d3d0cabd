"""Fréchet distances of many splits of the same rows into two groups, or of many groups to the same rows.

A split costs as much as its smaller group. With the rows centred, every product of one group with the other follows
from those inside the smaller one: let K be the Gram matrix of all rows and B the smaller group, then
``K_BA 1 = -K_BB 1`` and ``K_BA K_AB = (K^2)_BB - K_BB^2``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Rows
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.permutation import Draws

Floats = NDArray[np.float64]


def distances_of_splits(gram: Gram, draws: Draws) -> Floats:
    """The distance of each pair of groups of rows, (draws,); all pairs hold the same rows."""
    rows = np.sort(np.concatenate(draws[0]))
    smaller = [np.searchsorted(rows, min(draw, key=len)) for draw in draws]
    fewer = low_rank(gram.rows.shape[1], *map(len, draws[0]))
    return (_by_features if fewer else _by_products)(gram, rows, smaller)


def low_rank(dims: int, n: int, m: int) -> bool:
    """Whether covariances are so much smaller than products of rows that they are the quicker way."""
    return 2 * dims <= min(n, m)


def _by_products(gram: Gram, rows: NDArray[np.int64], smaller: list[NDArray[np.int64]]) -> Floats:
    products = _centred(gram.products[np.ix_(rows, rows)])
    square, own, count = products @ products, np.diagonal(products), len(rows)
    found = []
    for group in smaller:
        n, m = len(group), count - len(group)
        inner = products[np.ix_(group, group)]
        outward = inner.sum(1)
        cross = _centred(square[np.ix_(group, group)] - inner @ inner - np.outer(outward, outward) / m)
        overlap = _root_trace(cross) / np.sqrt(float(n - 1) * (m - 1))
        mean, mine = outward.sum() / n**2, own[group].sum()
        traces = (mine - n * mean) / (n - 1) + (own.sum() - mine - n * n / m * mean) / (m - 1)
        found.append((1 + n / m) ** 2 * mean + traces - 2 * overlap)
    return np.maximum(found, 0)


def _by_features(gram: Gram, rows: NDArray[np.int64], smaller: list[NDArray[np.int64]]) -> Floats:
    centred = gram.rows[rows] - gram.rows[rows].mean(0)
    every, count = centred.T @ centred, len(rows)
    found = []
    for group in smaller:
        n, m = len(group), count - len(group)
        part = centred[group]
        mean, square = part.mean(0), part.T @ part
        one = (square - n * np.outer(mean, mean)) / (n - 1)
        two = (every - square - n * n / m * np.outer(mean, mean)) / (m - 1)
        gap = (1 + n / m) ** 2 * (mean @ mean)
        found.append(gap + np.trace(one) + np.trace(two) - 2 * root_of_product(one, two))
    return np.maximum(found, 0)


def distances_to(gram: Gram, groups: Sequence[Rows], fake: Rows, real: Rows) -> Floats:
    """The distance of each group, rows of ``fake``, to ``real``, (groups,); both rise."""
    smallest = min(len(real), *map(len, groups))
    return (_to_features if low_rank(gram.rows.shape[1], smallest, smallest) else _to_products)(
        gram, groups, fake, real
    )


def _to_products(gram: Gram, groups: Sequence[Rows], fake: Rows, real: Rows) -> Floats:
    among, m = gram.products[np.ix_(fake, fake)], len(real)
    cross = gram.products[np.ix_(fake, real)]
    toward = cross.mean(1)
    cross = cross - toward[:, None]
    mine, own = gram.products[np.ix_(real, real)].mean(), np.diagonal(gram.products)
    trace, found = (own[real].sum() - m * mine) / (m - 1), []
    for group in groups:
        rows, n = np.searchsorted(fake, group), len(group)
        mean = among[np.ix_(rows, rows)].mean()
        part = cross[rows]
        part = part - part.mean(0)
        square = part @ part.T if n < m else part.T @ part
        overlap = _root_trace(square) / np.sqrt(float(n - 1) * (m - 1))
        gap = mean + mine - 2 * toward[rows].mean()
        found.append(gap + (own[group].sum() - n * mean) / (n - 1) + trace - 2 * overlap)
    return np.maximum(found, 0)


def _to_features(gram: Gram, groups: Sequence[Rows], fake: Rows, real: Rows) -> Floats:
    centre = gram.rows[real].mean(0)
    theirs = np.cov(gram.rows[real].T).reshape(len(centre), -1)
    values, vectors = np.linalg.eigh(theirs)
    root, trace, found = vectors * np.sqrt(np.maximum(values, 0)), np.trace(theirs), []
    for group in groups:
        rows = gram.rows[group] - centre
        gap = rows.mean(0)
        ours = (rows.T @ rows - len(rows) * np.outer(gap, gap)) / (len(rows) - 1)
        found.append(gap @ gap + np.trace(ours) + trace - 2 * _root_trace(root.T @ ours @ root))
    return np.maximum(found, 0)


def root_of_product(one: Floats, two: Floats) -> float:
    """``Tr (S_1 S_2)^1/2`` of two covariances (d, d)."""
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return _root_trace(root.T @ two @ root)


def _root_trace(matrix: Floats) -> float:
    return float(np.sqrt(np.maximum(np.linalg.eigvalsh(matrix), 0)).sum())


def _centred(matrix: Floats) -> Floats:
    """Rows and columns of a symmetric matrix without their means."""
    means = matrix.mean(0)
    return matrix - means - means[:, None] + means.mean()
