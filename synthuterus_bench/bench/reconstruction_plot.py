"""The left half of Fig. 3 of Mueller et al. 2025: distances of reconstructions as bars with intervals."""

import io
from typing import TYPE_CHECKING

from synthuterus_bench.bench.reconstruction_record import (
    BICUBIC,
    DIRECTIONS,
    Reconstruction,
    ReconstructionReport,
    Value,
)
from synthuterus_bench.look.plots import LIGHT
from synthuterus_bench.vocab import SliceChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REGIONS = {SliceChoice.ALL: ("full volume", ""), SliceChoice.CENTRAL3: ("central slices", "////")}
TITLES = {
    "lpips": "LPIPS (AlexNet)",
    "embedder-distance": "embedder distance (no LPIPS)",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
}
WIDTH = 0.38


def draw_reconstructions(report: ReconstructionReport) -> bytes:
    """A PNG: one panel a metric that has values, a pair of bars an autoencoder and one for ``bicubic``.

    ``other-patient`` stays in the table: its bars would flatten all others.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    known = {value.metric for one in report.reconstructions for value in one.values if value.status == "ok"}
    metrics = [metric for metric in DIRECTIONS if metric in known]
    page = Figure(figsize=(1.2 + 3.4 * len(metrics), 4.2), layout="constrained", dpi=120)
    FigureCanvasAgg(page)
    for axes, metric in zip(page.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        _panel(axes, metric, [one for one in report.reconstructions if one.digest or one.name == BICUBIC])
    page.axes[0].legend(frameon=False, fontsize=9)
    page.suptitle(f"Reconstruction of {report.cohort} ({report.view} view, {report.split} split)", fontsize=11)
    buffer = io.BytesIO()
    page.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _panel(axes: "Axes", metric: str, found: list[Reconstruction]) -> None:
    for offset, (region, (words, hatch)) in zip((-WIDTH / 2, WIDTH / 2), REGIONS.items(), strict=True):
        values = [_find(one, metric, region) for one in found]
        places = [place + offset for place in range(len(found))]
        heights = [value.value or 0.0 for value in values]
        colours = [LIGHT.series[0] if one.digest else LIGHT.series[2] for one in found]
        axes.bar(places, heights, WIDTH, color=colours, hatch=hatch, edgecolor="white", linewidth=0.5, label=words)
        for place, value in zip(places, values, strict=True):
            if value.ci is not None:
                axes.vlines(place, value.ci.low, value.ci.high, color=LIGHT.text, linewidth=1.4)
    axes.set_xticks(range(len(found)), [one.name for one in found], rotation=25, ha="right", fontsize=8.5)
    better = "lower" if DIRECTIONS[metric] == "lower" else "higher"
    axes.set_title(f"{TITLES[metric]}\n({better} is better)", fontsize=9.5, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=LIGHT.line, linewidth=0.7)
    axes.set_axisbelow(True)


def _find(one: Reconstruction, metric: str, region: SliceChoice) -> Value:
    return next(value for value in one.values if (value.metric, value.region) == (metric, region))
