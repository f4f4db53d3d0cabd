"""The leaderboard as a static site: an index, a page and a copy of the JSON for each entry; no network, no build step.

Entries come from strangers: every field is printed by :mod:`synthuterus_bench.bench.pages`, which makes it inert and
escapes it, and file names are made of digests alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.bench.pages import render
from synthuterus_bench.bench.table import (
    SCOPES,
    TITLES,
    Cell,
    Column,
    by_scope,
    cell,
    columns,
    entry_table,
)
from synthuterus_bench.board.rank import RANK_METRIC, Group, Listed, Standing, groups, rank
from synthuterus_bench.board.reported import Reported, reported_table
from synthuterus_bench.board.retractions import Retraction, apply_retractions
from synthuterus_bench.entry import Entry, save_entry
from synthuterus_bench.repro import staged_folder

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class Line:
    """One entry in one scope."""

    standing: Standing
    cells: tuple[tuple[Column, Cell | None], ...]

    @property
    def text(self) -> str:
        """What a search looks at."""
        entry = self.standing.listed.entry
        generator = entry.generator
        parts = (generator.name, generator.family, generator.conditioning, entry.submitter)
        return " ".join(part for part in parts if part).lower()


BEHIND = ("macro-f1", "balanced-accuracy", "auc", "probe-masked", "probe-border", "probe-field")
"""Results that only the pages of entries show: the gains and the gap of the same regimes say what they come to."""


@dataclass(frozen=True)
class Board:
    """The table of one group: its columns, and its lines for each scope."""

    group: Group
    columns: tuple[Column, ...]
    scopes: dict[str, tuple[Line, ...]]


def build_site(entries: Iterable[Entry], out: Path, retractions: list[Retraction], reported: list[Reported]) -> Path:
    """Write the site into a new folder ``out``; its ``index.html`` is returned.

    Entries that a later entry of the same generator supersedes keep their page but leave the tables.

    Raises:
        DataError: ``out`` exists and is not an empty folder.
    """
    original = {entry.id: entry for entry in entries}
    listed = [Listed(name, apply_retractions(entry, retractions)) for name, entry in original.items()]
    gone = _superseded(original)
    boards = [_board(*group) for group in groups(each for each in listed if each.id not in gone).items()]
    with staged_folder(out) as folder:
        (folder / "entry").mkdir()
        for each in listed:
            save_entry(original[each.id], folder / "entry" / f"{each.id}.json")
            page = render("entry.html.j2", PAGES, entry=each.entry, id=each.id, table=entry_table(each.entry))
            (folder / "entry" / f"{each.id}.html").write_text(page, encoding="utf-8")
        (folder / "index.html").write_text(_index(boards, reported), encoding="utf-8")
    return out / "index.html"


def _superseded(entries: dict[str, Entry]) -> set[str]:
    gone = ((entry, entries.get(entry.supersedes or "")) for entry in entries.values())
    return {old.id for new, old in gone if old and old.generator.name == new.generator.name}


def _board(group: Group, entries: list[Listed]) -> Board:
    results = [result for listed in entries for result in listed.entry.results]
    found = tuple(column for column in columns(results) if column.metric not in BEHIND)
    present = {result.scope for result in results}
    scopes = [scope for scope in SCOPES if scope in present]
    lines = {scope: tuple(_line(standing, scope, found) for standing in rank(entries, scope)) for scope in scopes}
    return Board(group, found, lines)


def _line(standing: Standing, scope: str, found: tuple[Column, ...]) -> Line:
    results = standing.listed.entry.results
    cells = ((column, cell(by_scope(results, column).get(scope), column.digits)) for column in found)
    return Line(standing, tuple(cells))


def _index(boards: list[Board], reported: list[Reported]) -> str:
    scopes = [scope for scope in SCOPES if any(scope in board.scopes for board in boards)]
    entries = [line.standing.listed for board in boards for line in next(iter(board.scopes.values()))]
    conditionings = {listed.entry.generator.conditioning for listed in entries}
    return render(
        "index.html.j2",
        PAGES,
        boards=boards,
        scopes=scopes,
        conditionings=sorted(word for word in conditionings if word),
        reported=[reported_table(paper) for paper in reported],
        rank_title=TITLES[RANK_METRIC],
    )
