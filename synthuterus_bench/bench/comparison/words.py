"""A comparison in words, for the table that people read."""

from collections.abc import Iterable

from synthuterus_bench.bench.comparison.record import Comparison, Row
from synthuterus_bench.bench.table import POOLED, REGIME, SCOPES, TITLES
from synthuterus_bench.look.text import number
from synthuterus_bench.repro import canonical_json

ARROWS = {"lower": "↓", "higher": "↑", "none": ""}
VERDICTS = {"first": "A better", "second": "B better", "different": "different", "not separable": "not separable"}


def cells(found: Comparison) -> tuple[tuple[str, ...], list[tuple[str, list[str]]]]:
    """Scopes, and for each metric that was compared anywhere its name and a text a scope."""
    scopes = tuple(scope for scope in SCOPES if any(row.scope == scope for row in found.rows))
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in found.rows:
        key = row.metric, str(row.params.get(REGIME) or canonical_json(row.params))
        lines.setdefault(key, {})[row.scope] = row
    shown = [line for line in lines.values() if any(row.status == "ok" for row in line.values())]
    return scopes, [(_name(next(iter(line.values()))), [_cell(line.get(scope)) for scope in scopes]) for line in shown]


def _name(row: Row) -> str:
    title = f"{TITLES.get(row.metric, row.metric)} {ARROWS[row.direction]}".rstrip()
    return f"{title}\n{row.params[REGIME]}" if REGIME in row.params else title


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.verdict is None:
        return row.status
    span = f"[{_short(row.ci.low)} to {_short(row.ci.high)}]" if row.ci else "no interval"
    return f"{VERDICTS[row.verdict]}\n{_short(row.difference)}\n{span}\np {_short(row.p_corrected)}"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}".replace("-", "\u2212")


def families(found: Comparison) -> str:
    """What was corrected together."""
    sizes = found.families
    return (
        f"p-values corrected by Holm in two families: {sizes.get(POOLED, 0)} tests of pooled images, "
        f"{sizes.get('classes', 0)} of single classes; better where p is at most {number(found.level, 2)} and the 95 % "
        "interval of the difference excludes 0"
    )


def missing(found: Comparison) -> list[str]:
    """One line for each reason that rows have no verdict."""
    why: dict[str, list[str]] = {}
    for row in found.rows:
        if row.status != "ok":
            why.setdefault(row.reason or "", []).append(row.metric)
    return [f"{', '.join(dict.fromkeys(names))} unavailable: {reason}" for reason, names in why.items()]


def verdicts(found: Comparison) -> str:
    """The pooled rows in one sentence."""
    pooled = [row for row in found.rows if row.scope == POOLED and row.verdict]
    better = {side: _names(row for row in pooled if row.verdict == side) for side in ("first", "second")}
    parts = [f"{'A' if side == 'first' else 'B'} is better by {names}" for side, names in better.items() if names]
    return "pooled: " + ("; ".join(parts) if parts else "not separable by any metric")


def _names(rows: Iterable[Row]) -> str:
    return ", ".join(
        dict.fromkeys(f"{row.metric}" + (f" ({row.params[REGIME]})" if REGIME in row.params else "") for row in rows)
    )
