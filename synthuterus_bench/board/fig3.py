"""The right half of the paper's Fig. 3 for a set of entries: gain in macro-F1 over guessing, a panel a regime.

The left half, what autoencoders give back, is of no entry: ``synthbench evaluate --reconstruction --plot`` draws it.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthuterus_bench.bench.table import POOLED
from synthuterus_bench.bench.taught import F1_GAIN
from synthuterus_bench.board.reported import Reported
from synthuterus_bench.board.shown import Shown, regimes_of, reported_beside, shown_of
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError
from synthuterus_bench.look.plots import LIGHT
from synthuterus_bench.look.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 44
ARMS = {"real": "real scans", "submission": "SynthUterus"}


@dataclass(frozen=True)
class Mark:
    """One value in one panel; ``low`` and ``high`` where there is an interval."""

    row: int
    value: float
    low: float | None
    high: float | None
    kind: str


STYLES: dict[str, dict[str, Any]] = {
    "submission": {"marker": "o", "color": LIGHT.series[0], "label": "the images"},
    "real": {"marker": "s", "color": LIGHT.series[2], "mfc": "white", "label": "as many real images"},
    "reported": {"marker": "D", "color": LIGHT.series[1], "mfc": "white", "label": "reported, not measured here"},
}


def draw_fig3(entries: list[Entry], reported: list[Reported]) -> bytes:
    """A PNG: entries down, regimes across, each beside as many real images; what the paper reports below.

    Names are strangers' words: a dollar sign in them is a dollar sign and begins no formula.

    Raises:
        DataError: no entry has a gain in macro-F1.
    """
    from matplotlib import rc_context

    shown, notes = shown_of(entries)
    regimes = regimes_of(shown)
    told = _reported(shown, reported)
    marks = {regime: [*_marks(shown, regime), *_beside(told, regime, len(shown))] for regime in regimes}
    if not any(marks.values()):
        raise DataError(f"{len(entries)} entries: found no value of {F1_GAIN}, expected some to draw")
    names = [*(f"{one_line(one.title)[:LONGEST]} ({one.protocol})" for one in shown), *told]
    with rc_context({"text.parse_math": False}):
        return _draw(marks, names, len(shown), notes)


def _draw(marks: dict[str, list[Mark]], names: list[str], entries: int, notes: tuple[str, ...]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = Figure(figsize=(3.2 + 2.3 * len(marks), 1.5 + 0.42 * len(names)), layout="constrained", dpi=130)
    FigureCanvasAgg(page)
    panels = page.subplots(1, len(marks), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (regime, found) in zip(panels, marks.items(), strict=True):
        _panel(axes, regime, found, names, entries)
    _legend(page.axes, [name for name in STYLES if any(mark.kind == name for part in marks.values() for mark in part)])
    page.suptitle("Gain in macro-F1 over guessing on held-out real patients", x=0.01, ha="left", fontsize=11)
    page.supxlabel("\n".join(notes), fontsize=8, color=LIGHT.muted)
    buffer = io.BytesIO()
    page.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _marks(shown: list[Shown], regime: str) -> list[Mark]:
    found = []
    for row, one in enumerate(shown):
        result = one.find(F1_GAIN, POOLED, regime)
        if result is None or result.value is None:
            continue
        low, high = (result.ci.low, result.ci.high) if result.ci else (None, None)
        found.append(Mark(row, result.value, low, high, "submission"))
        if result.floor:
            found.append(Mark(row, result.floor.value, result.floor.low, result.floor.high, "real"))
    return found


def _reported(shown: list[Shown], reported: list[Reported]) -> dict[str, tuple[str | None, float]]:
    """Rows of the paper: name to regime and gain; none where no suite is the like of its own."""
    if not reported_beside(shown, reported):
        return {}
    return {
        f"paper: {ARMS[other.arm]}": (other.regime, other.plain)
        for paper in reported
        for other in paper.others
        if other.metric == F1_GAIN and other.arm
    }


def _beside(told: dict[str, tuple[str | None, float]], regime: str, first: int) -> list[Mark]:
    return [
        Mark(first + place, value, None, None, "reported")
        for place, (where, value) in enumerate(told.values())
        if where == regime
    ]


def _panel(axes: "Axes", regime: str, marks: list[Mark], names: list[str], entries: int) -> None:
    for mark in marks:
        style = {name: value for name, value in STYLES[mark.kind].items() if name != "label"}
        place = mark.row + {"submission": -0.13, "real": 0.13}.get(mark.kind, 0)
        if mark.low is not None and mark.high is not None:
            axes.hlines(place, mark.low, mark.high, color=style["color"], linewidth=1.5)
        axes.plot([mark.value], [place], linestyle="none", markersize=6, **style)
    if not marks:
        axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", fontsize=8.5, color=LIGHT.muted)
    axes.axvline(0, color=LIGHT.muted, linewidth=0.8)
    if len(names) > entries:
        axes.axhline(entries - 0.5, color=LIGHT.line, linewidth=1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    axes.set_title(regime, fontsize=10, loc="left")
    axes.tick_params(axis="x", labelsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color=LIGHT.line, linewidth=0.7)
    axes.set_axisbelow(True)


def _legend(panels: "list[Axes]", kinds: list[str]) -> None:
    from matplotlib.lines import Line2D

    keys = [Line2D([], [], linestyle="none", **STYLES[kind]) for kind in kinds]
    panels[0].figure.legend(handles=keys, frameon=False, fontsize=8.5, ncols=len(keys), loc="outside upper right")
