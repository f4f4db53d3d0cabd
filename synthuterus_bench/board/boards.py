"""The tables of a leaderboard before they are written: one a protocol and reference, one line an entry and scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from synthuterus_bench.bench.comparison.record import Comparison
from synthuterus_bench.bench.table import POOLED, SCOPES, Column, columns, placed
from synthuterus_bench.bench.taught import AUC, BALANCED, F1, F1_GAIN, PROBES
from synthuterus_bench.board.badges import DECLARED, Badge
from synthuterus_bench.board.rank import CONTROL, Group, Listed, Standing, groups, rank
from synthuterus_bench.board.retractions import Retraction, apply_retractions
from synthuterus_bench.board.superseding import objection
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.repro import digest_json

BEHIND = (F1, BALANCED, AUC, *PROBES)
"""Results that only the pages of entries show: the gains and the gap of the same regimes say what they come to."""

SHOWN = ("kid-embedder", "fd-embedder", "fid-2048", "lpips", "irs-adjusted", "anatomy-valid", F1_GAIN)
"""Metrics whose first column is shown before anybody chooses, where it has a value."""

KINDS = {
    "Variety and copies": (
        "lpips-diversity",
        "irs-",
        "precision-",
        "recall-",
        "density-",
        "coverage-",
        "authpct-",
        "ct-",
    ),
    "Distances": ("kid-", "fd-", "fid", "lpips"),
    "Anatomy": ("anatomy-plausible", "anatomy-valid", "anatomy-agreement"),
    "As training data": ("macro-f1", "balanced", "auc", "anatomy-gap", "probe-"),
}
OTHER = "Others"


@dataclass(frozen=True)
class Line:
    """One entry in one scope: its standing, and its results in the order of the columns."""

    standing: Standing
    results: tuple[Result | None, ...]


@dataclass(frozen=True)
class Board:
    """The table of one group: its columns, and its lines for each scope."""

    group: Group
    columns: tuple[Column, ...]
    shown: frozenset[int]
    scopes: dict[str, tuple[Line, ...]]
    badges: Mapping[str, Badge]

    @property
    def name(self) -> str:
        """A file name that no other table has: suite, version, and the digest of all that tells tables apart."""
        one = self.group
        whole = digest_json([one.suite, one.version, one.protocol_digest, one.reference_digest])
        return f"{one.suite}-v{one.version}-{whole}"

    @property
    def title(self) -> str:
        """Suite, version and reference."""
        return f"{self.group.suite} v{self.group.version}, against {self.group.reference}"

    def badge(self, entry: str) -> Badge:
        """How far an entry was verified."""
        return self.badges.get(entry, DECLARED)

    @property
    def order(self) -> tuple[Line, ...]:
        """The lines of the first scope, which is the pooled one where there is any."""
        return next(iter(self.scopes.values()), ())

    @property
    def members(self) -> tuple[Listed, ...]:
        """The entries, in their order."""
        return tuple(line.standing.listed for line in self.order)


def superseded(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Ids of entries that left the tables, and what came after each: a later entry that may supersede it."""
    pairs = ((name, entry, entries.get(entry.supersedes or "")) for name, entry in entries.items())
    return {
        entry.supersedes or "": name for name, entry, old in pairs if old is not None and objection(entry, old) is None
    }


def current(entries: Iterable[Entry], retractions: Sequence[Retraction]) -> list[Listed]:
    """Entries as tables show them: none that a later one supersedes, and what was retracted withheld."""
    known = {entry.id: entry for entry in entries}
    gone = superseded(known)
    return [Listed(name, apply_retractions(entry, retractions)) for name, entry in known.items() if name not in gone]


def boards_of(
    listed: Iterable[Listed], badges: Mapping[str, Badge], comparisons: Sequence[Comparison] = ()
) -> list[Board]:
    """One board for each protocol and reference among the entries."""
    return [_board(*group, badges, comparisons) for group in groups(listed).items()]


def kind_of(metric: str) -> str:
    """Under which heading a metric is chosen."""
    return next((kind for kind, starts in KINDS.items() if metric.startswith(starts)), OTHER)


def is_control(entry: Entry) -> bool:
    """Whether an entry is of images of a known fault; it has a row and no rank."""
    return entry.generator.family == CONTROL


def view_of(entry: Entry) -> str:
    """``roi``, ``full``, or nothing where the entry does not say."""
    return "" if entry.generator.roi is None else "roi" if entry.generator.roi else "full"


def _board(
    group: Group, entries: list[Listed], badges: Mapping[str, Badge], comparisons: Sequence[Comparison]
) -> Board:
    results = [result for listed in entries for result in listed.entry.results]
    found = tuple(column for column in columns(results) if column.metric not in BEHIND)
    present = {result.scope for result in results}
    places = {listed.id: placed(listed.entry.results, found) for listed in entries}
    scopes = {
        scope: tuple(
            Line(standing, tuple(column.get(scope) for column in places[standing.listed.id]))
            for standing in rank(entries, scope, comparisons)
        )
        for scope in SCOPES
        if scope in present
    }
    own = {listed.id: badges[listed.id] for listed in entries if listed.id in badges}
    return Board(group, found, _shown(found, scopes.get(POOLED, ())), scopes, own)


def _shown(found: tuple[Column, ...], lines: tuple[Line, ...]) -> frozenset[int]:
    valued = {
        place for line in lines for place, result in enumerate(line.results) if result and result.value is not None
    }
    first: dict[str, int] = {}
    for place, column in enumerate(found):
        if column.metric in SHOWN and place in valued:
            first.setdefault(column.metric, place)
    return frozenset(first.values()) or frozenset(range(min(6, len(found))))
