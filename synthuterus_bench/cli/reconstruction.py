"""``synthbench evaluate --reconstruction``: what autoencoders give back, as a table, a record and a plot."""

from pathlib import Path
from typing import TYPE_CHECKING

from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import SliceChoice, Split

if TYPE_CHECKING:
    from synthuterus_bench.bench.reconstruction_record import ReconstructionReport, Value

WORDS = {SliceChoice.ALL: "full volume", SliceChoice.CENTRAL3: "central slices"}
ARROWS = {"lower": "↓", "higher": "↑"}


def reconstruct(
    checkpoints: list[Path],
    cohort: Path,
    split: Split,
    record: Path,
    plot: Path | None,
    weights_dir: Path | None,
    device: str,
) -> None:
    """Measure, write the record and the plot, show the table.

    Raises:
        UsageError: ``record`` or ``plot`` is a folder, or ``plot`` no PNG.
    """
    from synthuterus_bench.bench.reconstruction import evaluate_reconstruction
    from synthuterus_bench.bench.reconstruction_plot import draw_reconstructions
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.repro import check_place, write_atomic

    for path, kind in ((record, ".json"), (plot, ".png")):
        if path is not None and (path.is_dir() or path.suffix != kind):
            raise UsageError(f"{path}: expected the name of a {kind} file to write")
        if path is not None:
            check_place(path)
    found = evaluate_reconstruction(
        checkpoints, load_cohort(cohort), split, weights_dir=weights_dir, device=device, track=out.track
    )
    found.save(record)
    if plot is not None:
        write_atomic(plot, draw_reconstructions(found))
    files = {"path": str(record)} | ({"plot": str(plot)} if plot else {})
    wrote = " and ".join(files.values())
    out.result(found.model_dump(mode="json", by_alias=True) | files, f"{human(found)}\nwrote {wrote}")


def human(found: "ReconstructionReport") -> str:
    """The table, with why values are missing and what is unusual about an autoencoder."""
    lines = [f"{found.cohort} ({found.view}, {found.dims}D), split {found.split}", _table(found)]
    reasons = {value.metric: value.reason for one in found.reconstructions for value in one.values if value.reason}
    lines += [f"{metric} unavailable: {reason}" for metric, reason in reasons.items()]
    for one in found.reconstructions:
        if one.trained and one.trained.view is not found.view:
            lines.append(f"{one.name}: trained on the {one.trained.view} view, given {found.view} pictures as they are")
        if one.seen:
            lines.append(f"{one.name}: was trained on these pictures")
    return "\n".join(lines)


def _table(found: "ReconstructionReport") -> str:
    from rich.table import Table

    shown = {(value.metric, value.direction) for one in found.reconstructions for value in one.values}
    order = [value.metric for value in found.reconstructions[0].values]
    columns = sorted(shown, key=lambda column: order.index(column[0]))
    titles = [f"{metric} {ARROWS[direction]}" for metric, direction in columns]
    table = Table("", "measured on", *titles, title="mean [95 %, patients drawn again]", title_justify="left")
    for one in found.reconstructions:
        for region, words in WORDS.items():
            values = {value.metric: value for value in one.values if value.region is region}
            pictures = next(iter(values.values())).pictures
            table.add_row(one.name, f"{words} ({pictures:,})", *[_cell(values[metric]) for metric, _ in columns])
    return as_text(table)


def _cell(value: "Value") -> str:
    if value.value is None:
        return value.status
    interval = f"\n[{value.ci.low:.4g} to {value.ci.high:.4g}]" if value.ci else ""
    return f"{value.value:.4g}{interval}"
