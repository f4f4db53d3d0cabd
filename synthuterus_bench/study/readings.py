"""Answers of several readers to the same images, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.study.answers import Answers
from synthuterus_bench.study.key import Key
from synthuterus_bench.vocab import Kind


@dataclass(frozen=True)
class Readings:
    """R readers, I images, in the order of the page.

    Attributes:
        synthetic: (I,), what the key says.
        called: (R, I), what was called synthetic.
        ratings: (R, I), from -4 (certainly real) to 4 (certainly synthetic), never 0.
        seconds: (R, I).
    """

    synthetic: NDArray[np.bool_]
    called: NDArray[np.bool_]
    ratings: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(R, I)."""
        return self.called == self.synthetic

    @property
    def readers(self) -> int:
        """R."""
        return len(self.called)

    def of(self, chosen: Sequence[int]) -> "Readings":
        """The same of some readers only."""
        some = [*chosen]
        return Readings(self.synthetic, self.called[some], self.ratings[some], self.seconds[some])


def readings(key: Key, files: Sequence[Answers]) -> Readings:
    """Files of one study as arrays; at least one."""
    called = np.array([[one.answer is Kind.SYNTHETIC for one in file.answers] for file in files])
    sure = np.array([[one.confidence for one in file.answers] for file in files], np.float64)
    seconds = np.array([[one.ms for one in file.answers] for file in files], np.float64) / 1000
    return Readings(np.array(key.synthetic_items), called, np.where(called, sure, -sure), seconds)
