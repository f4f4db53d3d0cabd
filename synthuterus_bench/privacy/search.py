"""Nearest training images by cosine: exactly, by matrix products in fixed blocks, or nearly, by faiss, above a size.

The row that a product of fixed shape finds is compared once more in double precision: a query has the same cosine in
whatever company it comes. One core takes a thousand queries through a million codes of 128 numbers in some seconds,
which is faster than it embeds them: exact search is what is used up to ``EXACT_UP_TO`` codes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import WeightsError

EXACT_UP_TO = 2_000_000
QUERIES, ROWS = 512, 512
"""Block of one product: queries (padded) by codes; 1 MB of cosines, which stay in the cache for the search in them."""

Codes = NDArray[np.float32]
Found = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Largest cosine of each query, and its row."""


def unit(x: NDArray[Any]) -> Codes:
    """Rows of length one; a row of zeros stays."""
    x = x.astype(np.float32)
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(1e-12))


def nearest(queries: Codes, codes: Codes) -> Found:
    """Exact search: largest cosine of unit rows ``queries`` (n, E) to any unit row of ``codes`` (N, E).

    Of equal cosines the first row counts; a query or a code that is no number gives one that is none.
    """
    cosines, rows = np.empty(len(queries), np.float32), np.empty(len(queries), np.int64)
    padded = np.zeros((QUERIES, codes.shape[1]), np.float32)
    for start in range(0, len(queries), QUERIES):
        block = queries[start : start + QUERIES]
        padded[: len(block)], padded[len(block) :] = block, 0
        here = slice(start, start + len(block))
        rows[here] = _block(padded, codes)[: len(block)]
        cosines[here] = cosine(block, codes[rows[here]])
    return cosines, rows


def cosine(ones: Codes, others: Codes) -> NDArray[np.float32]:
    """Cosine of each unit row (n, E) and its fellow: summed in double precision, the same wherever the row stands."""
    return np.vecdot(ones.astype(np.float64), others.astype(np.float64)).astype(np.float32)


def _block(queries: Codes, codes: Codes) -> NDArray[np.int64]:
    best, rows = np.full(len(queries), -np.inf, np.float32), np.zeros(len(queries), np.int64)
    everyone, room = np.arange(len(queries)), np.empty((len(queries), ROWS), np.float32)
    for start in range(0, len(codes), ROWS):
        some = codes[start : start + ROWS]
        cosines = np.matmul(queries, some.T, out=room) if len(some) == ROWS else queries @ some.T
        here = cosines.argmax(1)
        values = cosines[everyone, here]
        better = (values > best) | (np.isnan(values) & ~np.isnan(best))
        best[better], rows[better] = values[better], here[better] + start
    return rows


def nearest_other(codes: Codes, patients: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Largest cosine of each unit row (N, E) to a row of another patient; -inf where there is none."""
    found = np.full(len(codes), -np.inf, np.float32)
    for start in range(0, len(codes), QUERIES):
        rows = slice(start, start + QUERIES)
        for first in range(0, len(codes), ROWS):
            there = slice(first, first + ROWS)
            cosines = codes[rows] @ codes[there].T
            cosines[patients[rows, None] == patients[there]] = -np.inf
            found[rows] = np.maximum(found[rows], cosines.max(1))
    return found


@dataclass(frozen=True)
class Approximate:
    """Inverted lists of faiss over unit codes: each query looks into ``probes`` of them."""

    index: Any
    probes: int

    def nearest(self, queries: Codes) -> Found:
        """As :func:`nearest`, save for neighbours in lists that were not looked into.

        Where faiss finds none at all, as for a query that is no number, the cosine is none.
        """
        cosines, rows = (found[:, 0] for found in self.index.search(np.ascontiguousarray(queries, np.float32), 1))
        return np.where(rows < 0, np.float32(np.nan), cosines), np.maximum(rows, 0)


def approximate(codes: Codes, probes: int = 32) -> Approximate:
    """Sort codes (N, E) into about ``4 sqrt(N)`` lists by k-means.

    Raises:
        WeightsError: faiss is not installed.
    """
    try:
        import faiss
    except ImportError:
        raise WeightsError(
            f"an index of {len(codes)} codes: found no faiss, which search above {EXACT_UP_TO} codes needs",
            "pip install faiss-cpu",
        ) from None
    lists = max(1, int(4 * len(codes) ** 0.5))
    quantiser = faiss.IndexFlatIP(codes.shape[1])
    index = faiss.IndexIVFFlat(quantiser, codes.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.nprobe = 0, min(probes, lists)
    index.train(codes[:: max(1, len(codes) // (40 * lists))])
    index.add(codes)
    return Approximate(index, index.nprobe)


def recall(queries: Codes, codes: Codes, by: Approximate) -> float:
    """Share of queries whose true nearest code the approximate search finds as well."""
    return float((by.nearest(queries)[1] == nearest(queries, codes)[1]).mean())
