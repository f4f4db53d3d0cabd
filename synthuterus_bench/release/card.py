"""The card of a release: filled from its rows and its audit log, nothing typed by hand."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.pipeline import TrainingRecord
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.resources import resource
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE


def write_card(folder: Path, cohort: Cohort, audit: list[dict[str, Any]], record: TrainingRecord) -> None:
    """Write ``README.md`` and ``LICENSE`` of a release.

    Args:
        audit: the records of the audit log, header first, footer last.
        record: what the generator was trained on.
    """
    template = Environment(undefined=StrictUndefined, trim_blocks=False, autoescape=False).from_string(
        resource("dataset_cards/synthuterus.md.j2").read_text()
    )
    text = template.render(
        view=cohort.manifest.view.value,
        rows=len(cohort),
        side=VIEW_SIZE[cohort.manifest.view],
        size="n<1K" if len(cohort) < 1000 else "1K<n<10K" if len(cohort) < 10_000 else "10K<n<100K",
        header=audit[0],
        footer=audit[-1],
        classes=[one.value for one in CLASSES],
        composition=composition(cohort),
        training=record.cohort,
        phantom=record.preset is not None,
    )
    write_atomic(folder / "README.md", text)
    write_atomic(folder / "LICENSE", resource("dataset_cards/LICENSE-data.txt").read_text())


def composition(cohort: Cohort) -> list[tuple[float, list[int]]]:
    """Counts by field strength (rows) and class (columns)."""
    counts: dict[float, list[int]] = {}
    for scan in cohort.scans():
        row = counts.setdefault(round(float(scan.field_strength or 0), 2), [0] * len(CLASSES))
        row[CLASSES.index(scan.orientation)] += 1
    return sorted(counts.items())
