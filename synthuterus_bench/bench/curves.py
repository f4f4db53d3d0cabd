"""Figures of a report that need more than counts: feature projection, similarity against the null, ROC curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.look.plots import Figure, Ink, in_both_themes
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


def projection_plots(found: Projection) -> dict[str, Figure]:
    """One figure a class, all on one scale: real images as rings, synthetic ones as crosses."""
    every = np.concatenate([*found.real.values(), *found.synthetic.values()])
    low, high = (every.min(0), every.max(0)) if len(every) else (np.zeros(2), np.ones(2))
    room = np.maximum(high - low, 1e-6) * 0.05
    return {
        name: _projection(found, name, number, (low - room, high + room)) for number, name in enumerate(found.synthetic)
    }


def _projection(found: Projection, name: str, number: int, ends: tuple[Points, Points]) -> Figure:
    real, points = found.real.get(name, np.empty((0, 2))), found.synthetic[name]

    def draw(axes: "Axes", ink: Ink) -> None:
        rings: dict[str, Any] = {"markersize": 4, "markerfacecolor": "none", "markeredgewidth": 0.8}
        if len(real):
            axes.plot(*real.T, "o", color=ink.muted, label=f"real ({len(real)})", **rings)
        told = f"synthetic ({len(points)})"
        axes.plot(*points.T, "x", color=ink.classes[number % 4], markersize=4.5, markeredgewidth=1.1, label=told)
        axes.set_xlabel(f"first direction ({found.explained[0]:.0%} of variance)")
        axes.set_ylabel(f"second direction ({found.explained[1]:.0%})")
        axes.set(xlim=(ends[0][0], ends[1][0]), ylim=(ends[0][1], ends[1][1]))
        axes.locator_params(nbins=5)
        axes.legend(frameon=False, fontsize=9, labelcolor=ink.text, loc="best", handletextpad=0.2)

    alt = f"Embedder features of {inert(name)} on two directions: {len(real)} real and {len(points)} synthetic images."
    return in_both_themes(draw, (3.9, 3.5), alt)


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
            axes.plot([0, *false_positives], [0, *curve], color=colour, linestyle=line, linewidth=1.7, label=told)
        axes.set(xlabel="false positives", ylabel="true positives", xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
        axes.legend(frameon=False, fontsize=8.5, labelcolor=ink.text, loc="lower right")

    told = ", ".join(f"{inert(label)} {area:.2f}" for label, area in zip(labels, areas, strict=True))
    return in_both_themes(draw, (3.9, 3.7), f"ROC curves, one class against the rest. Areas: {told}.")
