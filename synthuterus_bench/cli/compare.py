"""``synthbench compare``: two submissions on the same patients; which is better by each metric, or not separable."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.options import Device, DeviceOption, FeaturesCache, PublishedWeights, SuiteName, Workers
from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.bench.comparison.record import Comparison

ENTRY = ".json"


@app.command()
def compare(
    first: Annotated[
        Path,
        typer.Argument(help="A submission, as `synthbench evaluate` takes it; or an entry.", show_default=False),
    ],
    second: Annotated[
        Path, typer.Argument(help="Another one; of two entries only intervals are compared.", show_default=False)
    ],
    suite: Annotated[SuiteName, typer.Option(help="Frozen protocol to compare by.")] = SuiteName.ROI,
    reference: Annotated[
        str, typer.Option(help="phantom, or a prepared cohort folder with train and test.")
    ] = "phantom",
    out_: Annotated[
        Path | None, typer.Option("--out", help="Also write the comparison, a JSON file.", show_default="no file")
    ] = None,
    names: Annotated[
        tuple[str, str] | None,
        typer.Option("--names", help="What to call both.", show_default="what releases say, else the folders"),
    ] = None,
    downstream: Annotated[bool, typer.Option(help="Also learn from both, by every regime of the suite.")] = True,
    exchanges: Annotated[
        int | None,
        typer.Option(
            min=99,
            help="Exchanges of images, and of answers, for each p-value.",
            show_default="100 for each test of a family, so that corrected p-values go down to 0.01",
        ),
    ] = None,
    weights_dir: PublishedWeights = None,
    features_cache: FeaturesCache = None,
    workers: Workers = None,
    device: DeviceOption = Device.CPU,
) -> None:
    """Say which of two submissions is better by each metric and class, or that they are not separable.

    Both are measured on the same held-out patients with as many images of each class; images, and the answers of what
    learns from them, are exchanged between the two to see what chance gives. P-values are corrected by Holm.

    Example: synthbench compare my_images/ other_images/ --suite demo

    Example: synthbench compare my_entry.json other_entry.json
    """
    from synthuterus_bench.repro import check_place

    if out_ is not None:
        if out_.is_dir():
            raise UsageError(f"--out {out_}: found a folder, expected the name of a JSON file to write")
        check_place(out_)
    entries = [path.suffix == ENTRY for path in (first, second)]
    if any(entries) and not all(entries):
        raise UsageError("found a folder and an entry, expected two folders of images or two entries")
    if all(entries):
        found = _of_entries(first, second)
    else:
        found = _of_images(
            first, second, suite, reference, names, downstream, exchanges, weights_dir, features_cache, workers, device
        )
    if out_ is not None:
        found.save(out_)
    wrote = f"\nwrote {out_}" if out_ else ""
    out.result(found.model_dump(mode="json", by_alias=True), human(found) + wrote)


def _of_entries(first: Path, second: Path) -> "Comparison":
    from synthuterus_bench.bench.comparison.entries import compare_entries
    from synthuterus_bench.entry import load_entry

    return compare_entries(load_entry(first), load_entry(second))


def _of_images(
    first: Path,
    second: Path,
    suite: SuiteName,
    reference: str,
    names: tuple[str, str] | None,
    downstream: bool,
    exchanges: int | None,
    weights_dir: Path | None,
    features_cache: Path | None,
    workers: int | None,
    device: Device,
) -> "Comparison":
    from synthuterus_bench.bench.comparison.run import compare as run
    from synthuterus_bench.metrics.store import CacheWarning
    from synthuterus_bench.workers import available_cores

    with out.telling(CacheWarning):
        return run(
            first,
            second,
            suite.value,
            reference,
            names=names or (None, None),
            downstream=downstream,
            exchanges=exchanges,
            weights_dir=weights_dir,
            features_cache=features_cache,
            workers=workers or available_cores(),
            device=device.value,
            track=out.track,
        )


def human(found: "Comparison") -> str:
    """The table, and below it what was corrected together and why rows are missing."""
    from synthuterus_bench.bench.comparison.words import families, missing, verdicts

    how = "paired on the same held-out patients" if found.paired else "unpaired, from intervals"
    head = f"A = {found.first.name}, B = {found.second.name}; suite {found.suite} v{found.version}"
    lines = [f"{head}, reference {found.reference}, {how}", _table(found), families(found)]
    return "\n".join([*lines, *missing(found), *found.notes, verdicts(found)])


def _table(found: "Comparison") -> str:
    from rich.table import Table

    from synthuterus_bench.bench.comparison.words import cells

    scopes, rows = cells(found)
    table = Table("metric", *scopes, title="verdict; A less B; its interval; corrected p", title_justify="left")
    for name, texts in rows:
        table.add_row(name, *texts)
    return as_text(table)
