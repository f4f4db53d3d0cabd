"""The report of a scored study: one page and one JSON file."""

from pathlib import Path

from synthuterus_bench.look import render
from synthuterus_bench.repro import canonical_json, write_atomic
from synthuterus_bench.study.plots import accuracy_figure, groups_shown, roc_figure
from synthuterus_bench.study.record import Score
from synthuterus_bench.study.words import group_name

PAGES = Path(__file__).parent / "pages" / "score"


def write_score(score: Score, page: Path) -> Path:
    """Write the page and, beside it, the same as JSON; the JSON's path.

    The report tells which image is which: it is no page for readers who have yet to read.
    """
    record = page.with_suffix(".json")
    write_atomic(record, canonical_json(score.model_dump(mode="json", by_alias=True)) + "\n")
    write_atomic(page, score_page(score))
    return record


def score_page(score: Score) -> str:
    """The page as text."""
    return render(
        "score.html.j2",
        PAGES,
        score=score,
        shown=groups_shown(score),
        figures=(accuracy_figure(score), roc_figure(score)),
        hardest=sorted(score.items, key=lambda item: (item.correct, item.item)),
        name=group_name,
    )
