"""Near-duplicates among candidates: of each cluster the one with the lowest index stays.

A candidate repeats a survivor if the cosine of their read-out codes exceeds ``TWIN_TAU``. Candidates are taken in the
order of their indices, so that what survives is a function of them alone, whoever drew them and however often a run
was killed.
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.privacy.search import Codes

TWIN_TAU = 0.98
"""Largest cosine between two images of a release. Of pairs of slices of one phantom patient 99 in 100 are below it."""

_BLOCK = 256


class Survivors:
    """Codes and indices of the candidates that stay, in order."""

    def __init__(self, tau: float = TWIN_TAU) -> None:
        self.tau = tau
        self._codes: list[Codes] = []
        self._indices: list[NDArray[np.int64]] = []

    def admit(self, codes: Codes, indices: NDArray[np.int64], allowed: NDArray[np.bool_]) -> list[int | None]:
        """The survivor that each candidate repeats, None for those that stay or were not allowed in.

        Args:
            codes: unit rows (n, E), in the order of their indices, all higher than any before.
            indices: of the candidates, (n,).
            allowed: which of them passed the filter, (n,); the others are neither kept nor compared.
        """
        twins: list[int | None] = []
        for start in range(0, len(codes), _BLOCK):
            block = slice(start, start + _BLOCK)
            twins += self._admit(codes[block], indices[block], allowed[block])
        return twins

    def _admit(self, codes: Codes, indices: NDArray[np.int64], allowed: NDArray[np.bool_]) -> list[int | None]:
        twins, similarity = self._before(codes)
        among = codes @ codes.T
        stay = np.zeros(len(codes), bool)
        found: list[int | None] = []
        for row in range(len(codes)):
            best, twin = similarity[row], int(twins[row])
            if stay[:row].any():
                nearest = int(np.flatnonzero(stay[:row])[among[row, :row][stay[:row]].argmax()])
                if among[row, nearest] > best:
                    best, twin = among[row, nearest], int(indices[nearest])
            stay[row] = allowed[row] and not best > self.tau
            found.append(twin if allowed[row] and best > self.tau else None)
        self._codes.append(codes[stay])
        self._indices.append(indices[stay])
        return found

    def _before(self, codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The most similar survivor of earlier blocks, and how similar it is."""
        twins = np.zeros(len(codes), np.int64)
        best = np.full(len(codes), -np.inf, np.float32)
        everyone = np.arange(len(codes))
        for theirs, indices in zip(self._codes, self._indices, strict=True):
            if len(theirs):
                cosines = codes @ theirs.T
                nearest = cosines.argmax(1)
                values = cosines[everyone, nearest]
                better = values > best
                best[better], twins[better] = values[better], indices[nearest[better]]
        return twins, best
