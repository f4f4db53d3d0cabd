"""``synthbench cohort``: draw, import and show cohorts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import PresetName, View

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.importing import Verdict
    from synthuterus_bench.cohorts.record import Dims

cohort = typer.Typer(help="Draw, import and show cohorts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cohort, name="cohort")


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


@cohort.command("import")
def import_(
    src: Annotated[Path, typer.Argument(help="Folder (or file) of DICOM series and NIfTI files.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the cohort.", show_default=False)],
    source: Annotated[str, typer.Option(help="Plain name of the data set; it goes into every row.")] = "import",
    labels: Annotated[
        Path | None, typer.Option(help="CSV with a column id (path, file name, subject) and orientation, patient.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first file that is refused.")] = False,
) -> None:
    """Import sagittal T2 scans, scrubbed: images and a few facts pass, everything else in the headers stays behind.

    Example: synthbench cohort import /data/scans --out imported --source our-hospital

    Each file or series that is no such scan is refused in one line, and the rest goes on. A patient is a BIDS
    subject, a DICOM PatientID, or else a folder; --labels can say otherwise. The salt of the patient names is kept
    in the private file DIR.salt beside the cohort: do not publish it.
    """
    from synthuterus_bench.cohorts.bids import Labels, read_labels
    from synthuterus_bench.cohorts.importing import ImportOptions, import_folder
    from synthuterus_bench.cohorts.summary import summarise

    options = ImportOptions(source, read_labels(labels) if labels else Labels(), strict)
    verdicts: list[Verdict] = []
    try:
        made = import_folder(src, out_, options, verdicts.append, out.track)
    finally:
        _tell(verdicts)
    refused = sorted(verdict.reason for verdict in verdicts if verdict.reason is not None)
    summary = summarise(made)
    out.result(
        summary.as_json() | {"refused": refused},
        f"{out_}: imported {len(made)} scans of {summary.patients} patients, refused {len(refused)}",
    )


def _tell(verdicts: "list[Verdict]") -> None:
    for verdict in sorted(verdicts, key=lambda verdict: verdict.name):
        if verdict.reason is None:
            out.say(f"imported {verdict.name} as {verdict.scan_id}")
        else:
            out.warn(f"refused {verdict.reason}")
        for warning in verdict.warnings:
            out.warn(warning)


@cohort.command()
def show(
    folder: Annotated[Path, typer.Argument(help="A cohort or release.", show_default=False)],
    sheet: Annotated[Path | None, typer.Option(help="Write the middle slices as a PNG contact sheet.")] = None,
) -> None:
    """Show what a cohort holds: splits, and scans by orientation and field strength.

    Example: synthbench cohort show cohort --sheet cohort.png
    """
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.cohorts.summary import summarise

    loaded = load_cohort(folder)
    summary = summarise(loaded)
    if sheet is not None:
        from synthuterus_bench.cohorts.imagefile import encode_png
        from synthuterus_bench.cohorts.sheet import cohort_sheet
        from synthuterus_bench.repro import write_atomic

        write_atomic(sheet, encode_png(cohort_sheet(loaded)))
    out.result(summary.as_json(), summary.as_text())
