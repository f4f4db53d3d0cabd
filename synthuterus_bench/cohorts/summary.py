"""What a cohort holds, counted without reading a pixel."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import Orientation


@dataclass(frozen=True)
class Summary:
    """Scans by orientation and field strength (0 where unknown), and how many patients they are of."""

    manifest: Manifest
    counts: Counter[tuple[Orientation, float]]
    patients: int

    def as_json(self) -> dict[str, Any]:
        """Everything, for a program."""
        counts = [
            {"orientation": orientation, "field_strength": field or None, "scans": number}
            for (orientation, field), number in sorted(self.counts.items())
        ]
        return {**self.manifest.model_dump(mode="json"), "patients": self.patients, "counts": counts}

    def as_text(self) -> str:
        """A few lines and a small table, for people."""
        manifest = self.manifest
        splits = ", ".join(f"{split} {number}" for split, number in manifest.splits.items())
        head = [
            f"{manifest.name}: {sum(manifest.splits.values())} scans of {self.patients or 'no'} patients",
            f"view {manifest.view}, {manifest.dims}D, intensity {manifest.intensity}",
            f"splits {splits}",
            f"digest {manifest.digest}",
        ]
        return "\n".join([*head, "", *self._table()])

    def _table(self) -> list[str]:
        fields = sorted({field for _, field in self.counts})
        rows = [["", *(f"{field:g} T" if field else "? T" for field in fields)]]
        for orientation in Orientation:
            numbers = [self.counts[orientation, field] for field in fields]
            if any(numbers):
                rows.append([orientation, *map(str, numbers)])
        return ["".join([f"{row[0]:<10}", *(f"{cell:>8}" for cell in row[1:])]) for row in rows]


def summarise(cohort: Cohort) -> Summary:
    """Count a cohort's scans.

    Raises:
        CohortError: a shard is not readable.
    """
    import pyarrow.parquet as pq

    counts: Counter[tuple[Orientation, float]] = Counter()
    patients: set[str] = set()
    for path in cohort.files():
        try:
            rows = pq.read_table(path, columns=["orientation", "field_strength", "patient_id"]).to_pylist()
        except (OSError, ValueError, KeyError) as error:
            raise CohortError(f"{path}: found no cohort table ({error}), expected Parquet of the schema") from None
        for row in rows:
            counts[[*Orientation][row["orientation"]], round(row["field_strength"] or 0.0, 4)] += 1
        patients |= {row["patient_id"] for row in rows if row["patient_id"]}
    return Summary(cohort.manifest, counts, len(patients))
