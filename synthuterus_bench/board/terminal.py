"""The boards of some entries as records to print: what the site shows of each line, without a browser."""

from collections.abc import Iterable
from typing import Any

from synthuterus_bench.board.badges import badge_of
from synthuterus_bench.board.boards import Board, Line, boards_of, current
from synthuterus_bench.board.site import Material
from synthuterus_bench.board.tiers import Span
from synthuterus_bench.entry import Entry, Result


def boards_to_show(entries: Iterable[Entry], material: Material, suite: str | None = None) -> list[Board]:
    """One board for each protocol and reference; without entries that later ones of their generator supersede.

    Args:
        suite: show the boards of this one alone.
    """
    listed = [one for one in current(entries, material.retractions) if suite in (None, one.entry.suite.id)]
    checks = material.verifications
    badges = {one.id: badge_of(checks[one.id]) for one in listed if one.id in checks}
    return boards_of(listed, badges, material.comparisons)


def as_record(board: Board, scope: str) -> dict[str, Any]:
    """A board in one scope as plain JSON values."""
    group = board.group
    return {
        "suite": group.suite,
        "version": group.version,
        "protocol_digest": group.protocol_digest,
        "reference": group.reference,
        "reference_digest": group.reference_digest,
        "scope": scope,
        "rows": [_row(board, line) for line in board.scopes.get(scope, ())],
    }


def _row(board: Board, line: Line) -> dict[str, Any]:
    standing = line.standing
    return {
        "entry": standing.listed.id,
        "generator": standing.listed.entry.generator.name,
        "tier": _span(standing.tier),
        "place": _span(standing.place),
        "reason": standing.reason or None,
        "verification": board.badge(standing.listed.id).text,
        "results": [_result(result) for result in line.results if result is not None],
    }


def _span(span: Span | None) -> dict[str, int] | None:
    return None if span is None else {"best": span.best, "worst": span.worst, "of": span.of}


def _result(result: Result) -> dict[str, Any]:
    kept = {"metric", "params", "direction", "n_real", "n_fake", "status", "value", "ci", "floor", "reason"}
    return result.model_dump(mode="json", include=kept)
