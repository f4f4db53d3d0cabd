"""What a release holds, config by config: counted in its rows, and read from its audit logs."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.layout import audit_file, selftest_file
from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.summary import summarise
from synthuterus_bench.errors import DataError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.privacy.log import read_counts
from synthuterus_bench.privacy.plants import Strength
from synthuterus_bench.privacy.selftest_record import SelfTest, load_selftest
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Conditioning, Config, Licence, Orientation

_TOLD = {
    Conditioning.UNCOND: "nothing",
    Conditioning.CLASS: "a class",
    Conditioning.TEXT: "a prompt",
    Conditioning.CT: "a class and a prompt",
}
Composition = Counter[tuple[Orientation, float]]
"""Scans by class and field strength, 0 where none is told."""


@dataclass(frozen=True)
class Part:
    """One config of a release.

    Attributes:
        header, footer: of its audit log.
        bounds: how many candidates each bound of the filter rejected.
    """

    config: Config
    manifest: Manifest
    counts: Composition
    header: dict[str, Any]
    footer: dict[str, Any]
    bounds: dict[str, int]
    selftest: SelfTest | None

    @property
    def rows(self) -> int:
        """Images or volumes."""
        return sum(self.manifest.splits.values())

    @property
    def side(self) -> int:
        """Pixels a side."""
        return VIEW_SIZE[self.manifest.view]

    @property
    def kind(self) -> str:
        """What a row is, in the plural."""
        return "volumes" if self.manifest.dims == 3 else "images"

    @property
    def measured(self) -> bool:
        """Whether classes were measured, because none was told."""
        return self.header["classes"] == "measured"

    @property
    def told(self) -> str:
        """What the generator was told."""
        return _TOLD[parse_id(self.header["model"]).conditioning]

    @property
    def phantom(self) -> bool:
        """Whether the generator learned from a phantom."""
        return self.header["training_preset"] is not None

    @property
    def licence(self) -> Licence:
        """The licence that the release was made with."""
        return Licence(self.header["licence"])

    @property
    def classes(self) -> list[Orientation]:
        """Columns of the table: the four classes, and ``ambiguous`` where they were measured."""
        return [*Orientation] if self.measured else [*CLASSES]

    @property
    def fields(self) -> list[float]:
        """Field strengths that occur, 0 where none is told."""
        return sorted({field for _, field in self.counts})

    @property
    def caught(self) -> list[tuple[str, list[str]]]:
        """Self-test by transform (rows) and strength (mild, clear, strong)."""
        cells = {(cell.transform, cell.strength): cell for cell in self.selftest.cells} if self.selftest else {}
        say = lambda cell: f"{cell.caught} of {cell.plants}" if cell else ""
        return [
            (name, [say(cells.get((name, strength))) for strength in Strength])
            for name in dict.fromkeys(name for name, _ in cells)
        ]

    @property
    def table(self) -> list[tuple[str, list[int]]]:
        """Counts by field strength (rows) and class (columns)."""
        return [(field_name(field), [self.counts[name, field] for name in self.classes]) for field in self.fields]


def field_name(field: float) -> str:
    """A field strength in words."""
    return f"{field:g} T" if field else "not told"


def read_parts(release: Path) -> list[Part]:
    """Every config of a release, its default first.

    Raises:
        DataError: there is none, or a log or table is damaged.
    """
    configs = [config for config in Config if (release / config).is_dir()]
    if not configs:
        raise DataError(f"{release}: found no config, expected at least one of {', '.join(Config)}")
    return [_read(release, config) for config in configs]


def _read(release: Path, config: Config) -> Part:
    cohort = load_cohort(release / config)
    header, footer, rejected = read_counts(audit_file(release, config))
    test = selftest_file(release, config)
    return Part(
        config,
        cohort.manifest,
        summarise(cohort).counts,
        header,
        footer,
        dict(sorted(rejected.items())),
        load_selftest(test) if test.exists() else None,
    )
