"""The boards of some entries as records to print: what the site shows of each line, without a browser."""

from collections.abc import Iterable
from typing import Any

from synthuterus_bench.board.badges import badge_of
from synthuterus_bench.board.boards import Board, Line, boards_of, superseded
from synthuterus_bench.board.rank import Listed
from synthuterus_bench.board.retractions import apply_retractions
from synthuterus_bench.board.site import Material
from synthuterus_bench.board.tiers import Span
from synthuterus_bench.entry import Entry, Result


def boards_to_show(entries: Iterable[Entry], material: Material, suite: str | None = None) -> list[Board]:
    """One board for each protocol and reference; without entries that later ones of their generator supersede.

    Args:
        suite: show the boards of this one alone.
    """
    known = {entry.id: entry for entry in entries}
    gone = superseded(known)
    kept = [entry for name, entry in known.items() if name not in gone and suite in (None, entry.suite.id)]
    checks = material.verifications
    badges = {name: badge_of(checks[name]) for name in known if name in checks}
    listed = [Listed(entry.id, apply_retractions(entry, material.retractions)) for entry in kept]
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
