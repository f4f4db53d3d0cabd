"""What became of each file, series or row, and the count of it all."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from synthuterus_bench.errors import DataError, Refusal, ScanError

_COUNTED = (Refusal.PICTURE, Refusal.LOCALIZER, Refusal.DUPLICATE, Refusal.MASK, Refusal.ROW)
"""Kinds whose words take an s."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file or series: a scan, or the reason against it. Names stay on this machine.

    A table tells one verdict for all the rows it gave (``scans``) and one for each row refused.
    """

    name: str
    scan_id: str | None = None
    reason: str | None = None
    kind: Refusal | None = None
    warnings: tuple[str, ...] = ()
    scans: int = 1


def refused(name: str, error: DataError) -> Verdict:
    """The verdict of an error."""
    kind = error.kind if isinstance(error, ScanError) else Refusal.OTHER
    return Verdict(name, reason=error.message, kind=kind)


@dataclass(frozen=True)
class Tally:
    """How many scans were imported, and how many were refused for which kind of reason."""

    imported: int
    kinds: Counter[Refusal]

    @property
    def refused(self) -> int:
        """All refusals."""
        return self.kinds.total()

    def as_text(self) -> str:
        """``refused 5: 3 axial, 1 localizer, 1 not 3D``; the most frequent first."""
        parts = [f"{count} {kind}{'s' if count > 1 and kind in _COUNTED else ''}" for kind, count in self._ordered()]
        return f"refused {self.refused}" + (f": {', '.join(parts)}" if parts else "")

    def as_json(self) -> dict[str, Any]:
        """The same for a program, with how many were imported."""
        return {"imported": self.imported, "refused_by_kind": {str(kind): count for kind, count in self._ordered()}}

    def _ordered(self) -> list[tuple[Refusal, int]]:
        return sorted(self.kinds.items(), key=lambda item: (-item[1], item[0]))


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count verdicts."""
    verdicts = [*verdicts]
    kinds = Counter(verdict.kind or Refusal.OTHER for verdict in verdicts if verdict.reason is not None)
    return Tally(sum(verdict.scans for verdict in verdicts if verdict.reason is None), kinds)
