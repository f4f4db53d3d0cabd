"""Figures of a report: similarity histogram, confusion matrix, metric dots. SVG drawn twice, for light and dark.

The same data give the same bytes: no date, fixed ids, no random jitter. Colours are Okabe and Ito's, and nothing is
told by colour alone: series differ in hatch and outline, counts are written out, the threshold is labelled.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from synthuterus_bench.bench.pages import picture
from synthuterus_bench.bench.pages.text import inert

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_FONTS = re.compile(r"'DejaVu Sans'[^;\"]*")


@dataclass(frozen=True)
class Ink:
    """The colours of one theme."""

    text: str
    muted: str
    line: str
    band: str
    empty: str
    full: str
    series: tuple[str, ...]
    alert: str
    classes: tuple[str, ...]


LIGHT = Ink(
    "#16212c",
    "#566270",
    "#dce1e5",
    "#cfd8de",
    "#f2f6f8",
    "#0b5f7d",
    ("#0072b2", "#b35900", "#6b7885"),
    "#b3261e",
    ("#0072b2", "#b35900", "#00785a", "#9c4a86"),
)
DARK = Ink(
    "#e4eaee",
    "#a1aeb9",
    "#2b3640",
    "#3b4853",
    "#1b252d",
    "#7cc9e4",
    ("#56b4e9", "#e69f00", "#93a1ad"),
    "#ff9c8f",
    ("#56b4e9", "#e69f00", "#3fc79a", "#d996bd"),
)


@dataclass(frozen=True)
class Figure:
    """One figure as two ``data:`` addresses, with words for those who cannot see it. Size in CSS pixels."""

    light: str
    dark: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Dot:
    """One value of a metric with its interval and the floor's band, as far as they are known."""

    label: str
    value: float
    interval: tuple[float, float] | None = None
    floor: tuple[float, float] | None = None


def similarity_histogram(
    edges: Sequence[float], counts: Mapping[str, Sequence[int]], threshold: float | None = None
) -> Figure:
    """How similar each candidate is to its nearest training image, with the threshold tau marked.

    Args:
        edges: n + 1 rising bin edges, in cosine similarity.
        counts: n counts for each set, stacked in their order; at most three sets.
        threshold: tau; candidates above it were rejected.
    """
    middles, width = np.convolve(edges, [0.5, 0.5], "valid"), np.diff(edges)

    def draw(axes: "Axes", ink: Ink) -> None:
        from matplotlib.patches import Patch

        below, keys = np.zeros(len(middles)), []
        for (name, heights), colour, hatch in zip(counts.items(), ink.series, ("", "////", ".."), strict=False):
            style: dict[str, Any] = (
                {"color": colour} if not hatch else {"facecolor": "none", "edgecolor": colour, "hatch": hatch}
            )
            some = np.asarray(heights) > 0
            axes.bar(middles[some], np.asarray(heights)[some], width[some] * 0.92, below[some], **style)
            keys.append(Patch(label=inert(name), **style))
            below = below + heights
        if threshold is not None:
            axes.axvline(threshold, color=ink.alert, linewidth=1.5, linestyle=(0, (5, 3)))
            axes.set_title(f"τ = {threshold:.3f}", color=ink.alert, fontsize=10, loc="right")
        axes.set_xlabel("largest similarity to a training image")
        axes.set_ylabel("images")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, max(1.0, below.max()) * 1.08)
        axes.locator_params(axis="y", nbins=5, integer=True)
        axes.legend(handles=keys, frameon=False, fontsize=9, labelcolor=ink.text, loc="upper left")

    total = {name: sum(heights) for name, heights in counts.items()}
    alt = "Similarity histogram. " + ", ".join(f"{inert(name)}: {n} images" for name, n in total.items())
    return in_both_themes(draw, (7.2, 3.1), alt)


