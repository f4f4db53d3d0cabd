"""The one style of every plot: Okabe and Ito's colours on the ground of the page, SVG drawn twice, for light and dark.

The same data give the same bytes: no date, fixed ids, no random jitter. Nothing is told by colour alone: series differ
in hatch, outline or line as well.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthuterus_bench.look import picture

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


def in_both_themes(draw: "Callable[[Axes, Ink], None]", inches: tuple[float, float], alt: str) -> Figure:
    """What ``draw`` draws on axes in the ink it is given, once for each theme."""
    return in_panels(lambda panels, ink: draw(panels[0], ink), inches, alt, (1, 1))


def in_panels(
    draw: "Callable[[list[Axes], Ink], None]", inches: tuple[float, float], alt: str, grid: tuple[int, int]
) -> Figure:
    """The same for several axes of one scale, ``grid`` rows and columns of them."""
    light, dark = (picture(_svg(draw, ink, inches, grid), "image/svg+xml") for ink in (LIGHT, DARK))
    return Figure(light, dark, alt, round(inches[0] * 96), round(inches[1] * 96))


def _svg(
    draw: "Callable[[list[Axes], Ink], None]", ink: Ink, inches: tuple[float, float], grid: tuple[int, int]
) -> bytes:
    """Draw without pyplot, so that no window system and no global state is touched."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_settings(ink)):
        canvas = Canvas(figsize=inches, layout="constrained")
        FigureCanvasSVG(canvas)
        panels = canvas.subplots(*grid, sharex=True, sharey=True, squeeze=False)
        draw(list(panels.flat), ink)
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
