"""Figures of a report that need more than counts: feature projection, similarity against the null, ROC curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.look.plots import Figure, Ink, in_both_themes, in_panels
from synthuterus_bench.look.text import inert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
"""Classes differ in the line as well as in colour."""

Points = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Projection:
    """Features on their two main directions, by class: real images, empty where none may be shown, and synthetic ones.

    ``explained`` is the share of variance of each direction, of the real images where there are any.
    """

    real: Mapping[str, Points]
    synthetic: Mapping[str, Points]
    explained: tuple[float, float]


def projection_plot(found: Projection) -> Figure:
    """One panel a class: real images as rings, synthetic ones as crosses."""

    def draw(panels: "list[Axes]", ink: Ink) -> None:
        for axes, (name, points), colour in zip(panels, found.synthetic.items(), ink.classes, strict=False):
            real = found.real.get(name, np.empty((0, 2)))
            rings: dict[str, Any] = {"markersize": 4, "markerfacecolor": "none", "markeredgewidth": 0.8}
            axes.plot(*real.T, "o", color=ink.muted, label="real", **rings)
            axes.plot(*points.T, "x", color=colour, markersize=4.5, markeredgewidth=1.1, label="synthetic")
            axes.set_title(f"{inert(name)}: {len(real)} real, {len(points)} synthetic", fontsize=9.5, loc="left")
            axes.locator_params(nbins=5)
        for axes in panels[2:]:
            axes.set_xlabel(f"first direction ({found.explained[0]:.0%} of variance)")
        for axes in panels[::2]:
            axes.set_ylabel(f"second ({found.explained[1]:.0%})")
        panels[0].legend(frameon=False, fontsize=9, labelcolor=ink.text, loc="best", handletextpad=0.2)

    told = ", ".join(f"{inert(name)} {len(points)} synthetic" for name, points in found.synthetic.items())
    alt = f"Projection of embedder features on two directions, one panel a class: {told}."
    return in_panels(draw, (7.2, 6.2), alt, (2, 2))


def similarity_to_real(
    edges: Sequence[float], counts: Mapping[str, Sequence[int]], bound: float | None = None
) -> Figure:
    """How similar images are to their nearest real training image, as shares of each set; held-out ones are the null.

    Args:
        edges: n + 1 rising bin edges, in cosine similarity.
        counts: n counts for each set, at most three.
        bound: cosine above which an image is a near copy.
    """

    def draw(axes: "Axes", ink: Ink) -> None:
        for (name, heights), colour, line in zip(counts.items(), ink.series, LINES, strict=False):
            total = max(1, sum(heights))
            share = np.asarray(heights, float) / total
            axes.stairs(share, edges, color=colour, linestyle=line, linewidth=1.8, label=f"{inert(name)} ({total})")
        if bound is not None:
            axes.axvline(bound, color=ink.alert, linewidth=1.5, linestyle=(0, (5, 3)))
            axes.set_title(f"near copy above {bound:.3f}", color=ink.alert, fontsize=10, loc="right")
        axes.set(xlabel="cosine to the nearest real training image", ylabel="share of the set")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", nbins=5)
        axes.legend(frameon=False, fontsize=9, labelcolor=ink.text, loc="upper left")

    alt = "Similarity to the nearest real training image. " + ", ".join(
        f"{inert(name)}: {sum(heights)} images" for name, heights in counts.items()
    )
    return in_both_themes(draw, (7.2, 3.1), alt)


def roc_plot(labels: Sequence[str], false_positives: Sequence[float], curves: Sequence[Sequence[float]]) -> Figure:
    """One class against the rest: true positives at each share of false positives.

    Args:
        curves: one for each label, as long as ``false_positives``.
    """
    areas = [float(np.trapezoid(curve, false_positives)) for curve in curves]

    def draw(axes: "Axes", ink: Ink) -> None:
        axes.plot([0, 1], [0, 1], color=ink.line, linewidth=1.2)
        for label, curve, area, colour, line in zip(labels, curves, areas, ink.classes, LINES, strict=False):
            told = f"{inert(label)} (area {area:.2f})"
            axes.plot(false_positives, curve, color=colour, linestyle=line, linewidth=1.7, label=told)
        axes.set(xlabel="false positives", ylabel="true positives", xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
        axes.legend(frameon=False, fontsize=8.5, labelcolor=ink.text, loc="lower right")

    told = ", ".join(f"{inert(label)} {area:.2f}" for label, area in zip(labels, areas, strict=True))
    return in_both_themes(draw, (3.9, 3.7), f"ROC curves, one class against the rest. Areas: {told}.")
