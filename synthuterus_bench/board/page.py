"""The files of one entry on the site: its page, the entry itself, and its results for the Hub."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.table import columns, placed, table_of
from synthuterus_bench.board.badges import Badge
from synthuterus_bench.board.commands import command_of
from synthuterus_bench.board.exports import eval_results, model_index
from synthuterus_bench.board.forest import forests
from synthuterus_bench.board.levels import Outcome
from synthuterus_bench.board.rank import Listed, Standing
from synthuterus_bench.look import render

TEMPLATES = Path(__file__).parent / "pages" / "entry"


@dataclass(frozen=True)
class Page:
    """What the files of one entry hold: its canonical JSON as submitted, and what its page shows beside it.

    ``newer`` is the id of the entry that supersedes it.
    """

    listed: Listed
    text: str
    badge: Badge
    standing: Standing | None
    newer: str | None


def files_of(page: Page, dataset: str) -> Iterator[tuple[str, str]]:
    """Every file as what stands behind the entry's id in its name, and its text.

    Args:
        dataset: the benchmark on the Hub that results name.
    """
    entry = page.listed.entry
    found = columns(entry.results)
    places = placed(entry.results, found)
    yield ".json", page.text + "\n"
    yield ".eval-results.yaml", eval_results(entry, page.listed.id, dataset)
    yield ".model-index.yaml", model_index(entry, dataset)
    yield (
        ".html",
        render(
            "entry.html.j2",
            TEMPLATES,
            entry=entry,
            id=page.listed.id,
            badge=page.badge,
            Outcome=Outcome,
            standing=page.standing,
            newer=page.newer,
            table=table_of(entry, found, places),
            plots=forests(found, places),
            command=command_of(entry),
            fields=[*_fields(entry.model_dump(mode="json", by_alias=True, exclude={"results"}))],
        ),
    )


def _fields(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every field as (dotted name, text); empty ones are left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _fields(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        if value:
            yield place, ", ".join(map(str, value))
    elif value is not None:
        yield place, str(value)
