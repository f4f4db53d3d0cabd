"""Standings: tiers and rank intervals of entries by the rank metric.

Entries rank together only under equal protocol and reference digests, and by results of equal parameters. What is
surely better than what comes from :mod:`synthuterus_bench.board.pairs`, tiers and places from
:mod:`synthuterus_bench.board.tiers`.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from synthuterus_bench.bench.comparison.record import Comparison
from synthuterus_bench.bench.table import POOLED, TITLES, key_of, plane_order
from synthuterus_bench.board.pairs import Measured, p_values, paired_of
from synthuterus_bench.board.tiers import Span, places, surely_better, tiers
from synthuterus_bench.entry import Entry, Interval, Result
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.repro import canonical_json, digest_file
from synthuterus_bench.weights import shipped

RANK_METRIC = "kid-embedder"
"""Unbiased at any number of images, and with an interval that covers; the Fréchet distance only orders ties."""
TIE_METRIC = "fd-embedder"
CONTROL = "control"
EMBEDDER = "embedder/embedder.safetensors"
BESIDE = frozenset({"dims", "extractor", "plane", "slices"})
"""What else this version tells of a result to rank by: the features, and of volumes which slices."""


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

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Result]]:
        found: dict[tuple[str, str], list[Result]] = {}
        for result in self.entry.results:
            found.setdefault((result.metric, result.scope), []).append(result)
        return found

    def results(self, metric: str, scope: str) -> list[Result]:
        """Every result of a metric in a scope, by whatever parameters."""
        return self._by_place.get((metric, scope), [])


@dataclass(frozen=True)
class Standing:
    """An entry with its tier and its place, or with the reason why it has none."""

    listed: Listed
    tier: Span | None = None
    place: Span | None = None
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


def rank(entries: Iterable[Listed], scope: str = POOLED, comparisons: Sequence[Comparison] = ()) -> list[Standing]:
    """Standings of comparable entries in one scope, by tier and place, ties by ``fd-embedder``; then the unranked.

    Args:
        comparisons: paired tests of the same images, used where they are of this protocol, reference and metric.
    """
    every = list(entries)
    params = _usual_params(every, scope)
    found = [(listed, _measured(listed, scope, params)) for listed in every]
    ranked = [(listed, one) for listed, one in found if isinstance(one, Measured)]
    standings = [Standing(listed, reason=why) for listed, why in found if isinstance(why, str)]
    standings += _ranked(ranked, scope, params or "", comparisons)
    return sorted(standings, key=lambda standing: _order(standing, scope))


def _ranked(
    ranked: list[tuple[Listed, Measured]], scope: str, params: str, comparisons: Sequence[Comparison]
) -> list[Standing]:
    if not ranked:
        return []
    suite, measured = ranked[0][0].entry.suite, [one for _, one in ranked]
    digests = suite.protocol_digest, suite.reference_digest
    values = np.array([one.value for one in measured])
    tests = p_values(measured, paired_of(comparisons, digests, RANK_METRIC, params, scope))
    better = surely_better(tests, values)
    spans = zip(tiers(better, values, [one.width for one in measured]), places(better), strict=True)
    return [Standing(listed, tier, place) for (listed, _), (tier, place) in zip(ranked, spans, strict=True)]


def _usual_params(entries: list[Listed], scope: str) -> str | None:
    """Those of the controls, which the board made itself; without any, those of most entries.

    Of volumes those that look at all planes together, wherever there are such.
    A tie goes to what this version measures by, so that nobody wins it by the choice of a name.
    """
    controls = [listed for listed in entries if listed.entry.generator.family == CONTROL]
    found = _counted(controls, scope) or _counted(entries, scope)

    def preference(params: str) -> tuple[int, int, bool, str]:
        return plane_order(json.loads(params)), -found[params], not _is_ours(params), params

    return min(found, key=preference, default=None)


def _counted(entries: list[Listed], scope: str) -> Counter[str]:
    results = (result for listed in entries for result in listed.results(RANK_METRIC, scope))
    return Counter(key_of(result)[1] for result in results if result.value is not None)


def _is_ours(params: str) -> bool:
    known = METRICS[RANK_METRIC].params | {"weights_sha256": _own_digest()}
    told = json.loads(params)
    return canonical_json({**told, **known}) == params and told.keys() <= known.keys() | BESIDE


@cache
def _own_digest() -> str:
    """Of the embedder that ships, which the rank metric looks with; empty in a build without it."""
    try:
        return digest_file(shipped(EMBEDDER))
    except WeightsError:
        return ""


def _measured(listed: Listed, scope: str, params: str | None) -> Measured | str:
    """The value and interval to rank by, or why there is none."""
    entry = listed.entry
    if entry.generator.family == CONTROL:
        return "control"
    title = TITLES[RANK_METRIC]
    found = listed.results(RANK_METRIC, scope)
    if not found:
        return f"{title} not measured"
    result = next((result for result in found if key_of(result)[1] == params), found[0])
    if result.value is None:
        return f"{title} {result.status}: {result.reason}"
    if key_of(result)[1] != params:
        return f"{title} by other parameters"
    return _with_interval(result.value, result.ci, entry) or f"{title} has no interval"


def _with_interval(value: float, interval: Interval | None, entry: Entry) -> Measured | None:
    return None if interval is None else Measured(value, interval, entry.dataset.manifest_sha256)


def _order(standing: Standing, scope: str) -> tuple[Any, ...]:
    """By worst tier and worst place, so that a wide interval does not lift an entry; then by the values."""
    listed = standing.listed
    tier, worst = (span.worst if span else math.inf for span in (standing.tier, standing.place))
    values = (_value(listed, metric, scope) for metric in (TIE_METRIC, RANK_METRIC))
    return tier, worst, *values, listed.entry.generator.name, listed.id


def _value(listed: Listed, metric: str, scope: str) -> float:
    found = ((plane_order(one.params), one.value) for one in listed.results(metric, scope) if one.value is not None)
    return min(found, default=(0, math.inf))[1]
