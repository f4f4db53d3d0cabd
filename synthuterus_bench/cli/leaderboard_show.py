"""``synthbench leaderboard show``: the board in a terminal."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.bench.taught import F1_GAIN
from synthuterus_bench.cli.leaderboard import ENTRIES, OF_BOARD, leaderboard, stop_at_problems
from synthuterus_bench.cli.leaderboard_beside import material_of
from synthuterus_bench.cli.options import SuiteName
from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from synthuterus_bench.bench.table import Column
    from synthuterus_bench.board.boards import Board, Line


USUAL = ("kid-embedder", "fd-embedder", "irs-adjusted", "anatomy-valid", F1_GAIN)
"""Metrics that fit into a terminal side by side with their intervals."""

WIDTH = 140


class ScopeName(StrEnum):
    """Which images are looked at."""

    POOLED = "pooled"
    AV_AF = "av-af"
    AV_RF = "av-rf"
    RV_AF = "rv-af"
    RV_RF = "rv-rf"


@leaderboard.command()
def show(
    entries: Annotated[
        list[Path] | None,
        typer.Argument(help="Entry files, or folders of them. [default: leaderboard/entries]", show_default=False),
    ] = None,
    suite: Annotated[SuiteName | None, typer.Option(help="One suite alone.", show_default="all of them")] = None,
    scope: Annotated[ScopeName, typer.Option(help="All orientations, or one.")] = ScopeName.POOLED,
    every: Annotated[bool, typer.Option("--all", help="Every metric, a line each, not the usual few.")] = False,
    verifications: Annotated[Path | None, typer.Option(help="Folder of verifications.", show_default=OF_BOARD)] = None,
    retractions: Annotated[
        Path | None,
        typer.Option(help="YAML file of retractions.", show_default=f"{OF_BOARD}, else the package's own"),
    ] = None,
    comparisons: Annotated[
        Path | None,
        typer.Option(
            help="Folder of records of `synthbench compare`: paired tests for the tiers.", show_default=OF_BOARD
        ),
    ] = None,
) -> None:
    """Print the board: tier, place, values with their intervals, and how far each entry was verified.

    Entries of other protocols or references stand in tables of their own. Nothing is shown while a check fails.

    \b
    Examples:
      synthbench leaderboard show
      synthbench leaderboard show leaderboard/entries --suite demo --scope rv-rf
      synthbench leaderboard show my_entry.json other.json --all
    """
    from synthuterus_bench.board.check import check_entries
    from synthuterus_bench.board.terminal import as_record, boards_to_show
    from synthuterus_bench.workers import available_cores

    given = entries or [ENTRIES]
    if not entries and not ENTRIES.is_dir():
        raise UsageError(f"found no {ENTRIES} here, expected entries to show", "name some: leaderboard show ENTRIES")
    checked = check_entries(given, available_cores(), out.track)
    stop_at_problems(checked)
    material = material_of(given, checked.entries.values(), retractions, verifications, comparisons)
    boards = boards_to_show(checked.entries.values(), material, suite.value if suite else None)
    shown = [board for board in boards if scope.value in board.scopes]
    text = "\n\n".join(_table(board, scope.value, every) for board in shown) or "no entries to show"
    out.result({"boards": [as_record(board, scope.value) for board in shown]}, text)


def _table(board: "Board", scope: str, every: bool) -> str:
    from rich.text import Text

    places = [*range(len(board.columns))] if every else _usual(board)
    table = _long(board, scope) if every else _wide(board, scope, places)
    table.title = Text(f"{board.title}: {scope}" + ("" if every else ", value [interval]"))
    table.title_justify = "left"
    return "\n".join([as_text(table, WIDTH), *_reasons(board, scope, places)])


def _usual(board: "Board") -> list[int]:
    found = [place for place, column in enumerate(board.columns) if column.metric in USUAL and place in board.shown]
    return found or sorted(board.shown)


def _wide(board: "Board", scope: str, places: list[int]) -> "Table":
    """A line an entry, a column for each of some metrics."""
    from rich.text import Text

    heads = [_head(board.columns[place], "\n") for place in places]
    table = _empty("tier", "place", "generator", *heads, "verified", leading=1)
    for line in board.scopes[scope]:
        values = []
        for place in places:
            value, interval, _ = _cell(board, line, place)
            values.append(Text(f"{value}\n[{interval}]" if interval else value))
        table.add_row(*_ranks(line), _name(line), *values, board.badge(line.standing.listed.id).text)
    return table


def _long(board: "Board", scope: str) -> "Table":
    """A line a metric, entry by entry: every metric fits into a terminal, with its floor."""
    from rich.text import Text

    table = _empty("tier", "place", "generator", "metric", "value", "interval", "floor", "verified")
    for line in board.scopes[scope]:
        begins: list[str | Text] = [*_ranks(line), _name(line)]
        ends = board.badge(line.standing.listed.id).text
        for place, column in enumerate(board.columns):
            if line.results[place] is not None:
                table.add_row(*begins, Text(_head(column, " ")), *map(Text, _cell(board, line, place)), ends)
                begins, ends = ["", "", ""], ""
        table.add_section()
    return table


def _empty(*heads: str, leading: int = 0) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, leading=leading, collapse_padding=True, pad_edge=False)
    for head in heads:
        table.add_column(Text(head), no_wrap=head != "generator", min_width=16 if head == "generator" else None)
    return table


def _head(column: "Column", between: str) -> str:
    return between.join(filter(None, (f"{column.title} {column.arrow}".strip(), column.detail)))


def _ranks(line: "Line") -> list[str]:
    return [span.text if span else "-" for span in (line.standing.tier, line.standing.place)]


def _name(line: "Line") -> "Text":
    """A stranger's words: no markup in them means anything."""
    from rich.text import Text

    from synthuterus_bench.look.text import one_line

    return Text(one_line(line.standing.listed.entry.generator.name))


def _cell(board: "Board", line: "Line", place: int) -> tuple[str, str, str]:
    """Value, or why there is none; interval; floor."""
    from synthuterus_bench.bench.table import cell

    made = cell(line.results[place], board.columns[place].digits)
    return ("", "", "") if made is None else (made.value or made.status, made.interval, made.floor)


def _reasons(board: "Board", scope: str, places: list[int]) -> list[str]:
    """One line for each reason that a value or a place is missing."""
    from synthuterus_bench.look.text import one_line

    why: dict[str, list[str]] = {}
    for line in board.scopes[scope]:
        for place in places:
            result = line.results[place]
            if result is not None and result.value is None:
                why.setdefault(f"{result.status}: {result.reason}", []).append(board.columns[place].name)
        if line.standing.reason not in ("", "control"):
            why.setdefault(f"no place: {line.standing.reason}", []).append(line.standing.listed.entry.generator.name)
    return [one_line(f"{', '.join(dict.fromkeys(names))} {reason}") for reason, names in why.items()]
