"""``synthbench cohort``: draw, import and show cohorts."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import PresetName, View

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.record import Dims
    from synthuterus_bench.cohorts.verdict import Verdict

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
    src: Annotated[
        str,
        typer.Argument(
            help="Folder or file of DICOM, NIfTI or BIDS scans; a CSV or TSV of them; a folder that datasets reads; "
            "or hf:ORG/NAME@REVISION.",
            show_default=False,
        ),
    ],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the cohort.", show_default=False)],
    source: Annotated[
        str | None,
        typer.Option(
            help="Plain name of the data set of every row; default: umd for UMD, a cohort's own, else import."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV with a column id (path, file name, subject) and orientation, patient, figo, split, ..."),
    ] = None,
    figo: Annotated[Path | None, typer.Option(help="UMD: CSV with id (003 or UMD_221129_003) and figo.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first file that is refused.")] = False,
) -> None:
    """Import sagittal T2 scans, scrubbed: images and a few facts pass, everything else in the headers stays behind.

    Example: synthbench cohort import /data/scans --out imported --source our-hospital

    Example: synthbench cohort import /data/bids --labels figo.csv --out imported

    Example: synthbench cohort import scans.csv --out imported

    Example: synthbench cohort import a-cohort-or-release --out copy

    Example: synthbench cohort import hf:ORG/NAME@0123456789abcdef0123456789abcdef01234567 --out copy

    Each file, series or row that is no such scan is refused in one line, and the rest goes on; the last line counts
    refusals by reason. Oblique scans are resampled to straight axes. Voxels that came before are refused.

    A patient is a BIDS subject, a DICOM PatientID, or else a folder; --labels can say otherwise. The salt of the
    patient names is kept in the private file DIR.salt beside the cohort: do not publish it.

    A table of scans has a column path (relative to the table), and any of mask, patient, session, orientation, figo,
    split, field_strength, sequence, vendor, contrast.
    """
    from synthuterus_bench.cohorts.bids import Labels, read_labels
    from synthuterus_bench.cohorts.importing import ImportOptions, import_folder
    from synthuterus_bench.cohorts.summary import summarise
    from synthuterus_bench.cohorts.umd import read_figo
    from synthuterus_bench.cohorts.verdict import tally
    from synthuterus_bench.errors import DataError

    table = read_labels(labels) if labels else Labels()
    options = ImportOptions(source, replace(table, figo=read_figo(figo)) if figo else table, strict)
    verdicts: list[Verdict] = []
    try:
        made = import_folder(src, out_, options, verdicts.append, out.track)
    except DataError:
        _tell(verdicts)
        if len(verdicts) > 1:
            out.warn(f"imported nothing, {tally(verdicts).as_text()}")
        raise
    _tell(verdicts)
    refused = sorted(verdict.reason for verdict in verdicts if verdict.reason is not None)
    summary, counts = summarise(made), tally(verdicts)
    out.result(
        summary.as_json() | {"refused": refused} | counts.as_json(),
        f"{out_}: imported {len(made)} scans of {summary.patients or 'no'} patients, {counts.as_text()}",
    )


def _tell(verdicts: "list[Verdict]") -> None:
    for verdict in sorted(verdicts, key=lambda verdict: verdict.name):
        if verdict.reason is not None:
            out.warn(f"refused {verdict.reason}")
        elif verdict.scan_id is None:
            out.say(f"imported {verdict.name}: {verdict.scans} scans")
        else:
            out.say(f"imported {verdict.name} as {verdict.scan_id}")
        for warning in verdict.warnings:
            out.warn(warning)


@cohort.command()
def umd(
    download: Annotated[Path, typer.Option("--download", help="Folder for UMD.zip (4.8 GB).", show_default=False)],
    extract: Annotated[bool, typer.Option("--extract", help="Unpack it there too; goes on where it stopped.")] = False,
) -> None:
    """Fetch UMD, the Uterine Myoma MRI Dataset (figshare 23541312 v3, CC BY 4.0): 300 cases with masks.

    Example: synthbench cohort umd --download /data/umd --extract

    A broken download goes on where it broke, in the same run or the next. Size and MD5 are checked before the file
    gets its name; a UMD.zip that you put there yourself is checked as well.
    """
    from synthuterus_bench.cohorts import figshare, unzip

    known = figshare.UMD
    archive = figshare.download(known, download, out.track)
    result = {"archive": str(archive), "md5": known.md5, "bytes": known.size, "licence": known.licence}
    told = f"{archive}: {known.size} bytes, MD5 as published, {known.licence} ({known.page})"
    if not extract:
        out.result(result, f"{told}\nnext: synthbench cohort umd --download {download} --extract")
        return
    folder = archive.with_suffix("")
    files = unzip.extract(archive, folder, out.track)
    out.result(
        result | {"files": files, "folder": str(folder)},
        f"{told}\n{folder}: {files} files unpacked\nnext: synthbench cohort import {folder} --out umd",
    )


@cohort.command()
def show(
    folder: Annotated[Path, typer.Argument(help="A cohort or release; with --phi any file or folder.")],
    sheet: Annotated[Path | None, typer.Option(help="Write the middle slices as a PNG contact sheet.")] = None,
    phi: Annotated[bool, typer.Option("--phi", help="List what the files still carry of people and places.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="With --phi: exit with 1 if anything is found.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With --phi: show values in clear, with files.")] = False,
) -> None:
    """Show what a cohort holds: splits, and scans by orientation and field strength.

    Example: synthbench cohort show cohort --sheet cohort.png

    --phi looks into every file of a source, cohort or release instead: headers of NIfTI and gzip, sidecars, PNG
    chunks, DICOM after PS3.15 Annex E, Parquet. Values are shown by their shape alone (letters x, digits 9).

    Example: synthbench cohort show /data/scans --phi --strict
    """
    if phi:
        _show_phi(folder, strict, reveal)
        return
    if strict or reveal:
        raise UsageError("--strict and --reveal: found without --phi, expected with it")
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


def _show_phi(path: Path, strict: bool, reveal: bool) -> None:
    from synthuterus_bench.cohorts.phi.report import as_json, as_text
    from synthuterus_bench.cohorts.phi.scan import scan_phi

    found = scan_phi(path, out.track)
    out.result(as_json(found, reveal), as_text(found, reveal))
    if strict and found:
        raise typer.Exit(1)
