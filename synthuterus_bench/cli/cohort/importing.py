"""``synthbench cohort import``: from scans, tables of scans and data sets."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli.cohort import cohort
from synthuterus_bench.cli.output import out

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.imports.verdict import Verdict


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

    Example: synthbench cohort import /data/UMD --figo figo.csv --out umd

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
    from synthuterus_bench.cohorts.imports.bids import Labels, read_labels
    from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
    from synthuterus_bench.cohorts.imports.umd import read_figo
    from synthuterus_bench.cohorts.imports.verdict import tally
    from synthuterus_bench.cohorts.summary import summarise
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
