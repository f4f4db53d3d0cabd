"""``synthbench evaluate --controls``: the benchmark on trial, as a table, a record and Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING

from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.bench.controls.record import ControlReport


def run_trial(
    suite: str,
    reference: str,
    record: Path,
    report: Path | None,
    weights_dir: Path | None,
    features_cache: Path | None,
    workers: int | None,
    device: str,
) -> None:
    """Evaluate every control, write the record and the Markdown table, show the table.

    Raises:
        UsageError: ``record`` is no JSON file or ``report`` no Markdown file.
    """
    from synthuterus_bench.bench.controls.run import run_controls
    from synthuterus_bench.bench.controls.table import markdown
    from synthuterus_bench.metrics.store import CacheWarning
    from synthuterus_bench.repro import check_place, write_atomic
    from synthuterus_bench.workers import available_cores

    for path, kind in ((record, ".json"), (report, ".md")):
        if path is not None and (path.is_dir() or path.suffix != kind):
            raise UsageError(f"{path}: expected the name of a {kind} file to write")
        if path is not None:
            check_place(path)
    with out.telling(CacheWarning):
        found = run_controls(
            suite,
            reference,
            weights_dir=weights_dir,
            features_cache=features_cache,
            workers=workers or available_cores(),
            device=device,
            track=out.track,
        )
    found.save(record)
    if report is not None:
        write_atomic(report, markdown(found))
    files = {"path": str(record)} | ({"report": str(report)} if report else {})
    wrote = " and ".join(files.values())
    out.result(found.model_dump(mode="json", by_alias=True) | files, f"{human(found)}\nwrote {wrote}")


def human(found: "ControlReport") -> str:
    """The table, what each control is, and which bounds fail."""
    from synthuterus_bench.bench.controls.table import LEGEND, summary

    lines = [f"suite {found.suite}, reference {found.reference}, {found.images} images of each control"]
    lines += [f"{name}: {what}" for name, what in found.controls.items()]
    return "\n".join([*lines, _table(found), LEGEND, summary(found)])


def _table(found: "ControlReport") -> str:
    from rich.table import Table

    from synthuterus_bench.bench.controls.table import parts, rows

    table = Table("metric", *found.controls, title="value (what is allowed)", title_justify="left", show_lines=True)
    for title, cells in rows(found):
        told = [(value, f"({bound})" if bound else "") for value, bound in map(parts, cells)]
        table.add_row(title, *["\n".join(filter(None, pair)) for pair in told])
    return as_text(table, 160)
