"""``synthbench cohort show``: what a cohort holds, and what files still carry of people."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli.cohort import cohort
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError


@cohort.command()
def show(
    folder: Annotated[Path, typer.Argument(help="A cohort or release; with --phi any file or folder.")],
    sheet: Annotated[Path | None, typer.Option(help="Write the middle slices as a PNG contact sheet.")] = None,
    phi: Annotated[bool, typer.Option("--phi", help="List what the files still carry of people and places.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="With --phi: exit with 1 if anything is found.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With --phi: show values in clear, with files.")] = False,
) -> None:
    """Show what a cohort holds: splits, and scans by orientation and field strength; of a release its default config.

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
    from synthuterus_bench.cohorts.layout import configs_in
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.cohorts.summary import summarise

    loaded = load_cohort(folder)
    summary = summarise(loaded)
    if sheet is not None:
        from synthuterus_bench.cohorts.imagefile import encode_png
        from synthuterus_bench.cohorts.sheet import cohort_sheet
        from synthuterus_bench.repro import write_atomic

        write_atomic(sheet, encode_png(cohort_sheet(loaded)))
    configs = [str(config) for config in configs_in(folder)]
    others = [f"also here: {folder / config}" for config in configs[1:]]
    out.result(summary.as_json() | ({"configs": configs} if configs else {}), "\n".join([summary.as_text(), *others]))


def _show_phi(path: Path, strict: bool, reveal: bool) -> None:
    from synthuterus_bench.cohorts.phi.report import as_json, as_text
    from synthuterus_bench.cohorts.phi.scan import scan_phi

    found = scan_phi(path, out.track)
    out.result(as_json(found, reveal), as_text(found, reveal))
    if strict and found:
        raise typer.Exit(1)
