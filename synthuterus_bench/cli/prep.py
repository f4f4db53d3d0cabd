"""``synthbench prep``: from imported scans to the common grid, view and intensity window."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Otherwise, SliceChoice, View


class Views(StrEnum):
    """What to make of a scan."""

    ROI = "roi"
    FULL = "full"
    BOTH = "both"


@app.command()
def prep(
    cohort: Annotated[Path, typer.Argument(help="An imported cohort.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the prepared cohort.", show_default=False)],
    view: Annotated[
        Views,
        typer.Option(help="roi: 128 x 128 mm around the uterus. full: 256 x 256 mm. both: DIR/roi and DIR/full."),
    ] = Views.ROI,
    slices: Annotated[SliceChoice, typer.Option(help="Slices that become images.")] = SliceChoice.CENTRAL3,
    dims: Annotated[int, typer.Option(help="2: images. 3: volumes of 24 slices at 4 mm, whatever --slices says.")] = 2,
    n4: Annotated[bool, typer.Option("--n4/--no-n4", help="Correct the bias field.")] = True,
    roi: Annotated[
        Otherwise,
        typer.Option(help="Where scans without a mask have it: as a localiser finds, or in the middle."),
    ] = Otherwise.LOCALISER,
    localiser: Annotated[
        Path | None, typer.Option(help="Folder of a trained localiser.", show_default="the shipped one")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with before and after of the first 12 scans.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Correct the bias field, resample to 1 mm, crop to the view, and store z-scores in the fixed 16-bit window.

    Example: synthbench prep imported --view both --out cohort --report prep.html

    The region of interest lies around the uterus of the mask; without a mask, around what the localiser finds. A
    killed run goes on where it was when started again. Nothing is overwritten: give a new --out.
    """
    from functools import partial

    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.prep.pipeline import PrepOptions
    from synthuterus_bench.prep.roi import localising
    from synthuterus_bench.prep.run import prepare_cohort
    from synthuterus_bench.workers import available_cores

    if dims not in (2, 3):
        raise UsageError(f"--dims {dims}: expected 2 or 3")
    views = tuple(View) if view is Views.BOTH else (View(view),)
    options = PrepOptions(views, cast(Literal[2, 3], dims), slices, n4, roi)
    made = prepare_cohort(
        load_cohort(cohort),
        out_,
        options,
        workers=workers or available_cores(),
        locate=partial(localising, localiser),
        report=report,
        tell=out.warn,
        track=out.track,
    )
    places = ", ".join(f"{count} by {source}" for source, count in made.sources.items() if count)
    rows = "images" if dims == 2 else "volumes"
    lines = [
        f"{out_ / name if view is Views.BOTH else out_}: {len(one)} {rows}, view {name}, digest {one.manifest.digest}"
        for name, one in made.cohorts.items()
    ]
    documents = {str(name): one.manifest.model_dump(mode="json") for name, one in made.cohorts.items()}
    summary = documents if view is Views.BOTH else documents[view]
    out.result(summary, "\n".join([*lines, f"uterus located: {places}"]))