def confusion_matrix(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Figure:
    """Counts of true class (rows) against predicted class (columns), shaded by the share of the row."""
    table = np.asarray(counts, float)
    share = table / np.maximum(table.sum(1, keepdims=True), 1)

    def draw(axes: "Axes", ink: Ink) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        axes.imshow(share, LinearSegmentedColormap.from_list("share", [ink.empty, ink.full]), vmin=0, vmax=1)
        dark_text, light_text = ("#10171d", "#ffffff")
        for (row, column), part in np.ndenumerate(share):
            on_full = light_text if ink is LIGHT else dark_text
            text = f"{int(table[row, column])}\n{part:.0%}"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=9, color=on_full if part > 0.5 else ink.text
            )
        ticks = [inert(label) for label in labels]
        axes.set_xticks(range(len(ticks)), ticks)
        axes.set_yticks(range(len(ticks)), ticks)
        axes.set(xlabel="predicted", ylabel="true")
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    right = float(np.trace(table) / max(table.sum(), 1))
    side = 1.6 + 0.62 * len(labels)
    return in_both_themes(
        draw, (side, side * 0.92), f"Confusion matrix of {int(table.sum())} images, {right:.0%} on the diagonal."
    )


def metric_dots(title: str, dots: Sequence[Dot], better: str = "") -> Figure:
    """One metric: a dot a scope, a line for its interval, a band where a perfect generator would land."""

    def draw(axes: "Axes", ink: Ink) -> None:
        for row, dot in enumerate(dots):
            if dot.floor:
                axes.barh(row, dot.floor[1] - dot.floor[0], 0.56, dot.floor[0], color=ink.band, linewidth=0)
                axes.vlines(dot.floor, row - 0.28, row + 0.28, color=ink.muted, linewidth=0.9)
            if dot.interval:
                axes.hlines(row, *dot.interval, color=ink.series[0], linewidth=2)
            axes.plot(dot.value, row, "o", color=ink.series[0], markersize=6)
        axes.set_yticks(range(len(dots)), [inert(dot.label) for dot in dots])
        axes.set_title(inert(title) + (f"  ({better} is better)" if better else ""), fontsize=10.5, loc="left")
        axes.tick_params(axis="y", length=0)
        axes.use_sticky_edges = False
        axes.margins(x=0.06)
        axes.locator_params(axis="x", nbins=5)
        axes.set_ylim(len(dots) - 0.5, -0.5)

    alt = f"{inert(title)}. " + "; ".join(f"{inert(dot.label)} {dot.value:.4g}" for dot in dots)
    return in_both_themes(draw, (4.6, 0.75 + 0.32 * len(dots)), alt)


def in_both_themes(draw: "Callable[[Axes, Ink], None]", inches: tuple[float, float], alt: str) -> Figure:
    """What ``draw`` draws on axes in the ink it is given, once for each theme."""
    light, dark = (picture(_svg(draw, ink, inches), "image/svg+xml") for ink in (LIGHT, DARK))
    return Figure(light, dark, alt, round(inches[0] * 96), round(inches[1] * 96))


def _svg(draw: "Callable[[Axes, Ink], None]", ink: Ink, inches: tuple[float, float]) -> bytes:
    """Draw without pyplot, so that no window system and no global state is touched."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_settings(ink)):
        canvas = Canvas(figsize=inches, layout="constrained")
        FigureCanvasSVG(canvas)
        draw(canvas.add_subplot(), ink)
        return _saved(canvas)


def _saved(canvas: "Canvas") -> bytes:
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return _FONTS.sub("system-ui, 'Segoe UI', Roboto, Arial, sans-serif", buffer.getvalue()).encode()


def _settings(ink: Ink) -> Any:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "synthuterus",
        "text.parse_math": False,
        "text.color": ink.text,
        "axes.labelcolor": ink.muted,
        "axes.edgecolor": ink.line,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": ink.line,
        "grid.linewidth": 0.7,
        "xtick.color": ink.muted,
        "ytick.color": ink.muted,
        "font.size": 9.5,
        "hatch.linewidth": 0.8,
    }
