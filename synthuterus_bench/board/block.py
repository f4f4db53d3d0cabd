"""The one block of JSON that the index page carries: all tables, small enough for a thousand entries.

A cell is 0 where nothing was measured, a place in ``texts`` (from 1) where there is no value, else
``[value, low, high, floor]``, cut at the end; ``floor`` is a place in the column's list of floors. Every text is made
inert here, and the page's script writes it as text only.
"""

from collections.abc import Iterable
from typing import Any

from synthuterus_bench.bench.table import Column
from synthuterus_bench.board.boards import Board, Line, is_control, kind_of, view_of
from synthuterus_bench.board.rank import Listed, Standing
from synthuterus_bench.entry import Result
from synthuterus_bench.look.text import inert
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.stats import significant

_MEANT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


class _Places:
    """Values by their place in a list, each once."""

    def __init__(self) -> None:
        self.found: dict[Any, int] = {}

    def of(self, value: Any) -> int:
        """The place of a value, from 0."""
        return self.found.setdefault(value, len(self.found))


def block(boards: Iterable[Board]) -> str:
    """The block as text that may stand inside a ``script`` element."""
    texts = _Places()
    badges = _Places()
    tables = [_table(board, texts, badges) for board in boards]
    found = {
        "tables": tables,
        "texts": [list(pair) for pair in texts.found],
        "badges": [list(one) for one in badges.found],
    }
    text = canonical_json(found)
    return text.translate(_MEANT)


def _table(board: Board, texts: _Places, badges: _Places) -> dict[str, Any]:
    floors = [_Places() for _ in board.columns]
    members = {listed.id: place for place, listed in enumerate(board.members)}
    scopes = {name: [_line(line, members, floors, texts) for line in lines] for name, lines in board.scopes.items()}
    return {
        "name": board.name,
        "title": inert(board.title),
        "phantom": "phantom" in board.group.reference,
        "protocol": board.group.protocol_digest,
        "reference": board.group.reference_digest,
        "columns": [_column(column, place in board.shown, floors[place]) for place, column in enumerate(board.columns)],
        "entries": [_entry(listed, badges.of(_badge(board, listed))) for listed in board.members],
        "scopes": scopes,
    }


def _column(column: Column, shown: bool, floors: _Places) -> dict[str, Any]:
    return {
        "key": f"{column.metric} {inert(column.detail)}".strip(),
        "title": inert(column.title),
        "arrow": column.arrow,
        "detail": inert(column.detail),
        "better": {"lower": -1, "higher": 1}.get(column.direction, 0),
        "power": column.digits.power,
        "decimals": column.digits.decimals,
        "kind": kind_of(column.metric),
        "shown": shown,
        "floors": [list(floor) for floor in floors.found],
    }


def _badge(board: Board, listed: Listed) -> tuple[str, str, str]:
    badge = board.badge(listed.id)
    return badge.state, badge.text, badge.words


def _entry(listed: Listed, badge: int) -> dict[str, Any]:
    entry = listed.entry
    about = {
        "family": entry.generator.family,
        "told": entry.generator.conditioning,
        "view": view_of(entry),
        "by": entry.submitter,
    }
    return {name: inert(text) for name, text in about.items() if text} | {
        "id": listed.id,
        "name": inert(entry.generator.name),
        "dims": entry.generator.dims,
        "n": sum(entry.dataset.n_per_class.values()),
        "control": is_control(entry),
        "badge": badge,
    }


def _line(line: Line, members: dict[str, int], floors: list[_Places], texts: _Places) -> list[Any]:
    cells = [_cell(result, floors[place], texts) for place, result in enumerate(line.results)]
    return [members[line.standing.listed.id], _standing(line.standing, texts), cells]


def _standing(standing: Standing, texts: _Places) -> Any:
    """``[best tier, worst tier, best place, worst place, places]``, or a place in ``texts``."""
    tier, place = standing.tier, standing.place
    if tier is None or place is None:
        return 1 + texts.of(("unranked", inert(standing.reason)))
    return [tier.best, tier.worst, place.best, place.worst, place.of]


def _cell(result: Result | None, floors: _Places, texts: _Places) -> Any:
    if result is None:
        return 0
    if result.value is None:
        return 1 + texts.of((result.status, inert(result.reason or "no reason given")))
    ends = (significant(result.ci.low), significant(result.ci.high)) if result.ci else (None, None)
    floor = result.floor
    place = None
    if floor is not None:
        bounds = (floor.value,) if floor.low is None or floor.high is None else (floor.low, floor.high)
        place = floors.of(tuple(significant(bound) for bound in bounds))
    cell = [significant(result.value), *ends, place]
    while cell[-1] is None:
        cell.pop()
    return cell
