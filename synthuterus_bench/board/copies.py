"""Numbers under two names: entries whose common values are all equal."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from synthuterus_bench.bench.table import REGIME, TITLES
from synthuterus_bench.entry import Entry
from synthuterus_bench.metrics.table import METRICS

FEWEST = 3
"""Common values, below which equal ones can be chance."""

Values = dict[tuple[str, str, str], set[float]]


def copies(entries: Mapping[Path, Entry]) -> Iterator[tuple[Path, str]]:
    """Every file that holds the same entry, or the same numbers, as one before it: where, and what."""
    tables: dict[tuple[str, str], list[tuple[Path, Entry, Values]]] = {}
    for path, entry in entries.items():
        before = tables.setdefault((entry.suite.protocol_digest, entry.suite.reference_digest), [])
        values = _values(entry)
        found = next((said for first in before if (said := _same(entry, values, *first))), None)
        if found:
            yield path, found
        before.append((path, entry, values))


def _same(entry: Entry, values: Values, first: Path, other: Entry, theirs: Values) -> str | None:
    if entry == other:
        return f"the same entry as {first}"
    if entry.generator.name == other.generator.name or not _all_equal(values, theirs):
        return None
    return f"every value in common equals {first} of another generator ({other.generator.name})"


def _values(entry: Entry) -> Values:
    """Values by metric, regime and scope, whatever the other parameters say; invented metrics do not count."""
    found: Values = {}
    for result in entry.results:
        if result.value is not None and (result.metric in METRICS or result.metric in TITLES):
            key = result.metric, str(result.params.get(REGIME, "")), result.scope
            found.setdefault(key, set()).add(result.value)
    return found


def _all_equal(mine: Values, theirs: Values) -> bool:
    common = 0
    for key, values in mine.items():
        if key not in theirs:
            continue
        if values.isdisjoint(theirs[key]):
            return False
        common += 1
    return common >= FEWEST
