"""Rank intervals: how good and how bad an entry's place can be, given the intervals of the rank metric.

Entries rank together only under equal protocol and reference digests, and by results of equal parameters. One entry
is surely better than another when their intervals do not overlap; an entry's best place is one more than the number
surely better, its worst the number not surely worse. Places that overlap are ties.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from synthuterus_bench.bench.table import POOLED, TITLES, key_of
from synthuterus_bench.entry import Entry, Interval, Result

RANK_METRIC = "kid-embedder"
"""Unbiased at any number of images, and with an interval that covers; the Fréchet distance only orders ties."""
TIE_METRIC = "fd-embedder"
CONTROL = "control"


@dataclass(frozen=True)
class Group:
    """Entries that may be compared: one protocol, one reference."""

    suite: str
    version: int
    protocol_digest: str
    reference: str
    reference_digest: str


@dataclass(frozen=True)
class Listed:
    """An entry under the id of its file; retracted results in it are withheld."""

    id: str
    entry: Entry


@dataclass(frozen=True)
class Place:
    """Best and worst rank among ``of`` ranked entries; 1 is best."""

    best: int
    worst: int
    of: int


@dataclass(frozen=True)
class Standing:
    """An entry with its place, or with the reason why it has none."""

    listed: Listed
    place: Place | None
    reason: str = ""


def groups(entries: Iterable[Listed]) -> dict[Group, list[Listed]]:
    """Entries by what they may be compared under. Names that differ under equal digests go by the digests."""
    found: dict[tuple[str, int, str, str], list[Listed]] = {}
    for listed in entries:
        suite = listed.entry.suite
        key = suite.id, suite.version, suite.protocol_digest, suite.reference_digest
        found.setdefault(key, []).append(listed)
    named = {Group(*key[:3], _usual_name(members), key[3]): members for key, members in found.items()}
    return dict(sorted(named.items(), key=lambda item: (item[0].suite, item[0].version, item[0].reference)))


def _usual_name(entries: list[Listed]) -> str:
    return Counter(listed.entry.suite.reference for listed in entries).most_common(1)[0][0]


def rank(entries: Iterable[Listed], scope: str = POOLED) -> list[Standing]:
    """Standings of comparable entries in one scope: ranked ones first, ties by ``fd-embedder``, then the others."""
    every = list(entries)
    params = _usual_params(every, scope)
    found = [(listed, _interval(listed.entry, scope, params)) for listed in every]
    intervals = [interval for _, interval in found if isinstance(interval, Interval)]
    standings = [_standing(listed, interval, intervals) for listed, interval in found]
    return sorted(standings, key=lambda standing: _order(standing, scope))


def _standing(listed: Listed, interval: Interval | str, every: list[Interval]) -> Standing:
    if isinstance(interval, str):
        return Standing(listed, None, interval)
    return Standing(listed, _place(interval, every))


def _usual_params(entries: list[Listed], scope: str) -> str | None:
    results = (result for listed in entries for result in _all_of(listed.entry, RANK_METRIC, scope))
    found = Counter(key_of(result)[1] for result in results if result.value is not None)
    return max(found, key=lambda params: (found[params], params)) if found else None


def _all_of(entry: Entry, metric: str, scope: str) -> list[Result]:
    return [result for result in entry.results if (result.metric, result.scope) == (metric, scope)]


def _interval(entry: Entry, scope: str, params: str | None) -> Interval | str:
    """The interval to rank by, or why there is none."""
    if entry.generator.family == CONTROL:
        return "control"
    title = TITLES[RANK_METRIC]
    found = _all_of(entry, RANK_METRIC, scope)
    if not found:
        return f"{title} not measured"
    result = next((result for result in found if key_of(result)[1] == params), found[0])
    if result.status != "ok":
        return f"{title} {result.status}: {result.reason}"
    if key_of(result)[1] != params:
        return f"{title} by other parameters"
    return result.ci or f"{title} has no interval"


def _place(mine: Interval, every: list[Interval]) -> Place:
    better = sum(other.high < mine.low for other in every)
    worse = sum(other.low > mine.high for other in every)
    return Place(1 + better, len(every) - worse, len(every))


def _order(standing: Standing, scope: str) -> tuple[Any, ...]:
    """By worst place, so that a wide interval does not lift an entry; then by the values."""
    listed = standing.listed
    worst = standing.place.worst if standing.place else math.inf
    values = (_value(listed.entry, metric, scope) for metric in (TIE_METRIC, RANK_METRIC))
    return worst, *values, listed.entry.generator.name, listed.id


def _value(entry: Entry, metric: str, scope: str) -> float:
    values = (result.value for result in _all_of(entry, metric, scope))
    return min((value for value in values if value is not None), default=math.inf)
