"""The report of a preparation: one page with before and after, the fields, where regions came from, and the steps."""

from collections import Counter
from pathlib import Path
from statistics import median

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.look import render as render_page
from synthuterus_bench.prep.look import FIELD_RANGE, HISTOGRAM_END
from synthuterus_bench.prep.pipeline import Pipeline
from synthuterus_bench.prep.roi import Source
from synthuterus_bench.prep.steps import facts_of
from synthuterus_bench.prep.work import Outcome
from synthuterus_bench.repro import write_atomic

PAGES = Path(__file__).parent / "pages"


def write_report(path: Path, source: Manifest, pipeline: Pipeline, outcomes: list[Outcome]) -> None:
    """Write the page: a single file that asks nothing of a network.

    Args:
        source: of the cohort that was prepared.
        outcomes: of all its scans; those with a look are shown.
    """
    write_atomic(path, render(source, pipeline, outcomes))


def render(source: Manifest, pipeline: Pipeline, outcomes: list[Outcome]) -> str:
    """The page as text; pictures and curves, which this package drew, are printed whole as they are."""
    from markupsafe import Markup

    spreads = [outcome.field_sd for outcome in outcomes if outcome.field_sd is not None]
    found = Counter(outcome.source for outcome in outcomes)
    return render_page(
        "prep.html.j2",
        PAGES,
        source=source,
        views={view: pipeline.digest(view) for view in pipeline.views},
        steps=[(step.name, facts_of(step)) for step in pipeline.shared],
        last_steps={view: [(step.name, facts_of(step)) for step in own] for view, own in pipeline.views.items()},
        scans=len(outcomes),
        sources={name: found[name] for name in Source},
        shown=[outcome for outcome in outcomes if outcome.look],
        spreads=(min(spreads), median(spreads), max(spreads)) if spreads else None,
        factor=round(2.718281828459045**FIELD_RANGE, 2),
        histogram_end=f"{HISTOGRAM_END:g}",
        curve=lambda heights: Markup(curve(heights)),
        address=lambda png: Markup(f"data:image/png;base64,{png}"),
    )


def curve(heights: list[float], width: int = 240, height: int = 60) -> str:
    """Points of an SVG polyline over the middles of a histogram's bins, 0 at the bottom."""
    step = width / len(heights)
    return " ".join(f"{(k + 0.5) * step:.1f},{height * (1 - share):.1f}" for k, share in enumerate(heights))
