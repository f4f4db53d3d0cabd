"""The composition of a release as a picture: scans by class and field strength, as in Fig. 1 of the paper."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from synthuterus_bench.look.plots import LIGHT
from synthuterus_bench.release.parts import Part
from synthuterus_bench.vocab import FIELD_STRENGTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT = "composition.png"
_INK, _LINE = LIGHT.text, LIGHT.line
_STYLES = dict(zip(FIELD_STRENGTHS, (("#b9d6e8", _INK), ("#5aa2c9", _INK), ("#0b5f7d", "white")), strict=True))
_OTHER = ("#c9ced3", _INK)
"""Fill and text of a field strength, and of one that is not told or not known."""
_LEGIBLE = 0.05
"""Share of the highest bar from which on a segment has its count written in it."""


def draw_composition(parts: list[Part]) -> bytes:
    """A PNG with one panel a config, a bar a class, stacked by field strength. The same counts give the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    settings: Any = {"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": _INK, "axes.labelcolor": _INK}
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        page = Figure(figsize=(0.8 + 4.2 * len(parts), 3.6), layout="constrained", dpi=110, facecolor="white")
        canvas = FigureCanvasAgg(page)
        for axes, part in zip(page.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
            _panel(axes, part)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _panel(axes: "Axes", part: Part) -> None:
    below = [0] * len(part.classes)
    top = max(1, *(sum(column) for column in zip(*(counts for _, counts in part.table), strict=True)))
    for field, (name, counts) in zip(part.fields, part.table, strict=True):
        fill, text = _STYLES.get(field, _OTHER)
        axes.bar(range(len(counts)), counts, 0.72, below, color=fill, edgecolor="white", linewidth=0.8, label=name)
        for place, (count, start) in enumerate(zip(counts, below, strict=True)):
            if count >= _LEGIBLE * top:
                axes.text(place, start + count / 2, f"{count:,}", ha="center", va="center", color=text, fontsize=8.5)
        below = [start + count for start, count in zip(below, counts, strict=True)]
    for place, total in enumerate(below):
        axes.text(place, total + 0.015 * top, f"{total:,}", ha="center", va="bottom", fontsize=9, fontweight="bold")
    _dress(axes, part, top)


def _dress(axes: "Axes", part: Part, top: int) -> None:
    axes.set_xticks(range(len(part.classes)), [str(name) for name in part.classes])
    axes.set_title(f"{part.config}: {part.rows:,} {part.kind}", fontsize=10.5, loc="left")
    axes.set_ylabel(part.kind)
    axes.set_ylim(0, 1.32 * top)
    axes.locator_params(axis="y", nbins=5, integer=True)
    axes.legend(frameon=False, fontsize=9, ncols=4, loc="upper left", handlelength=1.2, columnspacing=1.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_LINE)
    axes.grid(axis="y", color=_LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
