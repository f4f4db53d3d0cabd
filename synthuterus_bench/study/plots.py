"""Figures of a scored study: accuracy by group beside what a paper reports, and ROC curves."""

from typing import TYPE_CHECKING, Any

from synthuterus_bench.bench.plots import Dot, metric_dots
from synthuterus_bench.look.plots import Figure, Ink, in_both_themes
from synthuterus_bench.study.exact import CHANCE
from synthuterus_bench.study.record import GroupScore, Score
from synthuterus_bench.study.words import group_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


def accuracy_figure(score: Score) -> Figure:
    """Accuracy of each group with its interval, the band of chance, and reported accuracies below."""
    band = CHANCE - score.margin, CHANCE + score.margin
    dots = [
        Dot(group_name(one.group), one.accuracy_mean.value, one.accuracy_mean.interval, band)
        for one in groups_shown(score)
    ]
    dots += [Dot(f"{group_name(one.group)}, reported", one.value, None, band) for one in score.reported]
    return metric_dots("Accuracy; band: chance", dots)


def roc_figure(score: Score) -> Figure:
    """ROC curves of the pooled ratings of each group."""
    groups = groups_shown(score)

    def draw(axes: "Axes", ink: Ink) -> None:
        axes.plot([0, 1], [0, 1], color=ink.muted, linewidth=1)
        colours = (*ink.series, ink.alert, ink.text)
        for k, one in enumerate(groups):
            style: dict[str, Any] = {"color": colours[k], "linestyle": STYLES[k % len(STYLES)], "linewidth": 1.8}
            axes.plot(*zip(*one.roc, strict=True), marker="o", markersize=3.5, label=_label(one), **style)
        axes.set_aspect("equal")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="real called synthetic", ylabel="synthetic called synthetic")
        axes.legend(frameon=False, fontsize=8.5, labelcolor=ink.text, loc="lower right")

    return in_both_themes(draw, (4.4, 4.2), "ROC curves. " + "; ".join(_label(one) for one in groups))


def groups_shown(score: Score) -> tuple[GroupScore, ...]:
    """All readers together and by group; of a single group once."""
    return score.groups if len(score.groups) > 2 else score.groups[1:]


def _label(one: GroupScore) -> str:
    return f"{group_name(one.group)}, AUC {one.auc.value:.2f}"
