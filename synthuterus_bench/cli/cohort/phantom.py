"""``synthbench cohort phantom``: draw one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from synthuterus_bench.cli.cohort import cohort
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import PresetName, View

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.record import Dims


@cohort.command()
def phantom(
    out_: Annotated[Path, typer.Option("--out", help="New folder for the cohort.", show_default=False)],
    preset: Annotated[
        PresetName | None, typer.Option(help="A whole frozen population instead of a sample of phantom-v1.")
    ] = None,
    scans: Annotated[
        int | None, typer.Option(help="Rows in all splits, four classes in equal parts.", show_default="400")
    ] = None,
    view: Annotated[View, typer.Option(help="roi: 128 x 128 around the uterus; full: 256 x 256.")] = View.ROI,
    dims: Annotated[int, typer.Option(help="2: images. 3: volumes of 24 slices at 4 mm.")] = 2,
    slices: Annotated[
        int | None, typer.Option(min=1, max=4, help="Central slices a patient that become images.", show_default="2")
    ] = None,
    lesions: Annotated[bool, typer.Option("--lesions", help="Let myomas and cysts grow.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Names the population; 0 is the frozen one of a preset.")] = 0,
    train: Annotated[
        float | None, typer.Option(min=0.1, max=0.8, help="Share of patients to train on.", show_default="0.6")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Draw a phantom cohort: patients from anatomy by MR signal equations, with masks and true angles.

    Example: synthbench cohort phantom --out cohort --scans 400 --view roi --seed 0

    Example: synthbench cohort phantom --out v1 --preset phantom-v1
    """
    from synthuterus_bench.cohorts.phantom.frozen import difference
    from synthuterus_bench.cohorts.phantom.population import draw_cohort, draw_preset
    from synthuterus_bench.workers import available_cores

    workers = workers or available_cores()
    dims_ = _dims(dims)
    if preset is None:
        made = draw_cohort(
            out_,
            scans=400 if scans is None else scans,
            view=view,
            dims=dims_,
            slices=slices or 2,
            lesions=lesions,
            seed=seed,
            train=train or 0.6,
            workers=workers,
            track=out.track,
        )
    else:
        if lesions or (scans, slices, train) != (None, None, None):
            raise UsageError("--preset decides everything but view, dims and seed; leave the other options out")
        made = draw_preset(out_, preset, view=view, dims=dims_, seed=seed, workers=workers, track=out.track)
        if problem := difference(made.manifest):
            out.warn(problem)
    sizes = ", ".join(f"{count} {split}" for split, count in made.manifest.splits.items())
    out.result({"cohort": str(out_), **made.manifest.model_dump(mode="json")}, f"{len(made)} scans in {out_}: {sizes}")


def _dims(number: int) -> "Dims":
    if number not in (2, 3):
        raise UsageError(f"--dims {number}: expected 2 or 3")
    return cast("Dims", number)
