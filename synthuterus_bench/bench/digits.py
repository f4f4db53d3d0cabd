"""How a column prints its numbers: one power of ten and one number of decimals, from what is known about them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from synthuterus_bench.entry import Result
from synthuterus_bench.look.text import number

SIGNIFICANT = 2
MOST_DECIMALS = 4
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Digits:
    """Values are printed times ``10 ** power`` with ``decimals`` decimals; ``power`` is 0, 3, 6, ..."""

    power: int = 0
    decimals: int = 2

    @property
    def label(self) -> str:
        """What a heading adds to say so."""
        return f" × 10{str(self.power).translate(_RAISED)}" if self.power else ""

    def text(self, value: float) -> str:
        """A value as it is printed."""
        return number(value * 10**self.power, self.decimals)

    def span(self, low: float, high: float) -> str:
        """An interval as it is printed."""
        return f"{self.text(low)} to {self.text(high)}"


def digits_of(results: Iterable[Result]) -> Digits:
    """Two significant digits of the median uncertainty, so that a column lines up and shows no more than is known."""
    sizes = sorted(size for result in results if (size := _uncertainty(result)) > 0)
    if not sizes:
        return Digits()
    needed = SIGNIFICANT - 1 - math.floor(math.log10(sizes[len(sizes) // 2]))
    power = 3 * math.ceil(max(0, needed - MOST_DECIMALS) / 3)
    return Digits(power, max(0, needed - power))


def _uncertainty(result: Result) -> float:
    """Width of the interval, else of the floor, else a tenth of the value."""
    for span in (result.ci, result.floor):
        if span is not None and span.low is not None and span.high is not None:
            return span.high - span.low
    return abs(result.value or 0) / 10
