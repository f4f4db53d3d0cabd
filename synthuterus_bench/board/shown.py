"""Entries as the paper's tables name and order them, and which of its rows stand beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from synthuterus_bench.bench.table import REGIME, REGIMES
from synthuterus_bench.bench.taught import F1_GAIN
from synthuterus_bench.board.rank import CONTROL
from synthuterus_bench.board.reported import Reported, ReportedRow
from synthuterus_bench.entry import Entry, Result

CONDITIONINGS = {"none": "uncond", "class + text": "ct"}


@dataclass(frozen=True)
class Shown:
    """An entry under its id of the catalogue, or its own name, and the letter of its protocol and reference."""

    entry: Entry
    protocol: str

    @property
    def model(self) -> str:
        """``ddpm2d-ct-roi`` and the like, where the entry says what it is; else the generator's name."""
        generator = self.entry.generator
        if not generator.family or not generator.conditioning or generator.roi is None:
            return generator.name
        told = CONDITIONINGS.get(generator.conditioning, generator.conditioning)
        return f"{generator.family}-{told}-{'roi' if generator.roi else 'full'}"

    @property
    def title(self) -> str:
        """The generator's name, with its id where that is another."""
        generator = self.entry.generator
        return (
            generator.name
            if self.model == generator.name or generator.family == CONTROL
            else f"{generator.name} ({self.model})"
        )

    @property
    def like(self) -> tuple[int, str] | None:
        """Dimension and view of the paper's rows that its suite is the like of."""
        known = {f"uterus-{dims}d-{view}": (dims, view) for dims in (2, 3) for view in ("full", "roi")}
        return known.get(self.entry.suite.id)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Result]]:
        found: dict[tuple[str, str], list[Result]] = {}
        for one in self.entry.results:
            found.setdefault((one.metric, one.scope), []).append(one)
        return found

    def find(self, metric: str, scope: str, regime: str | None = None) -> Result | None:
        """The result of a metric, one with a value before one without."""
        found = [one for one in self._by_place.get((metric, scope), ()) if regime in (None, one.params.get(REGIME))]
        return min(found, key=lambda one: one.value is None, default=None)


def shown_of(entries: Iterable[Entry]) -> tuple[list[Shown], tuple[str, ...]]:
    """Entries by view, conditioning and family, and what their letters stand for."""
    letters: dict[tuple[str, str], str] = {}
    notes, found = [], []
    for entry in sorted(entries, key=_order):
        suite = entry.suite
        key = suite.protocol_digest, suite.reference_digest
        if key not in letters:
            letters[key] = chr(ord("a") + len(letters) % 26) * (1 + len(letters) // 26)
            notes.append(f"({letters[key]}) suite {suite.id} v{suite.version}, reference {suite.reference}.")
        found.append(Shown(entry, letters[key]))
    if len(letters) > 1:
        notes.append("Rows of different letters are not comparable.")
    return found, tuple(notes)


def _order(entry: Entry) -> tuple[object, ...]:
    one = entry.generator
    return (
        one.family == CONTROL,
        entry.suite.id,
        bool(one.roi),
        one.conditioning or "",
        one.family or "",
        one.name,
        entry.dataset.manifest_sha256,
    )


def reported_beside(shown: list[Shown], reported: list[Reported]) -> list[ReportedRow]:
    """The papers' rows of the dimension and view that a suite among the entries has."""
    likes = {one.like for one in shown} - {None}
    return [row for paper in reported for row in paper.rows if (row.dims, row.view) in likes]


def regimes_of(shown: list[Shown]) -> tuple[str, ...]:
    """Regimes that any entry has a gain of, in their order."""
    known = {one.params.get(REGIME) for each in shown for one in each.entry.results if one.metric == F1_GAIN}
    return tuple(regime for regime in REGIMES if regime in known)
