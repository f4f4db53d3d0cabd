"""``synthbench prep``: from imported scans to the common grid, view and intensity window."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import View


class Slices(StrEnum):
    """Which slices of a volume become images."""

    ALL = "all"
    CENTRAL3 = "central3"
    MID = "mid"


@app.command()
def prep(
    cohort: Annotated[Path, typer.Argument(help="An imported cohort.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the prepared cohort.", show_default=False)],
    view: Annotated[
        View, typer.Option(help="The uterus (128 x 128 mm) or the whole pelvis (256 x 256 mm).")
    ] = View.ROI,
    slices: Annotated[Slices, typer.Option(help="Slices that become images.")] = Slices.CENTRAL3,
    dims: Annotated[int, typer.Option(help="2: images. 3: volumes of 24 slices at 4 mm, whatever --slices says.")] = 2,
) -> None:
    """Resample to 1 mm, crop to the view, and bring every scan to z-scores in the fixed 16-bit window.

    Example: synthbench prep imported --view roi --out cohort

    Without a mask the region of interest is the middle of the scan. Nothing is overwritten: give a new --out.
    """
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.prep.pipeline import PrepOptions, SliceChoice, prepare_cohort

    if dims not in (2, 3):
        raise UsageError(f"--dims {dims}: expected 2 or 3")
    options = PrepOptions(view, cast(Literal[2, 3], dims), SliceChoice(slices))
    made = prepare_cohort(load_cohort(cohort), out_, options, out.warn, out.track)
    rows = f"{len(made)} {'images' if dims == 2 else 'volumes'}"
    out.result(made.manifest.model_dump(mode="json"), f"{out_}: {rows}, view {view}, digest {made.manifest.digest}")
