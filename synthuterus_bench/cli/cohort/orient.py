"""``synthbench cohort orient``: orientations from masks."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli.cohort import cohort
from synthuterus_bench.cli.output import out


@cohort.command()
def orient(
    folder: Annotated[Path, typer.Argument(metavar="COHORT", help="A cohort with masks.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the cohort.", show_default=False)],
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw axes and angles on the scans: x.png for a sheet of the first 12, or a new folder."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave rows alone that have an orientation already.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Measure version and flexion on the masks and fill in orientation, angles and confidence.

    Example: synthbench cohort orient imported --out oriented --plot axes.png

    Version is measured against the vagina where it is labelled, else against the body's vertical and an assumed tilt
    of the vagina of 30 degrees; column angle_basis says which. Between the cuts (version -5 to +10, a bend of less
    than 30) the orientation is ambiguous. Images of one session share what the one with most of the cavity shows.
    """
    from synthuterus_bench.cohorts.position.orienting import orient_cohort
    from synthuterus_bench.cohorts.position.overlay import check_path, write_overlays
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.workers import available_cores

    if plot is not None:
        check_path(plot)
    made = orient_cohort(
        load_cohort(folder), out_, keep=keep, workers=workers or available_cores(), tell=out.warn, track=out.track
    )
    if plot is not None:
        drawn = write_overlays(made.cohort, made.found.values(), plot)
        out.say(f"{plot}: {drawn} overlays")
    out.result(
        made.cohort.manifest.model_dump(mode="json") | made.as_json(),
        f"{out_}: {len(made.cohort)} scans, {made.as_text()}",
    )
