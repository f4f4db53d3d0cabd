"""``synthbench cohort umd``: fetch a public data set."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli.cohort import cohort
from synthuterus_bench.cli.output import out


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
    from synthuterus_bench.cohorts.imports import figshare, unzip

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
