"""The card of a release: filled from its rows and its audit log, nothing typed by hand."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.summary import summarise
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.trained import TrainingRecord
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.resources import resource
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Conditioning, Orientation

_TOLD = {
    Conditioning.UNCOND: "nothing",
    Conditioning.CLASS: "a class",
    Conditioning.TEXT: "a prompt",
    Conditioning.CT: "a class and a prompt",
}


def write_card(folder: Path, cohort: Cohort, audit: list[dict[str, Any]], record: TrainingRecord) -> None:
    """Write ``README.md`` and ``LICENSE`` of a release.

    Args:
        audit: the records of the audit log, header first, footer last.
        record: what the generator was trained on.
    """
    template = Environment(undefined=StrictUndefined, trim_blocks=False, autoescape=False).from_string(
        resource("dataset_cards/synthuterus.md.j2").read_text()
    )
    measured = audit[0]["classes"] == "measured"
    names = [*Orientation] if measured else [*CLASSES]
    text = template.render(
        view=cohort.manifest.view.value,
        dims=cohort.manifest.dims,
        rows=len(cohort),
        side=VIEW_SIZE[cohort.manifest.view],
        size="n<1K" if len(cohort) < 1000 else "1K<n<10K" if len(cohort) < 10_000 else "10K<n<100K",
        header=audit[0],
        footer=audit[-1],
        measured=measured,
        told=_TOLD[parse_id(record.model_id).conditioning],
        classes=[one.value for one in names],
        composition=composition(cohort, names),
        training=record.cohort,
        phantom=record.preset is not None,
    )
    write_atomic(folder / "README.md", text)
    write_atomic(folder / "LICENSE", resource("dataset_cards/LICENSE-data.txt").read_text())


def composition(cohort: Cohort, names: list[Orientation]) -> list[tuple[str, list[int]]]:
    """Counts by field strength (rows) and class (columns, ``names``)."""
    counts = summarise(cohort).counts
    fields = sorted({field for _, field in counts})
    return [(f"{field:g} T" if field else "not told", [counts[name, field] for name in names]) for field in fields]
