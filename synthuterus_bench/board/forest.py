"""Plots of an entry's page, a few lines of SVG each: a metric's value by scope, its interval, and the floor's band.

In the colours of the page, by classes of its style sheet; a thousand pages cost seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from synthuterus_bench.bench.table import SCOPES, Column
from synthuterus_bench.entry import Result
from synthuterus_bench.look.text import inert

if TYPE_CHECKING:
    from markupsafe import Markup

LEFT, WIDTH, ROW, TOP = 76, 344, 24, 8
CHARACTER, GAP = 7.0, 6
SPACE = WIDTH - LEFT - 18


@dataclass(frozen=True)
class Mark:
    """One scope: places across and down, in pixels; None where there is no interval or floor."""

    scope: str
    y: float
    x: float
    interval: tuple[float, float] | None
    floor: tuple[float, float] | None
    words: str


@dataclass(frozen=True)
class Forest:
    """One metric."""

    column: Column
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]

    @property
    def words(self) -> str:
        """For those who cannot see it."""
        return inert(f"{self.column.title}. " + "; ".join(mark.words for mark in self.marks))

    @property
    def name(self) -> str:
        """Title, direction and detail."""
        return f"{self.column.title} {self.column.arrow} {self.column.detail}".strip()

    @property
    def svg(self) -> "Markup":
        """The picture; its texts are made inert and escaped here."""
        from markupsafe import Markup

        bottom = TOP + ROW * len(self.marks)
        size = f'viewBox="0 0 {WIDTH} {bottom + 26}" width="{WIDTH}" height="{bottom + 26}"'
        ticks = "".join(
            f'<line class="grid" x1="{x}" x2="{x}" y1="4" y2="{bottom}"/>'
            f'<text class="tick" x="{x}" y="{bottom + 17}">{escape(text)}</text>'
            for x, text in self.ticks
        )
        axis = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - 8}" y1="{bottom}" y2="{bottom}"/>'
        marks = "".join(map(_drawn, self.marks))
        label = escape(self.words, quote=True)
        return Markup(f'<svg class="forest" {size} role="img" aria-label="{label}">{ticks}{marks}{axis}</svg>')


def _drawn(mark: Mark) -> str:
    y, parts = mark.y, []
    if mark.floor:
        left, right = mark.floor
        parts.append(f'<rect class="band" x="{left}" width="{right - left:.1f}" y="{y - 8}" height="16"/>')
    if mark.interval:
        left, right = mark.interval
        parts.append(f'<line class="span" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
    parts.append(f'<circle class="dot" cx="{mark.x}" cy="{y}" r="3.6"/>')
    parts.append(f'<text class="label" x="{LEFT - 12}" y="{y + 4}">{escape(inert(mark.scope))}</text>')
    return "".join(parts)


def forests(found: Sequence[Column], places: Sequence[dict[str, Result]]) -> list[Forest]:
    """One plot for each column of an entry with a value; ``places`` are its results by scope."""
    return [plot for pair in zip(found, places, strict=True) if (plot := _forest(*pair))]


def _forest(column: Column, found: dict[str, Result]) -> Forest | None:
    results = [found[scope] for scope in SCOPES if scope in found and found[scope].value is not None]
    if not results:
        return None
    ends = [end for result in results for end in _ends(result)]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    scale = _Scale(low - margin, high + margin)
    marks = tuple(_mark(result, place, scale, column) for place, result in enumerate(results))
    ticks = _legible([(scale.at(value), column.digits.text(value)) for value in _round_values(low, high)])
    return Forest(column, marks, ticks)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def at(self, value: float) -> float:
        return round(LEFT + SPACE * (value - self.low) / (self.high - self.low), 1)


def _ends(result: Result) -> list[float]:
    ends = [result.value, *((result.ci.low, result.ci.high) if result.ci else ())]
    if result.floor:
        ends += [result.floor.low, result.floor.high]
    return [end for end in ends if end is not None]


def _mark(result: Result, place: int, scale: _Scale, column: Column) -> Mark:
    assert result.value is not None
    floor, interval = None, None
    if result.floor and result.floor.low is not None and result.floor.high is not None:
        floor = scale.at(result.floor.low), scale.at(result.floor.high)
    if result.ci:
        interval = scale.at(result.ci.low), scale.at(result.ci.high)
    words = f"{result.scope} {column.digits.text(result.value)}"
    return Mark(result.scope, TOP + ROW * (place + 0.5), scale.at(result.value), interval, floor, words)


def _round_values(low: float, high: float) -> list[float]:
    """Two to five round numbers between two."""
    if high <= low:
        return [low]
    unit = 10.0 ** math.floor(math.log10(high - low))
    for step in (unit * factor for factor in (1, 0.5, 0.2, 0.1)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last > first:
            return [k * step for k in range(first, last + 1)][:: 1 + (last - first) // 5]
    return [low, high]


def _legible(ticks: list[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
    """Ticks an equal way apart, so many of them that no text touches the next."""
    room = max(len(text) for _, text in ticks) * CHARACTER + GAP
    apart = ticks[1][0] - ticks[0][0] if len(ticks) > 1 else room
    return tuple(ticks[:: max(1, math.ceil(room / apart))])
